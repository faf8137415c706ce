"""The books as they stand just before the load: every balance, and where each ledger's transactions end. In SQLite.

Read in the load's own process, so nothing here needs the audit's database. May import: `client`, `contract`,
`record`, `errors`, `clock`, `sweep`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from demogen.audit.ground import Ground
from demogen.audit.pages import BalanceItem, store_balances
from demogen.audit.sweep import Sweeper
from demogen.client.crew import Crew
from demogen.clock import Clock
from demogen.contract.transactions import LedgerRef
from demogen.errors import IntegrityUnknown, RunFolderError

_SCHEMA = """
create table ledgers (ledger integer primary key, newest text not null, read_ns integer not null);
create table balances (
    ledger integer not null, id text not null, account_id text not null, alias text not null, key text not null,
    asset_code text not null, available text not null, on_hold text not null, version integer not null,
    account_type text not null, direction text not null);
"""
_FIELDS = tuple(field for field in BalanceItem.__struct_fields__ if field != "updated_at")
_ROUNDS_MAX = 50
_PAUSE_S = 0.1
#: An asynchronous ledger's lists lag behind its balances; so many rounds of that are waited for.
_LAG_ROUNDS_MAX = 30
#: Balances of each ledger that are compared with their operations: those used last, and those used most.
_COMPARED = 3


def read_opening(path: Path, *, ledgers: Sequence[LedgerRef], crew: Crew, sweeper: Sweeper, clock: Clock) -> int:
    """Read and save the opening of `ledgers`; how many balances there are.

    Reads until two looks agree on where the transactions end, and the lists have caught up with the balances: all
    that is read is of one moment. Raises IntegrityUnknown where the ledger does not come to rest, RunFolderError
    where the file cannot be written.
    """
    for round_number in range(_ROUNDS_MAX):
        before = _newest(ledgers, crew, sweeper)
        balances = _balances(ledgers, crew, sweeper)
        level = round_number >= _LAG_ROUNDS_MAX or not _behind(ledgers, balances, crew, sweeper)
        if level and _newest(ledgers, crew, sweeper) == before:
            _save(path, before, balances, read_ns=clock.wall_ns())
            return len(balances)
        clock.sleep(_PAUSE_S)
    raise IntegrityUnknown(
        "the ledger does not come to rest before the load", hint="is another load running against it?"
    )


def _behind(
    ledgers: Sequence[LedgerRef], balances: Sequence[tuple[int, BalanceItem]], crew: Crew, sweeper: Sweeper
) -> int:
    """By how many changes the lists of operations lag, as far as the balances that would show it first can tell."""
    by_ledger: dict[int, list[BalanceItem]] = {}
    for row, item in balances:
        if item.version:
            by_ledger.setdefault(row, []).append(item)
    looked_at = {
        (ledger.index, item.id): (ledger, item)
        for ledger in ledgers
        for items in [by_ledger.get(ledger.index, [])]
        for order in (_last_used, _most_used)
        for item in sorted(items, key=order, reverse=True)[:_COMPARED]
    }
    return sum(crew.run(sweeper.behind(ledger, item) for ledger, item in looked_at.values()))


def _last_used(item: BalanceItem) -> str:
    return item.updated_at


def _most_used(item: BalanceItem) -> int:
    return item.version


def _balances(ledgers: Sequence[LedgerRef], crew: Crew, sweeper: Sweeper) -> list[tuple[int, BalanceItem]]:
    found: list[tuple[int, BalanceItem]] = []

    def take(ledger: LedgerRef, items: list[BalanceItem]) -> None:
        found.extend((ledger.index, item) for item in items)

    for _count in crew.run(sweeper.balances(ledger, take) for ledger in ledgers):
        pass
    return found


def _newest(ledgers: Sequence[LedgerRef], crew: Crew, sweeper: Sweeper) -> dict[int, str]:
    found: dict[int, str] = {}
    walks = (sweeper.newest(ledger, lambda ref, newest: found.__setitem__(ref.index, newest)) for ledger in ledgers)
    for _count in crew.run(walks):
        pass
    return found


def _save(path: Path, newest: dict[int, str], balances: list[tuple[int, BalanceItem]], *, read_ns: int) -> None:
    path.unlink(missing_ok=True)
    marks = ", ".join("?" * (1 + len(_FIELDS)))
    with _opened(path) as database:
        database.executescript(_SCHEMA)
        database.executemany(
            "insert into ledgers values (?, ?, ?)", [(row, id_, read_ns) for row, id_ in newest.items()]
        )
        database.executemany(
            f"insert into balances (ledger, {', '.join(_FIELDS)}) values ({marks})",
            [(row, *(getattr(item, field) for field in _FIELDS)) for row, item in balances],
        )
        database.commit()


def load_opening(ground: Ground, path: Path) -> int:
    """Fill the schema `opening`; how many balances. Raises RunFolderError where the file cannot be read."""
    with _opened(path) as database:
        ledgers = database.execute("select ledger, newest, read_ns from ledgers").fetchall()
        rows = database.execute(f"select ledger, {', '.join(_FIELDS)} from balances").fetchall()
    ground.connection.executemany(
        "insert into opening.ledgers values (?, ?, ?)",
        [(row, int(newest.replace("-", ""), 16) if newest else None, read_ns) for row, newest, read_ns in ledgers],
    )
    store_balances(ground, [(row[0], BalanceItem(*row[1:])) for row in rows], schema="opening")
    return len(rows)


def opening_worth(path: Path) -> dict[tuple[int, str], int]:
    """What all balances were worth together before the load, in atto units by (ledger row, asset).

    Raises RunFolderError where the file cannot be read.
    """
    with _opened(path) as database:
        rows = database.execute(f"select ledger, {', '.join(_FIELDS)} from balances").fetchall()
    total: dict[tuple[int, str], int] = {}
    for row in rows:
        item = BalanceItem(*row[1:])
        pot = (row[0], item.asset_code)
        total[pot] = total.get(pot, 0) + item.worth
    return total


def available(path: Path) -> dict[tuple[int, str], str]:
    """What each account had available on its default balance: decimal texts by (ledger row, alias)."""
    with _opened(path) as database:
        rows = database.execute("select ledger, alias, available from balances where key = 'default'").fetchall()
    return {(ledger, alias): text for ledger, alias, text in rows}


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(path)) as database:
            yield database
    except sqlite3.Error as error:
        raise RunFolderError(f"cannot use {path}: {error}", hint="free some space, or run the load again") from error
