"""Remembers which idempotency mark booked which transaction, for as long as it counts (contract 6).

Marks of the last minutes are held as digests in time buckets, so they age by dropping a bucket; the full text stands in
the transaction's row and decides. After a restart the buckets are filled from the rows. Judges nothing. May import:
demogen.sandbox.store.
"""

from __future__ import annotations

from hashlib import blake2b

from demogen.sandbox.ids import first_key_at
from demogen.sandbox.store.database import Database
from demogen.sandbox.store.journal import Journal, Transaction

DEFAULT_TTL_S = 300
_BUCKET_US = 30 * 1_000_000
_US_PER_S = 1_000_000


def _digest(ledger: int, mark: str) -> int:
    return int.from_bytes(blake2b(f"{ledger}/{mark}".encode("utf-8", "surrogateescape"), digest_size=8).digest())


class Marks:
    """Mark -> transaction, until it expires."""

    def __init__(self, database: Database, journal: Journal, *, now_us: int) -> None:
        self._db = database
        self._journal = journal
        self._buckets: dict[int, dict[int, int]] = {}
        self._fill(now_us)

    def _fill(self, now_us: int) -> None:
        since = first_key_at(now_us - DEFAULT_TTL_S * _US_PER_S)
        rows = self._db.all("select key, ledger, mark, updated from transactions where key >= ?", (since,))
        for key, ledger, mark, _ in rows:
            if mark is not None:
                self._put(ledger, mark, key, moment_us=(key >> 12) * 1000)

    def _put(self, ledger: int, mark: str, key: int, *, moment_us: int) -> None:
        self._buckets.setdefault(moment_us // _BUCKET_US, {})[_digest(ledger, mark)] = key

    def find(self, ledger: int, mark: str, *, now_us: int) -> Transaction | None:
        """The transaction that this mark booked, while the mark counts."""
        digest = _digest(ledger, mark)
        for bucket in self._buckets.values():
            key = bucket.get(digest)
            if key is not None:
                found = self._counting(ledger, mark, key, now_us)
                if found is not None:
                    return found
        row = self._db.one(
            "select transaction_key from long_marks where ledger = ? and mark = ? and until > ?", (ledger, mark, now_us)
        )
        return None if row is None else self._journal.get(ledger, row[0])

    def _counting(self, ledger: int, mark: str, key: int, now_us: int) -> Transaction | None:
        found = self._journal.get(ledger, key)
        return found if found is not None and found.mark == mark and found.mark_until > now_us else None

    def remember(self, transaction: Transaction, *, now_us: int) -> None:
        """A booked transaction's mark counts from now on."""
        mark = transaction.mark
        if mark is None:
            return
        self._put(transaction.ledger, mark, transaction.key, moment_us=now_us)
        if transaction.mark_until > now_us + DEFAULT_TTL_S * _US_PER_S:
            self._db.write(
                "insert or replace into long_marks values (?, ?, ?, ?)",
                (transaction.ledger, mark, transaction.key, transaction.mark_until),
            )

    def trim(self, now_us: int) -> None:
        """Drop buckets whose marks have all expired."""
        oldest = (now_us - DEFAULT_TTL_S * _US_PER_S) // _BUCKET_US
        for number in [number for number in self._buckets if number < oldest]:
            del self._buckets[number]

    def forget(self, now_us: int) -> None:
        """After a rollback: read the buckets again."""
        self._buckets.clear()
        self._fill(now_us)
