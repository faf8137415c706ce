"""Pages of the ledger's lists, typed; and columns that grow item by item until they are handed to the database.

A page whose shape is not the contract's raises IntegrityUnknown: nothing is judged on half-read books (contract 4.4,
8.1). May import: `contract`, `errors`, `ground`.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec
import numpy as np

from demogen.audit.ground import Column, Ground, halves_of_ids, texts
from demogen.contract.money import atto_of_text
from demogen.contract.wire import MARK
from demogen.errors import IntegrityUnknown


class StatusPart(msgspec.Struct, frozen=True):
    code: str


class AmountPart(msgspec.Struct, frozen=True):
    value: str


class StatePart(msgspec.Struct, frozen=True, rename="camel"):
    """A balance as an operation saw it."""

    available: str
    on_hold: str
    version: int


class OperationItem(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    type: str
    direction: str
    asset_code: str
    amount: AmountPart
    balance: StatePart
    balance_after: StatePart
    account_id: str
    account_alias: str
    balance_key: str
    balance_id: str
    balance_affected: bool = True


class TransactionItem(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    status: StatusPart
    amount: str
    asset_code: str
    created_at: str
    parent_transaction_id: str | None = None
    metadata: dict[str, object] | None = None
    operations: list[OperationItem] | None = None

    @property
    def mark(self) -> str:
        """Our own key; empty where the transaction carries none."""
        value = self.metadata.get(MARK) if self.metadata else None
        return value if isinstance(value, str) else ""


class BalanceItem(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    account_id: str
    alias: str
    key: str
    asset_code: str
    available: str
    on_hold: str
    version: int
    account_type: str
    direction: str
    #: Only a hint at which balances were used last: not every server keeps it up with each change.
    updated_at: str = ""

    @property
    def state(self) -> tuple[int, str, str]:
        """What a transaction changes: version, available, on hold."""
        return self.version, self.available, self.on_hold

    @property
    def worth(self) -> int:
        """Atto units that it adds to the sum that never changes (contract 8.2)."""
        available = atto_of_text(self.available)
        return -available if self.direction == "debit" else available + atto_of_text(self.on_hold)


class TransactionPage(msgspec.Struct, frozen=True):
    items: list[TransactionItem] | None = None
    next_cursor: str = ""


class BalancePage(msgspec.Struct, frozen=True):
    items: list[BalanceItem] | None = None
    next_cursor: str = ""


class OperationPage(msgspec.Struct, frozen=True):
    items: list[OperationItem] | None = None


_Page = TypeVar("_Page", TransactionPage, BalancePage, OperationPage, TransactionItem)


class Reader:
    """Decodes pages; one for each thread of reading."""

    def __init__(self) -> None:
        self._transactions = msgspec.json.Decoder(TransactionPage)
        self._transaction = msgspec.json.Decoder(TransactionItem)
        self._balances = msgspec.json.Decoder(BalancePage)
        self._operations = msgspec.json.Decoder(OperationPage)

    def transactions(self, body: bytes) -> TransactionPage:
        return _decoded(self._transactions, body)

    def transaction(self, body: bytes) -> TransactionItem:
        return _decoded(self._transaction, body)

    def balances(self, body: bytes) -> BalancePage:
        return _decoded(self._balances, body)

    def operations(self, body: bytes) -> OperationPage:
        return _decoded(self._operations, body)


def _decoded(decoder: msgspec.json.Decoder[_Page], body: bytes) -> _Page:
    try:
        return decoder.decode(body)
    except msgspec.DecodeError as error:
        raise IntegrityUnknown(
            f"the ledger's answer is not what the contract says: {error}", hint="is this a v3.8 or v4 ledger?"
        ) from error


_FRESH_OPERATIONS = """
create or replace temp table fresh_operations as select
    wide(id_hi, id_lo) as id, wide(transaction_hi, transaction_lo) as transaction_id, given.ledger,
    coalesce(known.account, external.account, -1) as account, wide(account_hi, account_lo) as account_id,
    given.alias, wide(balance_hi, balance_lo) as balance_id, balance_key, type, direction, given.asset,
    exact_money(amount) as amount, exact_money(available_before) as available_before,
    exact_money(on_hold_before) as on_hold_before, version_before, exact_money(available_after) as available_after,
    exact_money(on_hold_after) as on_hold_after, version_after, moves_balance
