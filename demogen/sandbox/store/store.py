"""All that is remembered, opened together, committed together. Judges nothing.

May import: demogen.clock, demogen.sandbox.ids, demogen.sandbox.store.
"""

from __future__ import annotations

from random import Random

from demogen.clock import Clock
from demogen.sandbox.ids import Ids
from demogen.sandbox.store.balances import Balances
from demogen.sandbox.store.database import Database, StorageFailed
from demogen.sandbox.store.documents import Documents
from demogen.sandbox.store.journal import Journal
from demogen.sandbox.store.marks import Marks

_KEYED = ("documents", "balances", "transactions", "operations")


class Store:
    """The doors to every table, and the group commit over them."""

    def __init__(self, path: str, *, clock: Clock, rng: Random) -> None:
        self._wall_ns = clock.wall_ns
        self.database = Database(path)
        secret = int(self.database.meta("secret", str(rng.getrandbits(62))))
        last = max(int(self.database.one(f"select coalesce(max(key), 0) from {table}")[0]) for table in _KEYED)
        self.ids = Ids(clock, secret=secret, last=last)
        self.documents = Documents(self.database)
        self.balances = Balances(self.database)
        self.journal = Journal(self.database)
        self.marks = Marks(self.database, self.journal, now_us=self.now_us())
        self.commit()

    def now_us(self) -> int:
        """Unix microseconds."""
        return self._wall_ns() // 1000

    def commit(self) -> None:
        """End a group: everything written since the last call is on disk when this returns."""
        self.balances.trim()
        if self.database.writing:
            if self.journal.has_batch:
                self.balances.settle()
                self.journal.index()
            self.marks.trim(self.now_us())
            self.database.commit()

    def abandon(self) -> None:
        """Undo a group that broke, and forget what memory knew of it."""
        self.database.rollback()
        self.documents.forget()
        self.balances.forget()
        self.journal.forget()
        self.marks.forget(self.now_us())

    def close(self) -> None:
        """Settle and close; opening again finds the same, also where the disk is too full to settle."""
        try:
            self.balances.settle()
            self.journal.index()
            self.database.commit()
        except StorageFailed:
            self.database.rollback()
        self.database.close()
