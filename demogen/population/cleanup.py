"""Deletes what a population created, and only that, in reverse order; says what the ledger keeps and why.

Transactions cannot be deleted, nor accounts that hold money or moved some within the hour (contract 3.5): they vanish
with their ledger. A ledger or organization in which somebody else has made something stays. May import: client,
contract, this room.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from random import Random
from typing import NamedTuple
from uuid import UUID

import msgspec

from demogen.client.crew import Answer, Crew, Job, Step
from demogen.client.retry import RetryPolicy, persist
from demogen.contract.exchange import Fault, Request, Response
from demogen.contract.routes import ROUTES
from demogen.contract.transactions import LedgerRef
from demogen.population.blueprint import Blueprint
from demogen.population.finding import Unanswered
from demogen.population.kinds import Kind
from demogen.population.known import Known
from demogen.population.making import Maker, explain
from demogen.population.manifest import Manifest, Row, State
from demogen.population.planned import Stage
from demogen.population.progress import Progress, Quiet

_EXISTS = (State.MADE, State.FOUND)
_ROUTES = {
    Kind.TRANSACTION_ROUTE: "transaction_route.delete",
    Kind.OPERATION_ROUTE: "operation_route.delete",
    Kind.BALANCE: "balance.delete",
    Kind.ACCOUNT: "account.delete",
    Kind.SEGMENT: "segment.delete",
    Kind.PORTFOLIO: "portfolio.delete",
    Kind.ACCOUNT_TYPE: "account_type.delete",
    Kind.ASSET: "asset.delete",
    Kind.LEDGER: "ledger.delete",
    Kind.ORGANIZATION: "organization.delete",
}


#: Kinds that hang under their own kind: children are deleted first.
_NESTED = (Kind.ACCOUNT, Kind.ORGANIZATION)
_BLOCK = 1_000


class CleanupReport(msgspec.Struct):
    """By kind: `deleted`, `kept` (`reasons` counts why), and `vanished`: not deleted, but gone with its ledger."""

    deleted: dict[str, int] = {}
    kept: dict[str, int] = {}
    vanished: dict[str, int] = {}
    reasons: dict[str, int] = {}

    def took_along(self) -> None:
        """All ledgers are gone: what could not be deleted by itself went with them."""
        self.vanished, self.kept, self.reasons = self.kept, {}, {}

    @property
    def complete(self) -> bool:
        """Whether nothing of the population can be reached any more."""
        return not self.kept.get(Kind.ORGANIZATION.label) and not self.kept.get(Kind.LEDGER.label)


class _Gone(NamedTuple):
    row: Row
    reason: str  # "" where it is deleted
    broken: bool = False  # a server error, not a refusal


def clean_up(
    book: Manifest,
    crew: Crew,
    *,
    plan: Blueprint | None = None,
    progress: Progress | None = None,
    policy: RetryPolicy | None = None,
) -> CleanupReport:
    """Delete the population of a manifest. With `plan`, what an interrupted run made unseen is found first."""
    cleaning = _Cleaning(book, crew, progress=progress or Quiet(), policy=policy or RetryPolicy(attempts=3))
    if plan is not None:
        cleaning.recover(plan)
    for kind in _ROUTES:
        cleaning.delete(kind)
    if cleaning.report.complete:
        cleaning.report.took_along()
        book.start_over()
    return cleaning.report


class _Cleaning:
    def __init__(self, book: Manifest, crew: Crew, *, progress: Progress, policy: RetryPolicy) -> None:
        self._assets_stay = ""
        self.report = CleanupReport()
        self._book = book
        self._crew = crew
        self._progress = progress
        self._policy = policy
        self._dice = Random(0)  # for the jitter of retries only
        self._known = Known(book)

    def recover(self, plan: Blueprint) -> None:
        """Look for what may have been made after the last batch was written."""
        maker = Maker(self._known, policy=self._policy, dice=self._dice)
        for stage in plan.stages():
            self._known.forget()
            doubtful = [*self._doubtful(plan, stage)] if stage.kind in _ROUTES else []
            for row in self._crew.run(maker.look(plan.entity(stage.kind, index)) for index in doubtful):
                if row is not None:
                    self._book.note(row)
        self._book.flush()

    def _doubtful(self, plan: Blueprint, stage: Stage) -> Iterator[int]:
        frontier = self._book.frontier(stage.kind, stage.wave, "1/1")
        settled = self._book.settled(stage.kind)
        for ordinal, index in enumerate(plan.indexes(stage)):
            if ordinal >= frontier:
                return
            if index not in settled:
                yield index

    def delete(self, kind: Kind) -> None:
        self._known.forget()
        total = self._book.count(kind, _EXISTS)
        if not total:
            return
        self._progress.started(kind.label, total)
        waves = (True, False) if kind in _NESTED else (None,)
        for parented in waves:
            for rows in self._blocks(kind, parented=parented):
                self._delete_block(kind, rows)
        self._progress.finished(kind.label)

    def _blocks(self, kind: Kind, *, parented: bool | None) -> Iterator[list[Row]]:
        """The entities of a kind, the last first, so many at a time; those with a parent, those without, or all."""
        last = self._book.last_position(kind)
        for first in range(last - last % _BLOCK, -1, -_BLOCK):
            rows = self._book.span(kind, first, first + _BLOCK, states=_EXISTS)
            chosen = [
                row for row in reversed(rows) if parented is None or (b'"parent' in (row.body or b"")) is parented
            ]
            if chosen:
                yield chosen

    def _delete_block(self, kind: Kind, rows: list[Row]) -> None:
        gone = []
        for row, reason, _ in self._results(kind, rows):
            self._progress.done(kind.label, ok=not reason, elapsed_ns=self._crew.took_ns)
            if reason:
                self.report.kept[kind.label] = self.report.kept.get(kind.label, 0) + 1
                told = f"{kind.label}: {reason}"
                self.report.reasons[told] = self.report.reasons.get(told, 0) + 1
                continue
            self.report.deleted[kind.label] = self.report.deleted.get(kind.label, 0) + 1
            gone.append(row.position)
            if kind is Kind.LEDGER:
                self._book.forget_ledger(row.position)
        self._book.forget(kind, gone)

    def _results(self, kind: Kind, rows: list[Row]) -> Iterator[_Gone]:
        if kind is Kind.ASSET and not self._assets_stay:
            # v4 answers every deletion of an asset with 500 (contract 13.1): one try tells, and trips no breaker.
            [first] = self._crew.run(iter([self._job(rows[0])]))
            self._assets_stay = first.reason if first.broken else ""
            yield first
            rows = rows[1:]
        if kind is Kind.ASSET and self._assets_stay:
            yield from (_Gone(row, self._assets_stay) for row in rows)
            return
        yield from self._crew.run(self._job(row) for row in rows)

    def _job(self, row: Row) -> Job[_Gone]:
        try:
            place = self._place(row)
            strangers = yield from self._strangers(row, place)
            if strangers:
                return _Gone(row, strangers)
            patient = row.kind is not Kind.ASSET
            answer = yield from self._send(b"DELETE", _ROUTES[row.kind], place, patient=patient)
        except Unanswered as unanswered:
            return _Gone(row, explain(unanswered.answer)[1])
        if isinstance(answer, Response) and answer.status in (200, 204, 404):
            return _Gone(row, "")
        broken = isinstance(answer, Response) and answer.status >= 500
        return _Gone(row, explain(answer)[1], broken=broken)

    def _place(self, row: Row) -> dict[str, str]:
        place = {"id": str(UUID(bytes=row.id or bytes(16)))}
        if row.kind is not Kind.ORGANIZATION:
            place["o"] = self._known.id(Kind.ORGANIZATION, row.owner) or place["id"]
        if row.kind not in (Kind.ORGANIZATION, Kind.LEDGER):
            place["l"] = self._known.id(Kind.LEDGER, row.ledger) or place["id"]
        return place

    def _strangers(self, row: Row, place: dict[str, str]) -> Generator[Step, Answer, str]:
        """Why a ledger or organization must stay: somebody else has made something in it."""
        if row.kind is Kind.LEDGER:
            inside = yield from self._count("account.count", {"o": place["o"], "l": place["id"]})
            ledger = LedgerRef(row.position, place["o"], place["id"])
            ours = self._remaining(Kind.ACCOUNT, ledger.index) + (yield from self._externals(ledger))
            return f"holds {inside - ours} accounts that this population did not make" if inside > ours else ""
        if row.kind is Kind.ORGANIZATION:
            inside = yield from self._count("ledger.count", {"o": place["id"]})
            return f"still holds {inside} ledgers" if inside else ""
        return ""

    def _remaining(self, kind: Kind, ledger: int) -> int:
        return self._book.count_in_ledger(kind, ledger, _EXISTS)

    def _externals(self, ledger: LedgerRef) -> Generator[Step, Answer, int]:
        """How many accounts of type external a ledger has: each asset brings one."""
        place = {"o": ledger.organization_id, "l": ledger.ledger_id}
        return (yield from self._count("asset.count", place))

    def _count(self, route: str, place: dict[str, str]) -> Generator[Step, Answer, int]:
        answer = yield from self._send(b"HEAD", route, place)
        if isinstance(answer, Fault) or answer.status not in (200, 204):
            raise Unanswered(answer)
        total = answer.header(b"x-total-count") or b"0"
        return int(total) if total.isdigit() else 0

    def _send(
        self, method: bytes, route: str, place: dict[str, str], *, patient: bool = True
    ) -> Generator[Step, Answer, Response | Fault]:
        request = Request(method, ROUTES[route].target(**place).encode())
        policy = self._policy if patient else RetryPolicy(attempts=1)
        return (yield from persist(request, policy=policy, dice=self._dice))
