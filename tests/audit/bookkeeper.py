"""Histories for the auditor: a journal written by the real writer, and the book a faultless ledger would show.

Keeps balances by the contract's rules (8.2, 7.1, 7.2) in a few lines; a test spoils one thing and asks who noticed.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from demogen.audit.ground import Ground
from demogen.audit.history import journals_of, load_journals
from demogen.audit.invariant import invariants
from demogen.audit.judge import Judgement, judge, prepare
from demogen.audit.pages import (
    AmountPart,
    BalanceItem,
    OperationItem,
    StatePart,
    StatusPart,
    TransactionItem,
    store_balances,
    store_transactions,
)
from demogen.audit.roster import load_roster
from demogen.contract.money import units_text
from demogen.contract.outcome import Outcome, Receipt
from demogen.contract.transactions import AccountRef, Action, Intent, LedgerRef, Leg
from demogen.record.attempt import Attempt
from demogen.record.journal import Flag, JournalWriter

RUN = "r20260101-000000-test"
LEDGER = LedgerRef(0, "0198c000-0000-7000-8000-0000000000aa", "0198c000-0000-7000-8000-0000000000bb")
SCALE = 2


def uuid7(number: int) -> str:
    """An id later than all smaller numbers' ids."""
    digits = f"{0x0198D0000000 + number:012x}7000800000000000{number % 0xFFFF:04x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def account(index: int, alias: str, *, external: bool = False) -> AccountRef:
    return AccountRef(index, uuid7(1000 + index), alias, "USD", SCALE, LEDGER, external=external)


