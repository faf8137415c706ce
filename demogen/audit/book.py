"""The ledger read back after the load, once it is quiet: every balance, and the transactions since the opening.

Two looks at all balances must agree around the sweep of the transactions; else the sweep is done again. What was
acknowledged and is not listed is asked for by its id for a while: an asynchronous ledger settles late (design 4.1).
May import: `client`, `contract`, `errors`, `clock`, the rest of this room.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import msgspec

from demogen.audit.ground import Ground
from demogen.audit.pages import BalanceItem, TransactionItem, store_balances, store_transactions
from demogen.audit.scope import Depth
from demogen.audit.sweep import Slice, Sweeper, Walk, before, slices
from demogen.client.crew import Crew
from demogen.clock import NS_PER_S, Clock
from demogen.contract.transactions import LedgerRef

#: Transactions handed to the database at once.
_BATCH = 4096
#: A slice is worth its own walk from about this many transactions on.
_SLICE = 1500
_SLICES_MAX = 16


class Patience(msgspec.Struct, frozen=True):
    """How long the auditor waits, in seconds: for balances to stop moving; for acknowledged transactions to appear,
    since the last one that did; after the last request in doubt, which the ledger may still be busy with."""

    rest_s: float = 30.0
    late_s: float = 5.0
    doubt_s: float = 2.0
    pause_s: float = 0.1


class Reading(msgspec.Struct, frozen=True):
    """What was read. `unsettled` says why the ledger may still move; "" where it is quiet."""

    balances: int
    transactions: int
    settled_s: float
    unsettled: str = ""


#: A look at all balances: by id, the row of the ledger and the balance.
Balances: TypeAlias = dict[str, tuple[int, BalanceItem]]


class _Highest:
    """The newest state seen of each balance. A look that shows an older one is stale, not a sign of motion."""

    def __init__(self) -> None:
        self._seen: dict[str, BalanceItem] = {}

    def rises(self, look: Balances) -> bool:
        """Whether a look shows anything new."""
        new = {id_: item for id_, (_, item) in look.items() if self._is_new(id_, item)}
        self._seen.update(new)
        return bool(new)

    def _is_new(self, id_: str, item: BalanceItem) -> bool:
        known = self._seen.get(id_)
        return (
            known is None
            or item.version > known.version
            or (item.version == known.version and item.state != known.state)
        )


class Bookkeeping:
    """Reads the book into a ground that already holds plan, journal and opening."""

    def __init__(
        self,
        ground: Ground,
        *,
        ledgers: Sequence[LedgerRef],
        crew: Crew,
        sweeper: Sweeper,
        clock: Clock,
        patience: Patience,
    ) -> None:
        self._ground = ground
        self._ledgers = ledgers
        self._crew = crew
        self._sweeper = sweeper
        self._clock = clock
        self._patience = patience
        self._highest = _Highest()
        self._batch: list[tuple[int, TransactionItem]] = []

    def read(self, depth: Depth) -> Reading:
        """Wait for rest, then read. Raises LedgerUnreachable and IntegrityUnknown where reading fails."""
        self._let_doubts_settle()
        began_ns = self._clock.now_ns()
        deadline_ns = began_ns + round(self._patience.rest_s * NS_PER_S)
        balances = self._rest(deadline_ns)
        settled_s = (self._clock.now_ns() - began_ns) / NS_PER_S
        count, moved = 0, True
        while moved:
            self._store(balances)
            if depth != "balances":
                count = self._transactions(depth)
            balances = self._balances()
            moved = self._highest.rises(balances)
            if moved and self._clock.now_ns() > deadline_ns:
                break
            if moved:
                balances = self._rest(deadline_ns)
                settled_s = (self._clock.now_ns() - began_ns) / NS_PER_S
        self._store(balances)
        if depth != "balances":
            count = self._late() + self._older()
        unsettled = f"balances still move after {self._patience.rest_s:g} s" if moved else ""
        return Reading(balances=len(balances), transactions=count, settled_s=settled_s, unsettled=unsettled)

    def _rest(self, deadline_ns: int) -> Balances:
        """Look until a look shows nothing newer than all before it, or patience ends."""
        balances = self._balances()
        while self._highest.rises(balances) and self._clock.now_ns() < deadline_ns:
            self._clock.sleep(self._patience.pause_s)
            balances = self._balances()
        return balances

    def _store(self, balances: Balances) -> None:
        self._ground.connection.execute("truncate book.balances")
        store_balances(self._ground, list(balances.values()), schema="book")

    def _balances(self) -> Balances:
        found: Balances = {}

        def take(ledger: LedgerRef, items: list[BalanceItem]) -> None:
            for item in items:
                found[item.id] = (ledger.index, item)

        self._run(self._sweeper.balances(ledger, take) for ledger in self._ledgers)
        return found

    def _transactions(self, depth: Depth) -> int:
        self._ground.connection.execute("truncate book.transactions; truncate book.operations")
        opening: dict[int, str] = {} if depth == "all" else self._opening()
        newest: dict[int, str] = {}
        self._run(
            self._sweeper.newest(ledger, lambda ref, id_: newest.__setitem__(ref.index, id_))
            for ledger in self._ledgers
        )
        parts: list[Slice] = []
        expected = self._expected()
        for ledger in self._ledgers:
            count = min(_SLICES_MAX, 1 + expected.get(ledger.index, 0) // _SLICE)
            parts += slices(ledger, after=opening.get(ledger.index, ""), newest=newest[ledger.index], parts=count)
        read = self._run(self._sweeper.transactions(part, self._take) for part in parts)
        self._flush()
        return read

    def _opening(self) -> dict[int, str]:
        rows = self._ground.rows("select ledger, uuid_text(newest) from opening.ledgers where newest is not null")
        return dict(rows)

    def _expected(self) -> dict[int, int]:
        query = "select ledger, count(*) from journal.attempts where outcome = 1 and action <= 6 group by ledger"
        return dict(self._ground.rows(query))

    def _take(self, ledger: LedgerRef, items: list[TransactionItem]) -> None:
        self._batch.extend((ledger.index, item) for item in items)
        if len(self._batch) >= _BATCH:
            self._flush()

    def _flush(self) -> None:
        store_transactions(self._ground, self._batch)
        self._batch = []

    def _let_doubts_settle(self) -> None:
        """A request that was given up on may be booked yet: do not look before it had a while."""
        last_ns = self._ground.value(_LAST_DOUBT)
        if last_ns:
            left_ns = last_ns + round(self._patience.doubt_s * NS_PER_S) - self._clock.wall_ns()
            if 0 < left_ns <= self._patience.doubt_s * NS_PER_S:
                self._clock.sleep(left_ns / NS_PER_S)

    def _late(self) -> int:
        """Look again at the end of the lists while acknowledged transactions keep appearing there.

        Where an asynchronous ledger's lists have caught up with what it acknowledged, they have with what is in doubt.
        What never appears in a list is asked for by its id at last.
        """
        missing = self._ground.rows(_MISSING)
        deadline_ns = self._clock.now_ns() + round(self._patience.late_s * NS_PER_S)
        while missing and self._clock.now_ns() < deadline_ns:
            self._clock.sleep(max(self._patience.pause_s, self._patience.late_s / 10))
            self._look_again(missing)
            left = self._ground.rows(_MISSING)
            if len(left) < len(missing):
                deadline_ns = self._clock.now_ns() + round(self._patience.late_s * NS_PER_S)
            missing = left
        self._fetch(missing)
        return int(self._ground.value("select count(*) from book.transactions"))

    def _look_again(self, missing: list[tuple[int, str]]) -> None:
        """Read the lists anew from the first missing transaction on."""
        first: dict[int, str] = {}
        for row, id_ in missing:
            first[row] = min(id_, first.get(row, id_))
        parts = []
        for ledger in self._ledgers:
            if ledger.index in first:
                start = first[ledger.index]
                self._ground.connection.execute(_FORGET.format(row=ledger.index, start=int(start.replace("-", ""), 16)))
                parts.append(Slice(ledger, before(start)))
        self._run(self._sweeper.transactions(part, self._take) for part in parts)
        self._flush()

    def _older(self) -> int:
        """Transactions from before the opening that this run settled or reverted."""
        return self._fetch(self._ground.rows(_OLDER))

    def _fetch(self, wanted: list[tuple[int, str]]) -> int:
        by_row = {ledger.index: ledger for ledger in self._ledgers}
        walks = (self._sweeper.one(by_row[row], id_, self._take) for row, id_ in wanted if row in by_row)
        found = self._run(walks)
        self._flush()
        return found

    def _run(self, walks: Iterable[Walk]) -> int:
        return sum(self._crew.run(walks))


_LAST_DOUBT = "select max(greatest(due_ns, sent_ns, answered_ns)) from journal.attempts where outcome = 3"
_FORGET = """
delete from book.operations where ledger = {row} and transaction_id >= {start};
delete from book.transactions where ledger = {row} and id >= {start}"""
_MISSING = """
select distinct ledger, uuid_text(transaction_id) from journal.attempts
where outcome = 1 and (action <= 6 or action = 9) and transaction_id <> 0
    and transaction_id not in (select id from book.transactions) limit 1000"""
_OLDER = """
select distinct ledger, uuid_text(subject) from journal.attempts
where action in (7, 8, 9) and outcome <> 2 and subject <> 0 and subject not in (select id from book.transactions)
limit 1000"""
