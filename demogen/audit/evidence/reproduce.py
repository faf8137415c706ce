"""Plays a short history against a fresh ledger and audits it: does the same invariant break again?

One request after the other, several rounds of the same units, since a bug may strike only now and then. May import:
`client`, `contract`, `record`, `errors`, `clock`, the rest of this room.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from demogen.audit.auditor import audit
from demogen.audit.book import Patience
from demogen.audit.evidence.units import Unit, UnitLeg, balances_of, shape_of
from demogen.audit.findings import AuditReport
from demogen.audit.opening import read_opening
from demogen.audit.probes.workbench import Workbench
from demogen.audit.sweep import Sweeper
from demogen.client.classify import classify
from demogen.clock import Clock
from demogen.contract.money import ATTO_SCALE, atto_of_text
from demogen.contract.outcome import Receipt
from demogen.contract.transactions import AccountRef, Intent, LedgerRef, Leg
from demogen.contract.wire import Renderer
from demogen.record.attempt import Attempt
from demogen.record.folder import RunFolder
from demogen.record.journal import Flag, JournalWriter

_IMPATIENT = Patience(rest_s=3.0, late_s=0.2, pause_s=0.05)


class Played(NamedTuple):
    """What came of a play-through: the audit, and for each request whether the ledger accepted it."""

    report: AuditReport
    accepted: tuple[bool, ...]


class Stand:
    """Where histories are played: a workbench, and eyes to read it back."""

    def __init__(self, work: Workbench, sweeper: Sweeper, clock: Clock) -> None:
        self.work = work
        self.sweeper = sweeper
        self.clock = clock
        self.requests = 0
        self._ledgers = 0

    def play(self, units: Sequence[Unit], *, rounds: int, funds: Mapping[str, int] | None = None) -> Played:
        """Make a ledger, play the units `rounds` times, audit it.

        `funds` are what accounts hold before, in atto units by alias; by default what the units need.
        """
        self._ledgers += 1
        name = f"{self.work.tag}-{self._ledgers}"
        ledger, accounts = self._settle(name, units, funds or funds_for(units, rounds=rounds))
        with tempfile.TemporaryDirectory(prefix="demogen-replay-") as scratch:
            folder = RunFolder.create(Path(scratch) / "run")
            read_opening(folder.opening, ledgers=[ledger], crew=self.work.crew, sweeper=self.sweeper, clock=self.clock)
            run = _Run(self, name, folder, ledger, accounts, keys=balances_of(units))
            accepted = [run.play(unit) for _ in range(rounds) for unit in units]
            run.journal.close()
            self.requests += run.sent
            report = audit(
                folder,
                roster=_Roster([ledger], list(accounts.values())),
                crew=self.work.crew,
                sweeper=self.sweeper,
                clock=self.clock,
                patience=_IMPATIENT,
            )
            return Played(report, tuple(accepted))

    def _settle(
        self, name: str, units: Sequence[Unit], funds: Mapping[str, int]
    ) -> tuple[LedgerRef, dict[str, AccountRef]]:
        """A ledger with the units' assets, accounts and balances."""
        ledger = self.work.bare_ledger(name)
        accounts: dict[str, AccountRef] = {}
        for asset, aliases in shape_of(units).items():
            self.work.made("asset.create", {"name": asset, "type": "others", "code": asset}, ledger)
            for alias in aliases:
                made = self.work.made("account.create", {"assetCode": asset, "type": "deposit", "alias": alias}, ledger)
                accounts[alias] = AccountRef(len(accounts), made["id"], alias, asset, ATTO_SCALE, ledger)
                if funds.get(alias, 0) > 0:
                    self.work.fund(accounts[alias], funds[alias])
            external = f"@external/{asset}"
            accounts[external] = AccountRef(len(accounts), "", external, asset, ATTO_SCALE, ledger, external=True)
        for alias, key in balances_of(units):
            self.work.made("balance.create", {"key": key}, ledger, id=accounts[alias].account_id)
        return ledger, accounts


def funds_for(units: Sequence[Unit], *, rounds: int) -> dict[str, int]:
    """What each account must hold for all rounds."""
    aliases = {leg.alias for unit in units for leg in unit.legs if not leg.alias.startswith("@external/")}
    return {alias: needed(units, alias, rounds=rounds) for alias in sorted(aliases)}


def needed(units: Sequence[Unit], alias: str, *, rounds: int) -> int:
    """What an account must hold, in atto units, for all it pays; never nothing, since an empty account hides a loss."""
    paid = sum(atto_of_text(leg.amount) for unit in units for leg in unit.legs if leg.side == 0 and leg.alias == alias)
    return (paid * rounds or 10**ATTO_SCALE) * 2


class _Roster:
    def __init__(self, ledgers: list[LedgerRef], accounts: list[AccountRef]) -> None:
        self.ledgers = ledgers
        self.accounts = accounts


class _Run:
    """One play-through: intents in, journal out."""

    def __init__(
        self,
        stand: Stand,
        name: str,
        folder: RunFolder,
        ledger: LedgerRef,
        accounts: dict[str, AccountRef],
        *,
        keys: Sequence[tuple[str, str]],
    ) -> None:
        self.sent = 0
        self._stand = stand
        self._name = name
        self._ledger = ledger
        self._accounts = accounts
        self._renderer = Renderer("json")
        clock = stand.clock
        header = {"run_id": name, "process": 0, "wall_offset_ns": clock.wall_ns() - clock.now_ns()}
        names = sorted({"default", *(key for _, key in keys)})
        self.journal = JournalWriter(folder.journal(0), header=header, balance_keys=names)

    def play(self, unit: Unit) -> bool:
        """Send a unit; whether its request was accepted."""
        intent = self._intent(unit)
        first = self._send(intent)
        for _ in range(unit.repeats):
            if not first.rejected:
                self._send(intent, repeats=first.mark)
        for step in unit.steps:
            if first.accepted:
                self._send(Intent(action=step, ledger=self._ledger, subject=first.transaction_id))
        return first.accepted

    def _intent(self, unit: Unit) -> Intent:
        return Intent(
            action=unit.action,
            ledger=self._ledger,
            asset=unit.asset,
            scale=ATTO_SCALE,
            units=sum(atto_of_text(leg.amount) for leg in unit.legs if leg.side == 0),
            sources=self._legs(unit.legs, 0),
            targets=self._legs(unit.legs, 1),
            pending=unit.pending,
            description=f"{self._name} {self.sent}",
        )

    def _legs(self, legs: tuple[UnitLeg, ...], side: int) -> tuple[Leg, ...]:
        return tuple(
            Leg(self._accounts[leg.alias], atto_of_text(leg.amount), balance_key=leg.balance_key)
            for leg in legs
            if leg.side == side
        )

    def _send(self, intent: Intent, *, repeats: str = "") -> Receipt:
        clock = self._stand.clock
        mark = repeats or f"{self._name}-1-{self.sent}"
        attempt = Attempt(intent, mark, number=self.sent, generation=1, due_ns=clock.now_ns())
        attempt.flags = Flag.PENDING.value if intent.pending else 0
        if repeats:
            attempt.repeats(repeats)
        self.sent += 1
        request, _ = self._renderer.render(intent, mark)
        self.journal.intend(attempt)
        self.journal.flush()
        sent_ns = clock.now_ns()
        result = self._stand.work.ask(request)
        receipt = classify(intent, result, mark=mark)
        self.journal.settle(attempt, receipt, sent_ns=sent_ns, answered_ns=clock.now_ns())
        return receipt
