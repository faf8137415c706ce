"""One SQLite connection and its group commit (issue: an answered 201 survives kill -9).

Every write of a group of requests shares one SQL transaction; the server releases the answers after `commit`. In WAL
mode with synchronous=FULL a commit is on disk when it returns. Refuses to know any table but `meta`. May import:
demogen.errors.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from typing import Any

from demogen.errors import UsageError

_PAGE_CACHE_KIB = 32_768
_WAL_PAGES = 4_000
_PATIENCE_S = 0.5
FORMAT = "1"
StorageFailed = sqlite3.OperationalError


def fold(text: str | float | bytes | None) -> str | float | bytes | None:
    """Text without its case, as SQL's `fold`; anything else as it is."""
    return text.lower() if isinstance(text, str) else text


class Database:
    """The file (or memory), opened and laid out."""

    def __init__(self, path: str) -> None:
        try:
            self._connection = sqlite3.connect(path, isolation_level=None, cached_statements=256, timeout=_PATIENCE_S)
            # One process, one ledger: a second one on the same file is told so at once.
            self._connection.execute("pragma locking_mode = exclusive")
            self._connection.execute("pragma journal_mode = wal")
            self._connection.execute("pragma synchronous = full")
            self._connection.execute(f"pragma cache_size = -{_PAGE_CACHE_KIB}")
            self._connection.execute(f"pragma wal_autocheckpoint = {_WAL_PAGES}")
            self._connection.execute("pragma temp_store = memory")
            self._connection.create_function("fold", 1, fold, deterministic=True)
            self._connection.executescript(files(__package__).joinpath("schema.sql").read_text(encoding="utf-8"))
        except sqlite3.Error as error:
            hint = "name another --db, where files can be written, or remove this one"
            if "locked" in str(error):
                hint = "stop the sandbox that has it"
            raise UsageError(f"cannot open {path} as a sandbox database: {error}", hint=hint) from error
        self._execute = self._connection.execute
        self.writing = False
        kept = self.meta("format", FORMAT)
        if kept != FORMAT:
            raise UsageError(f"{path} was written by another version", hint="name another --db, or remove the file")
        self.commit()

    def all(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """Every row of a query."""
        return self._execute(sql, values).fetchall()

    def rows(self, sql: str, values: Sequence[Any] = ()) -> Iterator[Any]:
        """The rows of a query, one at a time."""
        return iter(self._execute(sql, values))

    def one(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """The first row of a query, or None."""
        return self._execute(sql, values).fetchone()

    def write(self, sql: str, values: Sequence[Any] = ()) -> int:
        """One statement inside the group's transaction; how many rows it changed."""
        if not self.writing:
            self._execute("begin")
            self.writing = True
        return self._execute(sql, values).rowcount

    def write_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """One statement for many rows inside the group's transaction."""
        if not self.writing:
            self._execute("begin")
            self.writing = True
        self._connection.executemany(sql, rows)

    def commit(self) -> None:
        """Put the group on disk."""
        if self.writing:
            self._execute("commit")
            self.writing = False

    def rollback(self) -> None:
        """Undo the group; on a full disk SQLite has undone it by itself."""
        if self._connection.in_transaction:
            self._execute("rollback")
        self.writing = False

    def meta(self, name: str, default: str) -> str:
        """A remembered word; written with its default when it is new."""
        row = self.one("select value from meta where name = ?", (name,))
        if row is not None:
            return str(row[0])
        self.remember(name, default)
        return default

    def remember(self, name: str, value: str) -> None:
        self.write("insert or replace into meta (name, value) values (?, ?)", (name, value))

    def close(self) -> None:
        self._connection.close()
