"""What has been made, on disk: one SQLite file that is checkpoint, index and directory at once.

Two things make a killed run resumable without a write before every request. A *frontier* says how far into each
stage requests may have been sent: what lies beyond was certainly never sent, what lies before it and has no row is
in doubt and is looked up first. Rows are written in batches, one transaction each. Remembers and answers; never
sends. May import: errors, contract, kinds.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import IntEnum
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from demogen.errors import RunFolderError, UsageError
from demogen.population.kinds import Kind

FORMAT = 1

_BLINK_NS = 50_000_000

_SCHEMA = """
create table if not exists about (key text primary key, value text not null) without rowid;
create table if not exists frontier (
    kind integer, wave integer, part text, sent integer not null, primary key (kind, wave, part)
) without rowid;
create table if not exists entity (
    kind integer, position integer, state integer not null, id blob, ledger integer not null,
    owner integer not null, label text not null, asset text not null default '', scale integer not null default 0,
    role text not null default '', code text not null default '', reason text not null default '', body blob,
    primary key (kind, position)
) without rowid;
"""


class State(IntEnum):
    """What became of a planned entity."""

    MADE = 1  # this population's own request made it
    FOUND = 2  # it was there already: an earlier run made it
    FAILED = 3  # the server refused it, or could not be asked
    SKIPPED = 4  # something it needs is missing, or the server has no such thing


class Row(NamedTuple):
    """One entity as it became: `position` is its index in the plan, `owner` its organization, `label` its name."""

    kind: Kind
    position: int
    state: State
    id: bytes | None
    ledger: int
    owner: int
    label: str
    asset: str = ""
    scale: int = 0
    role: str = ""
    code: str = ""
    reason: str = ""
    body: bytes | None = None


class Positions:
    """A set of small integers, a bit each."""

    def __init__(self, members: Iterable[int] = ()) -> None:
        self._bits = bytearray()
        self.size = 0
        for member in members:
            self.add(member)

    def add(self, member: int) -> None:
        place, bit = member >> 3, 1 << (member & 7)
        if place >= len(self._bits):
            self._bits.extend(bytes(place + 1 - len(self._bits) + (place >> 1)))
        if not self._bits[place] & bit:
            self._bits[place] |= bit
            self.size += 1

    def __contains__(self, member: int) -> bool:
        place = member >> 3
        return place < len(self._bits) and bool(self._bits[place] & (1 << (member & 7)))

    def __len__(self) -> int:
        return self.size


class Batch:
    """How many rows make a batch: more while batches fill within a blink, fewer while they take long.

    A batch is what a kill may lose, and what a look-up then has to find again.
    """

    def __init__(self, start: int, *, now: Callable[[], int], least: int = 16, most: int = 4_096) -> None:
        self.size = max(least, min(start, most))
        self._least = least
        self._most = most
        self._now = now
        self._since_ns = now()

    def filled(self) -> None:
        """Take note that a batch has been written."""
        now_ns = self._now()
        took_ns, self._since_ns = now_ns - self._since_ns, now_ns
        if took_ns < _BLINK_NS:
            self.size = min(self._most, self.size * 2)
        elif took_ns > 8 * _BLINK_NS:
            self.size = max(self._least, self.size // 2)


class Manifest:
    """The manifest of one population. Not for several processes at once: each part has its own file."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Raises RunFolderError where the file cannot be opened, UsageError where it is none or is being written."""
        self.path = path
        self._pending: list[Row] = []
        self._lock = -1 if read_only else _lock(path)
        try:
            mode = "ro" if read_only else "rwc"
            self._db = sqlite3.connect(f"file:{_quoted(path)}?mode={mode}", uri=True, isolation_level=None)
            if not read_only:
                self._db.execute("pragma journal_mode=wal")
                self._db.execute("pragma synchronous=normal")
                self._db.executescript(_SCHEMA)
            self._db.execute("select 1 from about limit 1")
        except sqlite3.DatabaseError as error:
            self._unlock()
            if any(word in str(error) for word in ("unable to open", "readonly", "disk")):
                raise RunFolderError(f"cannot open {path}: {error}", hint="name a writable folder") from error
            raise UsageError(
                f"{path} is no population manifest: {error}", hint="name the folder of demogen generate"
            ) from error

    def about(self) -> dict[str, str]:
        """What the population is: id, digest, seed, preset, spec, server …; empty in a new file."""
        return dict(self._db.execute("select key, value from about"))

    def describe(self, **values: object) -> None:
        """Set entries of `about`."""
        rows = [(key, value if isinstance(value, str) else json.dumps(value)) for key, value in values.items()]
        self._write(lambda: self._db.executemany("insert or replace into about values (?, ?)", rows))

    def frontier(self, kind: Kind, wave: int, part: str) -> int:
        """How many entities of a stage may have been sent."""
        row = self._db.execute(
            "select sent from frontier where kind = ? and wave = ? and part = ?", (kind, wave, part)
        ).fetchone()
        return int(row[0]) if row else 0

    def advance(self, kind: Kind, wave: int, part: str, *, sent: int, wall_ns: int) -> None:
        """Write ahead: up to `sent` entities of the stage may be sent from now on. Writes pending rows along."""

        def write() -> None:
            self._insert(self._pending)
            self._db.execute("insert or replace into frontier values (?, ?, ?, ?)", (kind, wave, part, sent))
            self._db.execute("insert or replace into about values ('sent_wall_ns', ?)", (str(wall_ns),))

        self._write(write)
        self._pending = []

    def note(self, row: Row, *, batch: int = 256) -> bool:
        """Remember what became of an entity; written with the batch it fills. Whether it filled one."""
        self._pending.append(row)
        if len(self._pending) < batch:
            return False
        self.flush()
        return True

    def flush(self) -> None:
        """Write everything noted."""
        if self._pending:
            self._write(lambda: self._insert(self._pending))
            self._pending = []

    def settled(self, kind: Kind) -> Positions:
        """Positions that exist: nothing is left to do for them. A bit each."""
        query = "select position from entity where kind = ? and state in (1, 2)"
        return Positions(position for (position,) in self._db.execute(query, (kind,)))

    def span(self, kind: Kind, first: int, last: int, *, states: Iterable[State] = tuple(State)) -> list[Row]:
        """The rows of positions first ≤ position < last."""
        chosen = ",".join(str(int(state)) for state in states)
        query = f"select * from entity where kind = ? and position >= ? and position < ? and state in ({chosen})"
        return [_row(row) for row in self._db.execute(query, (kind, first, last))]

    def rows(self, kind: Kind | None = None, *, states: Iterable[State] = tuple(State)) -> Iterator[Row]:
        """Entities in order of kind and position."""
        chosen = ",".join(str(int(state)) for state in states)
        where = f"state in ({chosen})" + (f" and kind = {int(kind)}" if kind else "")
        for row in self._db.execute(f"select * from entity where {where} order by kind, position"):
            yield _row(row)

    def counts(self) -> dict[Kind, dict[State, int]]:
        """How many of each kind became what."""
        counted: dict[Kind, dict[State, int]] = {}
        for kind, state, number in self._db.execute("select kind, state, count(*) from entity group by kind, state"):
            counted.setdefault(Kind(kind), {})[State(state)] = number
        return counted

    def count(self, kind: Kind, states: Iterable[State] = tuple(State)) -> int:
        """How many of a kind are in one of these states."""
        chosen = ",".join(str(int(state)) for state in states)
        row = self._db.execute(
            f"select count(*) from entity where kind = ? and state in ({chosen})", (kind,)
        ).fetchone()
        return int(row[0])

    def count_in_ledger(self, kind: Kind, ledger: int, states: Iterable[State]) -> int:
        """How many of a kind in one ledger are in one of these states."""
        chosen = ",".join(str(int(state)) for state in states)
        query = f"select count(*) from entity where kind = ? and ledger = ? and state in ({chosen})"
        return int(self._db.execute(query, (kind, ledger)).fetchone()[0])

    def drop_unmade(self, kind: Kind) -> None:
        """Forget the failures of an earlier run: they are tried again."""
        self._write(lambda: self._db.execute("delete from entity where kind = ? and state in (3, 4)", (kind,)))

    def absorb(self, other: Path) -> None:
        """Take over the rows of another part of the same plan. Raises UsageError where it is of another plan."""
        theirs = Manifest(other, read_only=True)
        try:
            about, ours = theirs.about(), self.about()
            if ours and ours.get("digest") != about.get("digest"):
                raise UsageError(f"{other} is part of another population", hint="join parts of one plan only")
            # Its frontiers stay behind: whoever goes on looks for what has no row before making it.
            merged = {**about, "part": "1/1", "adopting": "yes"}
            self.describe(**merged)
            for row in theirs.rows():
                self.note(row, batch=10_000)
            self.flush()
        finally:
            theirs.close()

    def forget_ledger(self, ledger: int) -> None:
        """Drop the rows of everything in a ledger: it went with it."""
        self._write(
            lambda: self._db.execute("delete from entity where ledger = ? and kind <> ?", (ledger, Kind.LEDGER))
        )

    def start_over(self) -> None:
        """Forget how far requests were sent: nothing of the population is left."""
        self._write(lambda: self._db.execute("delete from frontier"))
        self._write(lambda: self._db.execute("delete from about where key = 'adopting'"))

    def copy_to(self, target: Path) -> None:
        """A compact copy of the whole file."""
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db.execute("vacuum into ?", (str(target),))
        except sqlite3.DatabaseError as error:
            raise RunFolderError(f"cannot write {target}: {error}", hint="name a writable file") from error

    def hold(self, held: Mapping[str, str]) -> None:
        """Remember what accounts hold: account id to decimal text."""
        self._db.execute("create table if not exists held (id blob primary key, amount text not null) without rowid")
        rows = [(UUID(account).bytes, amount) for account, amount in held.items()]
        self._write(lambda: self._db.executemany("insert or replace into held values (?, ?)", rows))

    def held(self, position: int) -> str:
        """What the account at a position held, as decimal text; "" where that is not known."""
        query = "select amount from held natural join entity where kind = ? and position = ?"
        row = self._db.execute(query, (Kind.ACCOUNT, position)).fetchone()
        return str(row[0]) if row else ""

    def index_ids(self) -> None:
        """Make `position_of` quick."""
        self._db.execute("create index if not exists by_id on entity (id)")

    def position_of(self, kind: Kind, entity_id: str) -> int | None:
        """Where the entity of an id stands in the plan."""
        query = "select position from entity where id = ? and kind = ?"
        row = self._db.execute(query, (UUID(entity_id).bytes, kind)).fetchone()
        return int(row[0]) if row else None

    def forget(self, kind: Kind, positions: Iterable[int]) -> None:
        """Drop rows: those entities are gone from the server."""
        rows = [(kind, position) for position in positions]
        self._write(lambda: self._db.executemany("delete from entity where kind = ? and position = ?", rows))

    def last_position(self, kind: Kind) -> int:
        """The highest position of a kind, -1 where there is none."""
        row = self._db.execute("select max(position) from entity where kind = ?", (kind,)).fetchone()
        return -1 if row[0] is None else int(row[0])

    def close(self) -> None:
        self.flush()
        if self._lock >= 0:
            # One file is left, which can be copied, and read from a read-only disk. A reader may be in the way.
            with contextlib.suppress(sqlite3.OperationalError):
                self._db.execute("pragma journal_mode=delete")
        self._db.close()
        self._unlock()

    def _unlock(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _insert(self, rows: list[Row]) -> None:
        self._db.executemany(f"insert or replace into entity values ({','.join('?' * len(Row._fields))})", rows)

    def _write(self, change: Callable[[], object]) -> None:
        """All of a change or none of it, also where Ctrl-C comes in between."""
        try:
            self._db.execute("begin immediate")
            change()
            self._db.execute("commit")
        except sqlite3.DatabaseError as error:
            raise RunFolderError(
                f"cannot write {self.path}: {error}", hint="free some space or name another folder"
            ) from error
        finally:
            if self._db.in_transaction:
                self._db.execute("rollback")


def _lock(path: Path) -> int:
    """A descriptor that keeps other writers out for as long as it is open; the system closes it on kill -9."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise RunFolderError(f"cannot open {path}: {error.strerror}", hint="name a writable folder") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise UsageError(
            f"another process is writing {path}", hint="wait for it to end, or name another folder"
        ) from error
    return descriptor


def _row(row: tuple[Any, ...]) -> Row:
    return Row(Kind(row[0]), row[1], State(row[2]), *row[3:])


def _quoted(path: Path) -> str:
    return str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
