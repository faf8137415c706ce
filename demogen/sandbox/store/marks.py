"""Remembers which idempotency mark booked which transaction, for as long as it counts (contract 6).

Marks of the last minutes are held as digests; the full text stands in the transaction's row and decides. After a
restart they are filled from the rows. Marks with a longer time to live have a table. Judges nothing. May import:
demogen.sandbox.ids, demogen.sandbox.store.
"""

from __future__ import annotations

from hashlib import blake2b

from demogen.sandbox.ids import first_key_at
from demogen.sandbox.store.database import Database
from demogen.sandbox.store.journal import Journal, Transaction
from demogen.sandbox.store.marktable import MarkTable

DEFAULT_TTL_S = 300
_US_PER_S = 1_000_000


def _digest(ledger: int, mark: str) -> int:
    return int.from_bytes(blake2b(f"{ledger}/{mark}".encode("utf-8", "surrogateescape"), digest_size=8).digest())


class Marks:
    """Mark -> transaction, until it expires."""

    def __init__(self, database: Database, journal: Journal, *, now_us: int) -> None:
        self._db = database
        self._journal = journal
        self._table = MarkTable()
        self._fill(now_us)

    def _fill(self, now_us: int) -> None:
        since = first_key_at(now_us - DEFAULT_TTL_S * _US_PER_S)
        for key, ledger, mark in self._db.rows(
            "select key, ledger, mark from transactions where key >= ? and mark is not null", (since,)
        ):
            self._table.put(_digest(ledger, mark), key, now_us=(key >> 12) * 1000)

    def find(self, ledger: int, mark: str, *, now_us: int) -> Transaction | None:
        """The transaction that this mark booked, while the mark counts."""
        for key in self._table.keys(_digest(ledger, mark)):
            found = self._journal.get(ledger, key)
            if found is not None and found.mark == mark and found.mark_until > now_us:
                return found
        row = self._db.one(
            "select transaction_key from long_marks where ledger = ? and mark = ? and until > ?", (ledger, mark, now_us)
        )
        return None if row is None else self._journal.get(ledger, row[0])

    def remember(self, transaction: Transaction, *, now_us: int) -> None:
        """A booked transaction's mark counts from now on."""
        mark = transaction.mark
        if mark is None:
            return
        self._table.put(_digest(transaction.ledger, mark), transaction.key, now_us=now_us)
        if transaction.mark_until > now_us + DEFAULT_TTL_S * _US_PER_S:
            self._db.write(
                "insert or replace into long_marks values (?, ?, ?, ?)",
                (transaction.ledger, mark, transaction.key, transaction.mark_until),
            )

    def trim(self, now_us: int) -> None:
        """Forget what has expired."""
        self._table.forget_before(now_us - DEFAULT_TTL_S * _US_PER_S)

    def forget(self, now_us: int) -> None:
        """After a rollback: read the marks again."""
        self._table.clear()
        self._fill(now_us)