class Bookkeeper:
    """Books what it is told; `transactions` and `balances` are what the ledger would show now."""

    def __init__(self, folder: Path, *, customers: int = 4) -> None:
        self.external = account(0, "@external/USD", external=True)
        self.customers = [account(index + 1, f"@customer-{index}") for index in range(customers)]
        self.known = [self.external, *self.customers]
        #: As a population lists them: an external account's id is the ledger's own choice.
        self.accounts = [
            msgspec.structs.replace(ref, account_id="" if ref.external else ref.account_id) for ref in self.known
        ]
        self.ledgers = [LEDGER]
        self.state = {ref.index: [0, 0, 0] for ref in self.known}  # available, on hold, version
        self.transactions: dict[str, TransactionItem] = {}
        self.pendings: dict[str, Intent] = {}
        self._number = 1
        self._moment = 1_000
        self._arrival = 0
        self.path = folder / "0.journal"
        self.writer = JournalWriter(self.path, header={"run_id": RUN, "wall_offset_ns": 1_700_000_000 * 10**9})
        for customer in self.customers:
            self._book(
                "funding", Intent(action=Action.INFLOW, **self.move(self.external, customer, 100_000)), "APPROVED"
            )
        self.opening = self.balances()
        self.newest = max(self.transactions)
        self.transactions.clear()

    def move(self, payer: AccountRef, payee: AccountRef, units: int) -> dict:
        return {
            "ledger": LEDGER,
            "asset": "USD",
            "scale": SCALE,
            "units": units,
            "sources": (Leg(payer, units=units),),
            "targets": (Leg(payee, units=units),),
        }

    def pay(self, payer: int, payee: int, units: int, **options) -> str:
        """A payment between customers; the id it is booked under, "" where it is not."""
        intent = Intent(
            action=Action.CREATE,
            pending=options.pop("pending", False),
            **self.move(self.customers[payer], self.customers[payee], units),
        )
        return self.attempt(intent, **options)

    def step(self, action: Action, subject: str, **options) -> str:
        return self.attempt(Intent(action=action, ledger=LEDGER, subject=subject), **options)

    def attempt(
        self,
        intent: Intent,
        *,
        outcome: Outcome = Outcome.ACCEPTED,
        booked: bool | None = None,
        code: int = 0,
        repeats: int | None = None,
        answered_id: str | None = None,
        replayed: bool = False,
        crash: bool = False,
    ) -> str:
        """Journal an attempt and, unless told otherwise, book it where it is accepted."""
        arrival, self._arrival = self._arrival, self._arrival + 1
        key = arrival if repeats is None else repeats
        flags = Flag.PENDING * intent.pending + Flag.DUPLICATE * (repeats is not None)
        self._moment += 1_000_000
        attempt = Attempt(intent, f"{RUN}-0-{key}", number=arrival, generation=0, due_ns=self._moment)
        attempt.key_number, attempt.flags = key, flags
        self.writer.intend(attempt)
        made = ""
        if booked if booked is not None else outcome is Outcome.ACCEPTED:
            made = self._apply(intent, f"{RUN}-0-{key}")
        if crash:
            return made
        answered = (made or uuid7(900_000)) if outcome is Outcome.ACCEPTED else ""
        receipt = Receipt(
            outcome=outcome,
            status=201,
            code=f"{code:04d}" if code else "",
            transaction_id=answered if answered_id is None else answered_id,
            replayed=replayed,
            expected=False,
            mark=attempt.mark,
        )
        self.writer.settle(attempt, receipt, sent_ns=self._moment + 1, answered_ns=self._moment + 2)
        return made

    def _apply(self, intent: Intent, mark: str) -> str:
        if intent.action is Action.REVERT:
            original = self.transactions[intent.subject]
            sides = [(ref, -signed) for ref, signed in self._sides(original)]
            return self._record(original.amount, mark, "APPROVED", sides, parent=intent.subject)
        if intent.action in (Action.COMMIT, Action.CANCEL):
            return self._settle(intent)
        return self._book(mark, intent, "PENDING" if intent.pending else "APPROVED")

    def _book(self, mark: str, intent: Intent, status: str) -> str:
        sides = [(leg.account, -leg.units) for leg in intent.sources]
        if not intent.pending:
            sides += [(leg.account, leg.units) for leg in intent.targets]
        made = self._record(units_text(intent.units, SCALE), mark, status, sides, held=intent.pending)
        if intent.pending:
            self.pendings[made] = intent
        return made

    def _settle(self, intent: Intent) -> str:
        pending = self.pendings[intent.subject]
        item = self.transactions[intent.subject]
        operations = list(item.operations)
        if intent.action is Action.COMMIT:
            operations += [self._operation(leg.account, "DEBIT", 0, -leg.units, leg.units) for leg in pending.sources]
            operations += [self._operation(leg.account, "CREDIT", leg.units, 0, leg.units) for leg in pending.targets]
            status = "APPROVED"
        else:
            operations += [
                self._operation(leg.account, "RELEASE", leg.units, -leg.units, leg.units) for leg in pending.sources
            ]
            status = "CANCELED"
        self.transactions[intent.subject] = msgspec.structs.replace(
            item, status=StatusPart(status), operations=operations
        )
        return intent.subject

    def _sides(self, item: TransactionItem):
        by_id = {ref.account_id: ref for ref in self.known}
        for operation in item.operations:
            if operation.type in ("DEBIT", "CREDIT"):
                units = round(float(operation.amount.value) * 100)
                yield by_id[operation.account_id], -units if operation.type == "DEBIT" else units

    def _record(self, amount: str, mark: str, status: str, sides, *, parent=None, held=False) -> str:
        self._number += 1
        made = uuid7(self._number)
        operations = []
        for ref, signed in sides:
            if held:
                operations.append(self._operation(ref, "ON_HOLD", signed, -signed, -signed))
            else:
                change = -signed if ref.external else signed
                operations.append(self._operation(ref, "DEBIT" if signed < 0 else "CREDIT", change, 0, abs(signed)))
        self.transactions[made] = TransactionItem(
            id=made,
            status=StatusPart(status),
            amount=amount,
            asset_code="USD",
            created_at="2026-01-01T00:00:00.000001Z",
            parent_transaction_id=parent,
            metadata={"demogen_key": mark},
            operations=operations,
        )
        return made

    def _operation(self, ref: AccountRef, kind: str, available: int, on_hold: int, amount: int) -> OperationItem:
        self._number += 1
        before = self._part(ref)
        state = self.state[ref.index]
        state[0], state[1], state[2] = state[0] + available, state[1] + on_hold, state[2] + 1
        return OperationItem(
            id=uuid7(self._number),
            type=kind,
            direction="credit" if kind in ("CREDIT", "RELEASE") else "debit",
            asset_code="USD",
            amount=AmountPart(units_text(amount, SCALE)),
            balance=before,
            balance_after=self._part(ref),
            account_id=ref.account_id,
            account_alias=ref.alias,
            balance_key="default",
            balance_id=uuid7(5000 + ref.index),
        )

    def _part(self, ref: AccountRef) -> StatePart:
        available, on_hold, version = self.state[ref.index]
        return StatePart(units_text(available, SCALE), units_text(on_hold, SCALE), version)

    def balances(self) -> list[BalanceItem]:
        return [
            BalanceItem(
                id=uuid7(5000 + ref.index),
                account_id=ref.account_id,
                alias=ref.alias,
                key="default",
                asset_code="USD",
                available=self._part(ref).available,
                on_hold=self._part(ref).on_hold,
                version=self._part(ref).version,
                account_type="external" if ref.external else "deposit",
                direction="debit" if ref.external else "credit",
            )
            for ref in self.known
        ]

    def replace(self, transaction_id: str, **changes) -> None:
        """Spoil a transaction as the ledger shows it."""
        self.transactions[transaction_id] = msgspec.structs.replace(self.transactions[transaction_id], **changes)

    def replace_operation(self, transaction_id: str, place: int, **changes) -> None:
        operations = list(self.transactions[transaction_id].operations)
        operations[place] = msgspec.structs.replace(operations[place], **changes)
        self.replace(transaction_id, operations=operations)

    def shift(self, customer: int, units: int) -> None:
        """Money that moves without an operation."""
        self.state[self.customers[customer].index][0] += units

    def ground(self, *, own: bool = True) -> Ground:
        """All of it in tables, prepared."""
        self.writer.flush()
        ground = Ground(None, memory_limit="256MB")
        run_id = load_journals(ground, journals_of([self.path]))
        ground.connection.execute("insert into plan.run values (?, 'run', 'v3.8')", [run_id])
        load_roster(ground, self, shared=() if own else (LEDGER.ledger_id,))
        newest = int(self.newest.replace("-", ""), 16)
        ground.connection.execute("insert into opening.ledgers values (0, ?, 0)", [newest])
        store_balances(ground, [(0, item) for item in self.opening], schema="opening")
        store_balances(ground, [(0, item) for item in self.balances()], schema="book")
        store_transactions(ground, [(0, item) for item in self.transactions.values()])
        prepare(ground)
        return ground

    def judge(self, *, own: bool = True) -> Judgement:
        ground = self.ground(own=own)
        try:
            return judge(ground, invariants())
        finally:
            ground.close()
