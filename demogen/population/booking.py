"""Books a population's money: opening deposits and its first transactions. Jobs for the crew.

Transactions are idempotent by key, but only for the server's TTL (contract 6): a resumed run sweeps the ledgers it was
busy with for its own marks first. May import: client, contract, this room.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from random import Random

import msgspec

from demogen.client.classify import classify
from demogen.client.crew import Answer, Job, Step
from demogen.client.retry import RetryPolicy, persist
from demogen.contract.exchange import Fault, Request
from demogen.contract.transactions import AccountRef, Action, Intent, LedgerRef, Leg
from demogen.contract.wire import Renderer
from demogen.population.blueprint import Blueprint
from demogen.population.finding import Finder, marks_of
from demogen.population.history import EXTERNAL, Booking
from demogen.population.kinds import Kind
from demogen.population.known import Known
from demogen.population.making import explain
from demogen.population.manifest import Row, State

FUNDING = "funding"
_RENDERED_MAX = 50_000


class Bookkeeper:
    """Turns planned deposits and transactions into jobs.

    `history` says what transaction `index` is, unless somebody else writes them (`let_write`).
    """

    def __init__(
        self,
        plan: Blueprint,
        known: Known,
        *,
        policy: RetryPolicy,
        dice: Random,
        history: Callable[[int], Booking] | None,
    ) -> None:
        self._authored: Callable[[int], Intent] | None = None
        self._plan = plan
        self._known = known
        self._policy = policy
        self._dice = dice
        self._history = history
        self._finder = Finder(policy=policy, dice=dice)
        self._renderer = Renderer("json")
        self._rendered = 0
        self._opening_date = plan.opening_date

    def let_write(self, author: Callable[[int], Intent]) -> None:
        """From now on `author` says what a transaction is. Its accounts are numbered as the Population's."""
        self._authored = author
        self._renderer = Renderer("json")

    def deposit(self, index: int) -> Job[Row]:
        """Opens account `index` with its balance."""
        blank = self._blank(Kind.DEPOSIT, index)
        ledger = self._known.ledger(blank.ledger)
        account = self._account(index, ledger) if ledger else None
        if ledger is None or account is None:
            return blank._replace(reason="its account was not made")
        units = self._plan.opening_units(index)
        intent = Intent(
            action=Action.INFLOW, ledger=ledger, asset=account.asset, scale=account.scale, units=units,
            sources=(Leg(_external(account), units=units),), targets=(Leg(account, units=units),),
            description="opening balance", transaction_date=self._opening_date,
        )  # fmt: skip
        blank = blank._replace(label=str(units), asset=account.asset, scale=account.scale)
        return (yield from self._book(self._routed(intent, FUNDING), blank))

    def transaction(self, index: int) -> Job[Row]:
        """Books transaction `index` of the plan."""
        if self._authored is not None:
            intent = self._authored(index)
            blank = self._blank(Kind.TRANSACTION, index)._replace(label=intent.description)
            return (yield from self._book(intent, blank))
        assert self._history is not None, "a plan with transactions has a history"
        booking = self._history(index)
        owner = booking.ledger // self._plan.per_ledger(Kind.LEDGER)
        blank = Row(Kind.TRANSACTION, index, State.SKIPPED, None, booking.ledger, owner, booking.name)
        ledger = self._known.ledger(booking.ledger)
        positions = [one for one in (booking.source, *(target for target, _ in booking.targets)) if one != EXTERNAL]
        accounts = {one: self._account(one, ledger) for one in positions} if ledger else {}
        present = {one: account for one, account in accounts.items() if account is not None}
        if ledger is None or not positions or len(present) < len(accounts):
            return blank._replace(reason="an account it needs was not made")
        if booking.source != EXTERNAL and self._known.row(Kind.DEPOSIT, booking.source) is None:
            return blank._replace(reason="its payer was not funded")
        outside = _external(present[positions[0]])
        intent = Intent(
            action=Action.CREATE, ledger=ledger, asset=outside.asset, scale=outside.scale, units=booking.units,
            sources=(Leg(present.get(booking.source, outside), units=booking.units),),
            targets=tuple(Leg(present.get(one, outside), units=part) for one, part in booking.targets),
            description=booking.description, transaction_date=booking.date, metadata=(("pattern", booking.name),),
        )  # fmt: skip
        return (yield from self._book(self._routed(intent, booking.name), blank))

    def sweep(self, ledger_at: int) -> Job[list[Row]]:
        """The deposits and transactions of this plan that a ledger already has. Empty where it cannot be asked."""
        ledger = self._known.ledger(ledger_at)
        if ledger is None:
            return []
        # A wide range is not refused, and without one the list ends three months ago (contract 2.3).
        found = yield from self._finder.transactions(ledger, since="1970-01-01", until="2999-12-31")
        return [
            self._blank(kind, index)._replace(state=State.FOUND, id=raw)
            for kind in (Kind.DEPOSIT, Kind.TRANSACTION)
            for index, raw in marks_of(self._plan.id, found, kind.letter)
        ]

    def _blank(self, kind: Kind, index: int) -> Row:
        owner, ledger = self._plan.place_of(kind, index)
        return Row(kind, index, State.SKIPPED, None, ledger, owner, "")

    def _book(self, intent: Intent, blank: Row) -> Generator[Step, Answer, Row]:
        mark = self._plan.mark(blank.kind, blank.position)
        request = self._render(intent, mark)
        if not self._plan.keyed:
            request = msgspec.structs.replace(request, key=b"")
        answer = yield from persist(request, policy=self._policy, dice=self._dice)
        receipt = classify(intent, answer, mark=mark)
        if receipt.accepted:
            return blank._replace(state=State.MADE, id=bytes.fromhex(receipt.transaction_id.replace("-", "")))
        code, reason = explain(answer)
        if receipt.indeterminate and (not isinstance(answer, Fault) or answer.sent):
            reason = f"{reason}; it may be booked: resume to find out"
        return blank._replace(state=State.FAILED, code=code, reason=reason)

    def _render(self, intent: Intent, mark: str) -> Request:
        self._rendered += 1
        if self._rendered > _RENDERED_MAX:
            # The renderer keeps a text for every account it has met; start afresh before that grows.
            self._renderer, self._rendered = Renderer("json"), 0
        return self._renderer.render(intent, mark)[0]

    def _routed(self, intent: Intent, flow: str) -> Intent:
        """With route validation on, the intent with the routes of its flow; inflow cannot carry them (contract 11)."""
        wanted = self._plan.routes_for(intent.ledger.index, flow)
        if wanted is None or not self._known.row(Kind.SETTINGS, intent.ledger.index):
            return intent
        source = self._known.id(Kind.OPERATION_ROUTE, wanted.source) or ""
        target = self._known.id(Kind.OPERATION_ROUTE, wanted.target) or ""
        return msgspec.structs.replace(
            intent,
            action=Action.CREATE,
            route_id=self._known.id(Kind.TRANSACTION_ROUTE, wanted.route) or "",
            sources=tuple(msgspec.structs.replace(leg, route_id=source) for leg in intent.sources),
            targets=tuple(msgspec.structs.replace(leg, route_id=target) for leg in intent.targets),
        )

    def _account(self, index: int, ledger: LedgerRef) -> AccountRef | None:
        return self._known.account(index, ledger, scale=self._plan.scale_of(index))


def in_doubt_ledgers(plan: Blueprint, kind: Kind, indexes: Iterable[int]) -> Iterator[int]:
    """The ledgers that these deposits or transactions stand in, each once."""
    last = -1
    for index in indexes:
        _, ledger = plan.place_of(kind, index)
        if ledger != last:
            yield ledger
            last = ledger


def _external(account: AccountRef) -> AccountRef:
    """The outside world in the asset of an account. Negative index: the renderer must not mix it up with an account."""
    return AccountRef(
        -1 - account.index, "", f"@external/{account.asset}", account.asset, account.scale, account.ledger,
        "external", external=True,
    )  # fmt: skip
