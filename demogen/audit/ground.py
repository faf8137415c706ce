"""The ground the invariants stand on: one DuckDB database with the schemas `plan`, `journal`, `opening`, `book`.

Works out of core: a memory limit, a spill folder, no row ever passes through a Python loop here. May import: errors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from demogen.errors import RunFolderError

if TYPE_CHECKING:
    import duckdb

TABLES = Path(__file__).parent / "tables"

Column = np.ndarray[Any, Any]

#: Of an audit's own database; DuckDB spills to disk beyond it.
MEMORY_LIMIT = "768MB"


class Ground:
    """An open database with the schema in place. Close it: it holds a file lock."""

    def __init__(
        self,
        path: Path | None = None,
        *,
        memory_limit: str = MEMORY_LIMIT,
        threads: int = 2,
        existing: bool = False,
    ) -> None:
        """In memory without `path`. A file is replaced, since all in it can be read again; `existing` only reads it.

        Raises RunFolderError where an existing one cannot be opened.
        """
        self.path = path
        self.threads = threads
        # Here, not above: the load reads its opening through this room and must not pay for a database.
        import duckdb

        self.connection = duckdb.connect(
            ":memory:",
            config={"memory_limit": memory_limit, "threads": threads, "preserve_insertion_order": "false"},
        )
        if path is not None:
            self._attach(path, existing=existing)
        if not existing:
            self.run_script(TABLES / "schema.sql")

    def _attach(self, path: Path, *, existing: bool) -> None:
        import duckdb

        if not existing:
            for stale in (path, path.with_suffix(path.suffix + ".wal")):
                stale.unlink(missing_ok=True)
        self.connection.execute(f"set temp_directory = {_quoted(path.with_suffix('.spill'))}")
        try:
            # Attached under a name of its own: a database called as one of its schemas is ambiguous.
            self.connection.execute(f"attach {_quoted(path)} as audit{' (read_only)' if existing else ''}")
        except duckdb.Error as error:
            raise RunFolderError(
                f"cannot open {path}: {str(error).splitlines()[0]}", hint="audit the run first: demogen audit DIR"
            ) from error
        self.connection.execute("use audit")
        # What is lost in a crash is read again: no need to write everything twice.
        self.connection.execute("set wal_autocheckpoint = '2GB'")

    def run_script(self, path: Path) -> None:
        """Execute every statement of a .sql file."""
        self.connection.execute(path.read_text(encoding="utf-8"))

    def insert(self, statement: str, columns: Mapping[str, Column]) -> None:
        """Run an `insert … select … from given`, where `given` holds these columns (arrays of one length)."""
        self.connection.register("given", dict(columns))
        try:
            self.connection.execute(statement)
        finally:
            self.connection.unregister("given")

    def rows(self, query: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a small result."""
        return self.connection.execute(query, list(parameters)).fetchall()

    def value(self, query: str, parameters: Sequence[object] = ()) -> Any:
        """The first column of the first row; None where there is no row."""
        row = self.connection.execute(query, list(parameters)).fetchone()
        return row[0] if row else None

    @contextmanager
    def another(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A further connection to the same database, for another thread."""
        connection = self.connection.cursor()
        try:
            if self.path is not None:
                connection.execute("use audit")
            yield connection
        finally:
            connection.close()

    def close(self) -> None:
        self.connection.close()


def halves_of_ids(ids: Sequence[str]) -> tuple[Column, Column]:
    """UUID texts as two columns, high and low 64 bits; an empty text is 0. All at once, in C."""
    plain = "".join([text.replace("-", "") if text else _NO_ID for text in ids])
    halves = np.frombuffer(bytes.fromhex(plain), dtype=">u8").reshape(-1, 2)
    return halves[:, 0].astype(np.int64), halves[:, 1].astype(np.uint64)


def texts(values: Sequence[str]) -> Column:
    """Texts as an object column, which DuckDB reads as VARCHAR."""
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


_NO_ID = "0" * 32
