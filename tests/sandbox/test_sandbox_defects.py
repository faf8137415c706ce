"""Planted defects strike often enough, leave the server standing, and spoil what they say they spoil."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from banking import Bank, leg, many, transfer

from demogen.sandbox import DEFECTS
from demogen.sandbox.sabotage import SABOTAGE

INVARIANTS = {
    "conserved", "accounts-replay", "exactly-once", "legs-as-intended", "legs-balance", "chain-unbroken",
    "not-negative", "holds-released", "reverts-linked", "refunds-bounded", "no-phantoms", "references-resolve",
    "refusals-justified", "replays-faithful",
}  # fmt: skip
AT_SEAMS = {"stale-balance-read", "idempotency-forgotten"}


def traffic(bank: Bank, rounds: int) -> list[int]:
    """Payments, splits, reversals, holds, commits, cancels and duplicates; the statuses of all."""
    statuses = []

    def send(path: str, body: Any, key: str) -> Any:
        status, found = bank.ask("POST", path, body, headers={"x-idempotency": key})
        statuses.append(status)
        return found

    bank.fund("@b", "1000")
    bank.fund("@c", "1000")
    for number in range(rounds):
        paid = send("transactions/json", transfer("@a", "@b", "1.25", description=f"{number}"), f"p{number}")
        send("transactions/json", transfer("@a", "@b", "1.25", description=f"{number}"), f"p{number}")
        targets = [leg("@b", "2"), leg("@c", None, remaining="remaining")]
        send("transactions/json", many("5.5", [leg("@a", "5.5")], targets, description=f"s{number}"), f"s{number}")
        if "id" in paid:
            send(f"transactions/{paid['id']}/revert", None, f"r{number}")
        for step in ("commit", "cancel"):
            body = transfer("@b", "@a", "0.5", pending=True, description=f"{step}{number}")
            held = send("transactions/json", body, f"{step}{number}")
            if "id" in held:
                send(f"transactions/{held['id']}/{step}", None, "")
        bank.get("balances")
        send("transactions/json", transfer("@c", "@a", "1.75", description=f"b{number}"), f"b{number}")
    return statuses


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_a_planted_defect_strikes_and_the_server_stands(defect: Any, open_bank: Callable[..., Bank]) -> None:
    bank = open_bank(defects=[defect.name])
    statuses = traffic(bank, 30)
    assert bank.app.world.defects.struck[defect.name] >= 1
    assert set(statuses) <= ({201, 400, 422, 500} if defect.name == "500-after-commit" else {201, 400, 422})
    assert statuses.count(201) > len(statuses) * 0.8


def test_every_defect_is_documented_and_breaks_a_known_invariant() -> None:
    assert len(DEFECTS) >= 20
    assert {defect.breaks for defect in DEFECTS} == INVARIANTS
    assert SABOTAGE.keys() | AT_SEAMS == {defect.name for defect in DEFECTS}
    assert all(defect.every <= 50 for defect in DEFECTS)


def test_a_healthy_ledger_conserves_money_under_the_same_traffic(bank: Bank) -> None:
    assert set(traffic(bank, 30)) == {201}
    items = bank.get("balances?limit=100")["items"]
    credit = sum(Decimal(one["available"]) + Decimal(one["onHold"]) for one in items if one["direction"] == "credit")
    debit = sum(Decimal(one["available"]) for one in items if one["direction"] == "debit")
    assert credit == debit == 3000
    assert all(one["onHold"] == "0" for one in items)


@pytest.mark.parametrize("name", ["lost-update", "double-apply", "overdrawn-account"])
def test_money_appears_or_vanishes(name: str, open_bank: Callable[..., Bank]) -> None:
    bank = open_bank(defects=[name])
    traffic(bank, 30)
    items = bank.get("balances?limit=100")["items"]
    credit = sum(Decimal(one["available"]) + Decimal(one["onHold"]) for one in items if one["direction"] == "credit")
    debit = sum(Decimal(one["available"]) for one in items if one["direction"] == "debit")
    assert credit != debit
