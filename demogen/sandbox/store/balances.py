"""Keeps balances: hot ones as objects, all of them in SQLite, exact after any crash.

The operations are the durable truth: each carries the balance after it. Changed balances are written back in sorted
batches (`settle`), and on opening the operations since the last batch are read again, some ten thousand at most. So a
transaction costs appends only. Judges no rule. May import: demogen.sandbox.exact, demogen.sandbox.store.database.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from demogen.sandbox import exact
from demogen.sandbox.store.database import Database

_COLUMNS = (
    "key, ledger, account, alias, name, asset, account_type, direction, available, on_hold, version, overdraft_used,"
    " allow_sending, allow_receiving, settings, created, updated, ruling_sending, ruling_receiving, ruling_until"
)
_CACHED = 40_000


class Balance:
    """One balance of one account (contract 8)."""

    __slots__ = (
        "account", "account_type", "alias", "allow_receiving", "allow_sending", "asset", "available", "created",
        "deleted", "direction", "key", "ledger", "name", "on_hold", "overdraft_used", "ruling_receiving",
        "ruling_sending", "ruling_until", "settings", "updated", "version",
    )  # fmt: skip

    def __init__(
        self, *, key: int, ledger: int, account: int, alias: str, name: str, asset: str, account_type: str,
        direction: str, created: int,
    ) -> None:  # fmt: skip
        self.key = key
        self.ledger = ledger
        self.account = account
        self.alias = alias
        self.name = name
        self.asset = asset
        self.account_type = account_type
        self.direction = direction
        self.available = self.on_hold = self.overdraft_used = exact.ZERO
        self.version = 0
        self.allow_sending = self.allow_receiving = True
        self.ruling_sending = self.ruling_receiving = True
        self.ruling_until = 0
        self.settings: dict[str, Any] | None = None
        self.created = self.updated = created
        self.deleted = False


class Balances:
    """The table of balances behind a cache; `settle` brings the table up to date."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._by_name: dict[tuple[int, str, str], Balance] = {}
        self._by_key: dict[int, Balance] = {}
        self._dirty: dict[int, Balance] = {}
        self._recover()
        self.settle()

    def _recover(self) -> None:
        """Read what was booked after the last batch; the last operation of a balance says how it stands."""
        settled = int(self._db.meta("settled", "0"))
        rows = self._db.all(
            "select balance, max(key), available_after, on_hold_after, version_after, used_after, name, updated"
            " from operations where key > ? and affected group by balance",
            (settled,),
        )
        for key, _, available, on_hold, version, used, name, moment in rows:
            balance = self.get(key)
            if balance is None:
                continue
            balance.available, balance.on_hold, balance.version = Decimal(available), Decimal(on_hold), version
            balance.overdraft_used = exact.ZERO if name == "overdraft" else Decimal(used)
            balance.updated = max(balance.updated, moment)
            self._dirty[key] = balance

    def add(self, balance: Balance) -> None:
        self._db.write(
            f"insert into balances ({_COLUMNS}) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", _row(balance)
        )
        self._remember(balance)

    def find(self, ledger: int, alias: str, name: str) -> Balance | None:
        """The live balance of an alias and key."""
        found = self._by_name.get((ledger, alias, name))
        if found is not None:
            return found
        rows = self._db.all(
            f"select {_COLUMNS} from balances where ledger = ? and alias = ? and name = ? and deleted is null",
            (ledger, alias, name),
        )
        return self._known(rows[0]) if rows else None

    def get(self, key: int) -> Balance | None:
        found = self._by_key.get(key)
        if found is not None:
            return found
        rows = self._db.all(f"select {_COLUMNS} from balances where key = ? and deleted is null", (key,))
        return self._known(rows[0]) if rows else None

    def select(self, where: str, values: Sequence[Any], tail: str) -> list[Balance]:
        """Live balances by a condition on columns that never change while a balance lives."""
        rows = self._db.all(f"select {_COLUMNS} from balances where {where} and deleted is null {tail}", values)
        return [self._known(row) for row in rows]

    def changed(self, balance: Balance) -> None:
        """An operation changed it; the operation itself is the durable record until the next batch."""
        self._dirty[balance.key] = balance

    def save(self, balance: Balance, *, now_us: int | None = None) -> None:
        """Write flags, settings or deletion through at once."""
        deleted = now_us if balance.deleted else None
        self._db.write("update balances set deleted = ? where key = ?", (deleted, balance.key))
        self._write([balance])
        if balance.deleted:
            self._dirty.pop(balance.key, None)
            self._by_key.pop(balance.key, None)
            self._by_name.pop((balance.ledger, balance.alias, balance.name), None)

    def trim(self) -> None:
        """Between requests: bound the cache."""
        if len(self._by_key) >= _CACHED:
            self.settle()
            self._by_key.clear()
            self._by_name.clear()

    def settle(self) -> None:
        """Write every changed balance back, in key order."""
        if not self._dirty:
            return
        self._write(sorted(self._dirty.values(), key=_key))
        self._dirty.clear()
        last = self._db.one("select max(key) from operations")[0]
        self._db.remember("settled", str(last or 0))

    def forget(self) -> None:
        """After a rollback: drop every object and start again from disk, without writing: it may be full."""
        self._by_name.clear()
        self._by_key.clear()
        self._dirty.clear()
        self._recover()

    def _write(self, balances: Iterable[Balance]) -> None:
        self._db.write_many(
            "update balances set available = ?, on_hold = ?, version = ?, overdraft_used = ?, allow_sending = ?,"
            " allow_receiving = ?, settings = ?, updated = ?, ruling_sending = ?, ruling_receiving = ?,"
            " ruling_until = ? where key = ?",
            [(*_row(balance)[8:15], *_row(balance)[16:], balance.key) for balance in balances],
        )

    def _known(self, row: Sequence[Any]) -> Balance:
        found = self._by_key.get(row[0])
        if found is None:
            found = _balance(row)
            self._remember(found)
        return found

    def _remember(self, balance: Balance) -> None:
        self._by_key[balance.key] = balance
        self._by_name[balance.ledger, balance.alias, balance.name] = balance


def _key(balance: Balance) -> int:
    return balance.key


def _row(balance: Balance) -> tuple[Any, ...]:
    settings = None if balance.settings is None else msgspec.json.encode(balance.settings).decode()
    return (
        balance.key, balance.ledger, balance.account, balance.alias, balance.name, balance.asset,
        balance.account_type, balance.direction, exact.text(balance.available), exact.text(balance.on_hold),
        balance.version, exact.text(balance.overdraft_used), balance.allow_sending, balance.allow_receiving, settings,
        balance.created, balance.updated, balance.ruling_sending, balance.ruling_receiving, balance.ruling_until,
    )  # fmt: skip


def _balance(row: Sequence[Any]) -> Balance:
    balance = Balance(
        key=row[0], ledger=row[1], account=row[2], alias=row[3], name=row[4], asset=row[5], account_type=row[6],
        direction=row[7], created=row[15],
    )  # fmt: skip
    balance.available, balance.on_hold, balance.version = Decimal(row[8]), Decimal(row[9]), row[10]
    balance.overdraft_used = Decimal(row[11])
    balance.allow_sending, balance.allow_receiving = bool(row[12]), bool(row[13])
    balance.settings = None if row[14] is None else msgspec.json.decode(row[14])
    balance.updated = row[16]
    balance.ruling_sending, balance.ruling_receiving, balance.ruling_until = bool(row[17]), bool(row[18]), row[19]
    return balance
