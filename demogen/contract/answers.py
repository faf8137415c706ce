"""What the ledger answers about an entity: the fields we rely on, type-checked (contract 3, 8, 11).

A missing field or a wrong type fails the decoding; unknown fields pass, since v4 adds some (contract 13.3). Requests
are `entities`. May import: nothing from demogen.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec

T = TypeVar("T")


class Answer(msgspec.Struct, frozen=True, rename="camel"):
    """What every entity's answer has."""

    id: UUID
    created_at: datetime
    metadata: dict[str, Any] | None = None


class OrganizationAnswer(Answer, frozen=True, kw_only=True, rename="camel"):
    legal_name: str
    legal_document: str


class LedgerAnswer(Answer, frozen=True, kw_only=True, rename="camel"):
    name: str
    organization_id: UUID


class InLedger(Answer, frozen=True, kw_only=True, rename="camel"):
    organization_id: UUID
    ledger_id: UUID


class AssetAnswer(InLedger, frozen=True, kw_only=True, rename="camel"):
    name: str
    type: str
    code: str


class AccountTypeAnswer(InLedger, frozen=True, kw_only=True, rename="camel"):
    name: str
    key_value: str


class RouteAnswer(InLedger, frozen=True, kw_only=True, rename="camel"):
    """An operation route or a transaction route."""

    title: str


class NamedAnswer(InLedger, frozen=True, kw_only=True, rename="camel"):
    """A portfolio or a segment."""

    name: str


class AccountAnswer(InLedger, frozen=True, kw_only=True, rename="camel"):
    asset_code: str
    alias: str
    type: str
    portfolio_id: UUID | None
    segment_id: UUID | None


class BalanceAnswer(InLedger, frozen=True, kw_only=True, rename="camel"):
    account_id: UUID
    key: str
    asset_code: str
    available: str
    on_hold: str
    version: int


class AssetRateAnswer(InLedger, frozen=True, kw_only=True, rename="camel"):
    source_asset: str = msgspec.field(name="from")
    target_asset: str = msgspec.field(name="to")
    rate: int | float
    scale: int | float


class TransactionAnswer(InLedger, frozen=True, kw_only=True, rename="camel"):
    """The head of a transaction; legs are the auditor's concern."""

    amount: str
    asset_code: str
    parent_transaction_id: UUID | None = None


class _Operations(msgspec.Struct, frozen=True):
    operations: list[_Named] | None = None


class _Named(msgspec.Struct, frozen=True):
    id: str = ""


class _Available(msgspec.Struct, frozen=True):
    key: str = ""
    available: str = ""


class _Balances(msgspec.Struct, frozen=True):
    items: list[_Available] | None = None


class _Cursor(msgspec.Struct, frozen=True):
    next_cursor: str | None = None


def first_operation_id(body: bytes) -> str:
    """The id of the first operation in a transaction's answer; "" where there is none."""
    try:
        operations = msgspec.json.decode(body, type=_Operations).operations
    except msgspec.DecodeError:
        return ""
    return operations[0].id if operations else ""


def available_text(body: bytes) -> str:
    """What the default balance in an account's list of balances has available, as decimal text; "" without one."""
    try:
        balances = msgspec.json.decode(body, type=_Balances).items
    except msgspec.DecodeError:
        return ""
    return next((one.available for one in balances or () if one.key == "default"), "")


def next_cursor(body: bytes) -> str:
    """Where the next page of a cursor list begins; "" on the last one (contract 2.3)."""
    try:
        return msgspec.json.decode(body, type=_Cursor).next_cursor or ""
    except msgspec.DecodeError:
        return ""


class Page(msgspec.Struct, Generic[T], frozen=True):
    """A list answer of either kind (contract 2.3); `items` is null where a page is empty."""

    items: list[T] | None = None
    next_cursor: str | None = None
