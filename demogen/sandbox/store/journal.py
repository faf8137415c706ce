"""Keeps transactions and their operations; appends, and reads back by id, by ledger and by account.

Which operations an account has is indexed in sorted batches, when somebody asks or a batch is full: a row-by-row index
would dirty a page for each leg. Judges no rule. May import: demogen.sandbox.store.database.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from demogen.sandbox.store.database import Database

_INDEX_BATCH = 20_000


class Transaction(msgspec.Struct, gc=False):
    """A row of the book (contract 4.4). `mark` is its idempotency key or body hash, `sides` its aliases as JSON."""

    key: int
    ledger: int
    parent: int | None
    status: str
    kind: str
    description: str
    amount: str
    asset: str
    group_name: str
    route: str
    route_id: str | None
    metadata: str | None
    sides: str
    first_from: int | None
    first_to: int | None
    second_from: int | None
    second_to: int | None
    created: int
    updated: int
    stepped: int | None
    mark: str | None
    mark_until: int


class Operation(msgspec.Struct, gc=False):
    """One change of one balance, with the balance before and after it (contract 4.4)."""

    key: int
    transaction: int
    account: int
    balance: int
    type: str
    direction: str
    amount: str
    available_before: str
    on_hold_before: str
    version_before: int
    used_before: str
    available_after: str
    on_hold_after: str
    version_after: int
    used_after: str
    affected: int
    asset: str
    alias: str
    name: str
    description: str
    chart: str
    route: str
    route_id: str | None
    route_code: str | None
    route_description: str | None
    metadata: str | None
    created: int
    updated: int


_astuple = msgspec.structs.astuple
_INSERT_TRANSACTION = f"insert into transactions values ({','.join('?' * len(Transaction.__struct_fields__))})"
_INSERT_OPERATION = f"insert into operations values ({','.join('?' * len(Operation.__struct_fields__))})"


class Journal:
    """The tables of transactions and operations."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._unindexed = _INDEX_BATCH

    def book(self, transaction: Transaction, operations: Sequence[Operation]) -> None:
        """Append a new transaction and its operations."""
        self._db.write(_INSERT_TRANSACTION, _astuple(transaction))
        self.append(operations)

    def append(self, operations: Sequence[Operation]) -> None:
        """Append operations of a transaction that is booked already."""
        write = self._db.write
        for operation in operations:
            write(_INSERT_OPERATION, _astuple(operation))
        self._unindexed += len(operations)

    def get(self, ledger: int, key: int) -> Transaction | None:
        row = self._db.one("select * from transactions where key = ? and ledger = ?", (key, ledger))
        return None if row is None else Transaction(*row)

    def select(self, where: str, values: Sequence[Any], tail: str) -> list[Transaction]:
        """Transactions by a condition of our own making."""
        return [Transaction(*row) for row in self._db.all(f"select * from transactions where {where} {tail}", values)]

    def count(self, where: str, values: Sequence[Any]) -> int:
        return int(self._db.one(f"select count(*) from transactions where {where}", values)[0])

    def reversal_of(self, key: int) -> Transaction | None:
        row = self._db.one("select * from transactions where parent = ?", (key,))
        return None if row is None else Transaction(*row)

    def save(self, transaction: Transaction) -> None:
        """Write what may change: status, second operations, description, metadata."""
        self._db.write(
            "update transactions set status = ?, second_from = ?, second_to = ?, description = ?, metadata = ?,"
            " updated = ?, stepped = ?, mark = ?, mark_until = ?, parent = ? where key = ?",
            (
                transaction.status, transaction.second_from, transaction.second_to, transaction.description,
                transaction.metadata, transaction.updated, transaction.stepped, transaction.mark,
                transaction.mark_until, transaction.parent, transaction.key,
            ),
        )  # fmt: skip

    def operations_of(self, transaction: Transaction, *, first_only: bool = False) -> list[Operation]:
        """Oldest first; keys of one step are a closed range, because steps never interleave."""
        rows: list[Any] = []
        ranges = [(transaction.first_from, transaction.first_to)]
        if not first_only:
            ranges.append((transaction.second_from, transaction.second_to))
        for first, last in ranges:
            if first is not None:
                rows += self._db.all("select * from operations where key between ? and ?", (first, last))
        return [Operation(*row) for row in rows]

    def operation(self, key: int) -> Operation | None:
        row = self._db.one("select * from operations where key = ?", (key,))
        return None if row is None else Operation(*row)

    def save_operation(self, operation: Operation) -> None:
        self._db.write(
            "update operations set description = ?, metadata = ?, updated = ? where key = ?",
            (operation.description, operation.metadata, operation.updated, operation.key),
        )

    def of_account(self, account: int, where: str, values: Sequence[Any], tail: str) -> list[Operation]:
        """Operations of an account, after bringing the index up to date."""
        self.index()
        rows = self._db.all(
            "select o.* from account_operations a cross join operations o on o.key = a.operation"
            f" where a.account = ? and {where} {tail}",
            (account, *values),
        )
        return [Operation(*row) for row in rows]

    @property
    def has_batch(self) -> bool:
        """Whether enough operations came together for the slow tables to be brought up to date."""
        return self._unindexed >= _INDEX_BATCH

    def index(self) -> None:
        """Bring the account index up to date, in sorted order."""
        if not self._unindexed:
            return
        done = int(self._db.meta("indexed", "0"))
        last = self._db.one("select max(key) from operations")[0] or done
        self._db.write(
            "insert into account_operations select account, key from operations where key > ? order by account, key",
            (done,),
        )
        self._db.remember("indexed", str(last))
        self._unindexed = 0

    def hold(self, key: int, body: str) -> None:
        self._db.write("insert into holds values (?, ?)", (key, body))

    def held(self, key: int) -> str | None:
        row = self._db.one("select body from holds where transaction_key = ?", (key,))
        return None if row is None else str(row[0])

    def release(self, key: int) -> None:
        self._db.write("delete from holds where transaction_key = ?", (key,))

    def keep_answer(self, key: int, body: bytes) -> None:
        self._db.write("insert or ignore into answers values (?, ?)", (key, body))

    def answer(self, key: int) -> bytes | None:
        row = self._db.one("select body from answers where transaction_key = ?", (key,))
        return None if row is None else bytes(row[0])

    def forget(self) -> None:
        """After a rollback the index must be looked at again."""
        self._unindexed = _INDEX_BATCH
