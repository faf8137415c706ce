"""What a run moved: counted from the journal exactly, only what was accepted, none of it twice."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from demogen.contract.outcome import Outcome, Receipt
from demogen.contract.transactions import AccountRef, Intent, LedgerRef, Leg
from demogen.record.attempt import Attempt
from demogen.record.journal import Flag, JournalWriter
from demogen.report.volumes import AccountUse, AssetUse, OrganizationUse, volumes

ORGANIZATIONS = ("01a203f6-0000-7000-8000-000000000001", "01a203f6-0000-7000-8000-000000000002")
LEDGERS = [LedgerRef(i, ORGANIZATIONS[min(i, 1)], f"01a203f6-0000-7000-9000-00000000000{i}") for i in range(3)]


class Roster(NamedTuple):
    accounts: list[AccountRef]
    ledgers: list[LedgerRef]


def account(index: int, role: str, asset: str, scale: int, ledger: int) -> AccountRef:
    return AccountRef(
        index=index,
        account_id="",
        alias=f"@{role}-{index}",
        asset=asset,
        scale=scale,
        ledger=LEDGERS[ledger],
        role=role,
    )


PAYER, PAYEE, SHOP, MINER = (
    account(0, "customer", "BRL", 2, 0),
    account(1, "customer", "BRL", 2, 0),
    account(2, "merchant", "BRL", 2, 0),
    account(3, "customer", "ETH", 18, 2),
)
POOL = account(4, "treasury", "ETH", 18, 2)
POPULATION = Roster([PAYER, PAYEE, SHOP, MINER, POOL], LEDGERS)


class Run:
    """Writes a journal as a load process does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer = JournalWriter(path, header={"run_id": "r1", "patterns": ["payment"], "phases": []})
        self._number = 0

    def send(
        self, intent: Intent, outcome: Outcome = Outcome.ACCEPTED, *, flags: int = 0, replayed: bool = False
    ) -> None:
        attempt = Attempt(intent, "", number=self._number, generation=1, due_ns=0)
        attempt.flags = flags
        self._number += 1
        self._writer.intend(attempt)
        identity = "01a203f6-0000-7000-a000-000000000001" if outcome is Outcome.ACCEPTED else ""
        receipt = Receipt(
            outcome=outcome, status=201, code="", transaction_id=identity, replayed=replayed, expected=True, mark=""
        )
        self._writer.settle(attempt, receipt, sent_ns=1, answered_ns=2)

    def close(self) -> list[Path]:
        self._writer.close()
        return [self.path]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "0.journal")


def test_only_what_was_accepted_counts_and_none_of_it_twice(run: Run) -> None:
    payment = Intent.move(1050, PAYER, PAYEE)
    run.send(payment)
    run.send(payment, Outcome.REJECTED)
    run.send(payment, Outcome.INDETERMINATE)
    run.send(payment, replayed=True)
    run.send(payment, flags=Flag.FUNDING)
    told = volumes(run.close(), POPULATION)
    assert told.assets[0] == AssetUse(asset="BRL", accounts=3, legs=2, moved="10.5")
    assert [(one.alias, one.gave, one.received) for one in told.accounts] == [
        ("@customer-0", "10.5", "0"),
        ("@customer-1", "0", "10.5"),
    ]


def test_every_leg_of_a_split_is_counted(run: Run) -> None:
    split = Intent.spread(1000, (Leg(PAYER, 1000),), (Leg(PAYEE, 333), Leg(SHOP, 667)))
    run.send(split)
    told = volumes(run.close(), POPULATION)
    assert told.assets[0].legs == 3
    assert {one.alias: one.received for one in told.accounts} == {
        "@customer-0": "0", "@customer-1": "3.33", "@merchant-2": "6.67",
    }  # fmt: skip


def test_sums_beyond_any_machine_number_are_exact(run: Run) -> None:
    units = 2**62 + 12345678901
    for _ in range(1000):
        run.send(Intent.move(units, MINER, POOL))
    told = volumes(run.close(), POPULATION)
    total = units * 1000
    whole, fraction = divmod(total, 10**18)
    assert told.assets[0] == AssetUse(asset="ETH", accounts=2, legs=2000, moved=f"{whole}.{fraction:018d}".rstrip("0"))


def test_organizations_and_roles_are_told_busiest_first(run: Run) -> None:
    run.send(Intent.move(1, PAYER, SHOP))
    run.send(Intent.move(1, MINER, POOL))
    run.send(Intent.move(1, POOL, MINER))
    told = volumes(run.close(), POPULATION)
    assert told.organizations == [
        OrganizationUse(organization_id=ORGANIZATIONS[1], ledgers=2, transactions=2),
        OrganizationUse(organization_id=ORGANIZATIONS[0], ledgers=1, transactions=1),
    ]
    assert told.roles == {"customer": 3, "merchant": 1, "treasury": 1}
    assert told.accounts[0] == AccountUse(
        alias="@customer-3", asset="ETH", role="customer", legs=2, gave="0.000000000000000001",
        received="0.000000000000000001",
    )  # fmt: skip


def test_several_processes_are_added_up(tmp_path: Path) -> None:
    paths = []
    for process in range(3):
        run = Run(tmp_path / f"{process}.journal")
        run.send(Intent.move(100, PAYER, PAYEE))
        paths += run.close()
    assert volumes(paths, POPULATION).assets[0].moved == "3"


def test_a_run_without_a_single_answer_moved_nothing(run: Run) -> None:
    run.send(Intent.move(100, PAYER, PAYEE), Outcome.INDETERMINATE)
    told = volumes(run.close(), POPULATION)
    assert [one.moved for one in told.assets] == ["0", "0"]
    assert told.accounts == []