from given left join plan.accounts known on known.account_id = wide(account_hi, account_lo)
-- The plan knows an external account by its alias only (contract 3.3).
left join plan.accounts external
    on external.external and external.ledger = given.ledger and external.alias = given.alias"""

_INSERT_TRANSACTIONS = """
insert into book.transactions select
    wide(id_hi, id_lo), ledger, nullif(wide(parent_hi, parent_lo), 0), status, exact_money(amount), given.asset,
    mark, key_of_mark(mark, (select run_id from plan.run)), epoch_ns(created_at::timestamp_ns),
    operations, residue, held, print, coalesce(mixed or done.asset <> given.asset, false)
from given left join (from footprints('fresh_operations')) done on done.transaction_id = wide(id_hi, id_lo)"""

_INSERT_BALANCES = """
insert into {schema}.balances select
    wide(id_hi, id_lo), given.ledger,
    coalesce(known.account, external.account, -1),
    wide(account_hi, account_lo), given.alias, balance_key, given.asset,
    exact_money(available), exact_money(on_hold), version, direction, account_type
from given left join plan.accounts known
    on known.account_id = wide(account_hi, account_lo)
-- The plan knows an external account by its alias only (contract 3.3).
left join plan.accounts external
    on external.external and external.ledger = given.ledger and external.alias = given.alias"""


def store_transactions(ground: Ground, items: list[tuple[int, TransactionItem]]) -> None:
    """Append transactions, each with the row of its ledger, and their operations to the book.

    Balances must be stored before: an operation's sign is its balance's.
    """
    if not items:
        return
    _store_operations(ground, items)
    ledgers = np.array([ledger for ledger, _ in items], dtype=np.uint32)
    found = [item for _, item in items]
    columns: dict[str, Column] = {
        "ledger": ledgers,
        "status": texts([item.status.code for item in found]),
        "amount": texts([item.amount for item in found]),
        "asset": texts([item.asset_code for item in found]),
        "mark": texts([item.mark for item in found]),
        "created_at": texts([item.created_at for item in found]),
        **_ids("id", [item.id for item in found]),
        **_ids("parent", [item.parent_transaction_id or "" for item in found]),
    }
    ground.insert(_INSERT_TRANSACTIONS, columns)


def _store_operations(ground: Ground, items: list[tuple[int, TransactionItem]]) -> None:
    rows = [(ledger, item.id, operation) for ledger, item in items for operation in item.operations or ()]
    found = [operation for _, _, operation in rows]
    columns: dict[str, Column] = {
        "ledger": np.array([row[0] for row in rows], dtype=np.uint32),
        "alias": texts([item.account_alias for item in found]),
        "balance_key": texts([item.balance_key for item in found]),
        "type": texts([item.type for item in found]),
        "direction": texts([item.direction for item in found]),
        "asset": texts([item.asset_code for item in found]),
        "amount": texts([item.amount.value for item in found]),
        "available_before": texts([item.balance.available for item in found]),
        "on_hold_before": texts([item.balance.on_hold for item in found]),
        "version_before": np.array([item.balance.version for item in found], dtype=np.int64),
        "available_after": texts([item.balance_after.available for item in found]),
        "on_hold_after": texts([item.balance_after.on_hold for item in found]),
        "version_after": np.array([item.balance_after.version for item in found], dtype=np.int64),
        "moves_balance": np.array([item.balance_affected for item in found], dtype=bool),
        **_ids("id", [item.id for item in found]),
        **_ids("transaction", [row[1] for row in rows]),
        **_ids("account", [item.account_id for item in found]),
        **_ids("balance", [item.balance_id for item in found]),
    }
    ground.insert(_FRESH_OPERATIONS, columns)
    ground.connection.execute("insert into book.operations from fresh_operations")


def store_balances(ground: Ground, items: list[tuple[int, BalanceItem]], *, schema: str) -> None:
    """Append balances, each with the row of its ledger; `schema` is "opening" or "book"."""
    if not items:
        return
    found = [item for _, item in items]
    columns: dict[str, Column] = {
        "ledger": np.array([ledger for ledger, _ in items], dtype=np.uint32),
        "alias": texts([item.alias for item in found]),
        "balance_key": texts([item.key for item in found]),
        "asset": texts([item.asset_code for item in found]),
        "available": texts([item.available for item in found]),
        "on_hold": texts([item.on_hold for item in found]),
        "version": np.array([item.version for item in found], dtype=np.int64),
        "direction": texts([item.direction for item in found]),
        "account_type": texts([item.account_type for item in found]),
        **_ids("id", [item.id for item in found]),
        **_ids("account", [item.account_id for item in found]),
    }
    ground.insert(_INSERT_BALANCES.format(schema=schema), columns)


def _ids(name: str, values: list[str]) -> dict[str, Column]:
    high, low = halves_of_ids(values)
    return {f"{name}_hi": high, f"{name}_lo": low}
