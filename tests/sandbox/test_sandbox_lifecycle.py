"""Commit, cancel, revert and idempotency, with the real servers' faults on and off (contract 6, 7, 13.1)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from banking import Bank, leg, many, transfer

from demogen.sandbox import SandboxApp

Open = Callable[..., Bank]


def hold(bank: Bank, sources: list[dict[str, Any]], targets: list[dict[str, Any]], value: str) -> Any:
    return bank.post("transactions/json", many(value, sources, targets, pending=True))


def remaining(alias: str) -> dict[str, Any]:
    return leg(alias, None, remaining="remaining")


@pytest.mark.parametrize(
    ("options", "after_commit"),
    [
        pytest.param({}, ("60", "0"), id="v3.8 forgets the target's remaining leg"),
        pytest.param({"quirks": "none"}, ("60", "40"), id="the sane ledger credits it"),
        pytest.param({"dialect": "v4"}, ("60", "40"), id="v4 credits it"),
    ],
)
def test_a_remaining_target_of_a_hold(options: Any, after_commit: tuple[str, str], open_bank: Open) -> None:
    bank = open_bank(**options)
    held = hold(bank, [leg("@a", "100")], [leg("@b", "60"), remaining("@c")], "100")
    bank.post(f"transactions/{held['id']}/commit")
    assert (bank.balance("@b")["available"], bank.balance("@c")["available"]) == after_commit
    assert bank.holdings("@a") == ("900", "0")
    reverted = bank.ask("POST", f"transactions/{held['id']}/revert")
    assert reverted[0] == (201 if after_commit[1] == "40" else 400)
    if reverted[0] == 400:
        assert reverted[1]["code"] == "0073"


def test_a_remaining_source_of_a_hold_stays_held_on_v38(bank: Bank) -> None:
    bank.fund("@b", "10")
    held = hold(bank, [leg("@a", "3"), remaining("@b")], [leg("@c", "7")], "7")
    assert bank.holdings("@b") == ("6", "4")
    bank.post(f"transactions/{held['id']}/commit")
    assert bank.holdings("@b") == ("6", "4")
    single = hold(bank, [remaining("@b")], [leg("@c", "2")], "2")
    bank.post(f"transactions/{single['id']}/cancel")
    assert bank.holdings("@b") == ("6", "4")


def test_a_remaining_source_of_a_hold_turns_negative_on_v4(open_bank: Open) -> None:
    bank = open_bank(dialect="v4")
    bank.fund("@b", "10")
    held = hold(bank, [leg("@a", "3"), remaining("@b")], [leg("@c", "7")], "7")
    assert bank.holdings("@b") == ("10", "0")
    bank.post(f"transactions/{held['id']}/cancel")
    assert bank.holdings("@b") == ("14", "-4")


def test_a_remaining_leg_vanishes_on_v4(open_bank: Open) -> None:
    bank = open_bank(dialect="v4")
    booked = bank.post("transactions/json", many("10", [leg("@a", "10")], [leg("@b", "4"), remaining("@c")]))
    assert booked["destination"] == ["@b", "@c"]
    assert bank.get(f"transactions/{booked['id']}")["destination"] == ["@b"]
    assert bank.holdings("@a") == ("990", "0")
    assert bank.code("POST", f"transactions/{booked['id']}/revert") == (422, "0073")


def test_held_steps_are_refused_once_done(bank: Bank) -> None:
    held = bank.post("transactions/json", transfer("@a", "@b", "5", pending=True))
    assert bank.get(f"transactions/{held['id']}")["source"] == []
    bank.post(f"transactions/{held['id']}/commit")
    for step in ("commit", "cancel"):
        assert bank.code("POST", f"transactions/{held['id']}/{step}") == (422, "0099")


def test_v4_locks_a_transaction_for_five_minutes(open_bank: Open) -> None:
    bank = open_bank(dialect="v4")
    held = bank.post("transactions/json", transfer("@a", "@b", "5", pending=True))
    bank.post(f"transactions/{held['id']}/cancel")
    assert bank.code("POST", f"transactions/{held['id']}/commit") == (409, "0486")
    bank.clock.sleep(301)
    assert bank.code("POST", f"transactions/{held['id']}/commit") == (409, "0099")


def test_holds_do_not_ask_the_flags_again(bank: Bank) -> None:
    held = bank.post("transactions/json", transfer("@a", "@b", "5", pending=True))
    bank.ask("PATCH", f"balances/{bank.balance('@b')['id']}", {"allowReceiving": False})
    bank.post(f"transactions/{held['id']}/commit")
    assert bank.balance("@b")["available"] == "5"


def test_a_block_can_be_reversed_and_an_annotation_cannot(bank: Bank) -> None:
    blocked = bank.post("transactions/block", transfer("@a", "@b", "5"))
    bank.post(f"transactions/{blocked['id']}/revert")
    assert bank.holdings("@a") == ("1000", "0")
    noted = bank.post("transactions/annotation", transfer("@a", "@b", "7", pending=True))
    assert noted["status"]["code"] == "NOTED"
    assert bank.code("POST", f"transactions/{noted['id']}/revert") == (422, "0099")


def test_equal_originals_revert_once_without_keys(bank: Bank) -> None:
    first = bank.post("transactions/json", transfer("@a", "@b", "5"), headers={"x-idempotency": "one"})
    second = bank.post("transactions/json", transfer("@a", "@b", "5"), headers={"x-idempotency": "two"})
    one = bank.post(f"transactions/{first['id']}/revert")
    assert bank.post(f"transactions/{second['id']}/revert")["id"] == one["id"]
    assert bank.balance("@b")["available"] == "5"
    own = bank.post(f"transactions/{second['id']}/revert", headers={"x-idempotency": "three"})
    assert own["parentTransactionId"] == second["id"]
    assert bank.balance("@b")["available"] == "0"


def test_the_sane_ledger_reverts_each(open_bank: Open) -> None:
    bank = open_bank(quirks="none", dialect="v4")
    ids = [bank.post("transactions/json", transfer("@a", "@b", "5"))["id"] for _ in range(2)]
    assert len(set(ids)) == 2
    for one in ids:
        assert bank.post(f"transactions/{one}/revert")["parentTransactionId"] == one


def test_a_key_counts_for_its_time_to_live(bank: Bank) -> None:
    def send(value: str, **headers: str) -> tuple[str, str]:
        reply = bank.call("POST", "transactions/json", transfer("@a", "@b", value), headers=headers)
        return reply.headers["x-idempotency-replayed"], reply.headers["content-type"]

    assert send("1")[0] == "false"
    assert send("1.00")[0] == "true"
    bank.clock.sleep(299)
    assert send("1")[0] == "true"
    bank.clock.sleep(2)
    assert send("1")[0] == "false"
    assert send("2", **{"x-idempotency": "k", "x-ttl": "1000"})[0] == "false"
    bank.clock.sleep(900)
    assert send("3", **{"x-idempotency": "k"})[0] == "true"
    bank.clock.sleep(200)
    assert send("3", **{"x-idempotency": "k"})[0] == "false"


def test_one_scope_for_all_creates_and_the_first_answer_for_all_replays(bank: Bank) -> None:
    body = transfer("@a", "@b", "5", pending=True)
    held = bank.post("transactions/json", body)
    bank.post(f"transactions/{held['id']}/commit")
    bank.ask("PATCH", f"transactions/{held['id']}", {"description": "later", "metadata": {"a": "b"}})
    assert bank.post("transactions/block", body) == held
    assert bank.get(f"transactions/{held['id']}")["description"] == "later"


def reopened(bank: Bank, path: Path) -> None:
    """Go on with another app over the same file."""
    bank.app = SandboxApp(db=str(path), clock=bank.clock)


def test_marks_and_holds_survive_a_restart(open_bank: Open, tmp_path: Path) -> None:
    bank = open_bank(db=str(tmp_path / "l.db"))
    first = bank.post("transactions/json", transfer("@a", "@b", "5"), headers={"x-idempotency": "k"})
    held = bank.post("transactions/json", transfer("@a", "@b", "7", pending=True))
    bank.app.close()
    reopened(bank, tmp_path / "l.db")
    assert bank.post("transactions/json", transfer("@a", "@b", "6"), headers={"x-idempotency": "k"}) == first
    bank.post(f"transactions/{held['id']}/commit")
    assert (bank.holdings("@a"), bank.holdings("@b")) == (("988", "0"), ("12", "0"))
    bank.app.close()


def test_balances_are_read_again_from_operations_after_a_crash(open_bank: Open, tmp_path: Path) -> None:
    bank = open_bank(db=str(tmp_path / "l.db"))
    limit = {"settings": {"allowOverdraft": True, "overdraftLimitEnabled": True, "overdraftLimit": "50"}}
    bank.ask("PATCH", f"balances/{bank.balance('@b')['id']}", limit)
    bank.post("transactions/json", transfer("@b", "@c", "20"))
    bank.post("transactions/json", transfer("@a", "@b", "7", pending=True))
    before = bank.get("balances")["items"]
    for name in ("l.db", "l.db-wal"):
        shutil.copy(tmp_path / name, tmp_path / f"crashed-{name}")
    reopened(bank, tmp_path / "crashed-l.db")
    after = bank.get("balances")["items"]
    shown = ("alias", "key", "available", "onHold", "version", "overdraftUsed")
    assert [[one[name] for name in shown] for one in after] == [[one[name] for name in shown] for one in before]
    bank.app.close()


def test_a_second_request_of_a_group_meets_the_first_at_work(bank: Bank) -> None:
    body = json.dumps(transfer("@a", "@b", "5")).encode()
    target = f"{bank.base}/transactions/json"
    replies = [bank.app.run("POST", target, {"x-idempotency": "k"}, body) for _ in range(4)]
    bank.app.commit()
    for reply in replies:
        bank.app.finish(reply)
    assert [reply.status for reply in replies] == [201, 409, 409, 409]
    assert json.loads(replies[1].body)["code"] == "0084"
    assert bank.app.run("POST", target, {"x-idempotency": "k"}, body).headers["x-idempotency-replayed"] == "true"


def test_a_broken_handler_undoes_its_group_and_nothing_else(
    bank: Bank, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bank.post("transactions/json", transfer("@a", "@b", "1"))
    target = f"{bank.base}/transactions/json"
    body = json.dumps(transfer("@a", "@b", "5")).encode()
    assert bank.app.run("POST", target, {"x-idempotency": "k"}, body).status == 201
    monkeypatch.setattr(bank.app.world.journal, "book", lambda *_: 1 / 0)
    try:
        bank.app.run("POST", target, {"x-idempotency": "l"}, body)
    except ZeroDivisionError:
        assert bank.app.abandon().status == 500
    monkeypatch.undo()
    assert bank.holdings("@b") == ("1", "0")
    assert bank.post("transactions/json", transfer("@a", "@b", "5"), headers={"x-idempotency": "k"})["id"]
    assert bank.holdings("@b") == ("6", "0")
    assert len(bank.get("transactions")["items"]) == 3
    assert "ZeroDivisionError" in capsys.readouterr().err
