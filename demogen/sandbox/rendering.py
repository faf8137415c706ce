"""How transactions, operations and balances are shown (contract 4.4, 8.1). Decides nothing about money.

May import: demogen.sandbox.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from demogen.sandbox import exact, moments
from demogen.sandbox.http import JSON_TYPE, Call, Reply
from demogen.sandbox.store.balances import Balance
from demogen.sandbox.store.journal import Operation, Transaction
from demogen.sandbox.world import World

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_NO_STATUS = {"code": "", "description": None}


class Place:
    """The organization and ledger of a path, spelled."""

    __slots__ = ("ledger", "organization")

    def __init__(self, world: World, call: Call) -> None:
        self.organization = world.spell_often(call.keys["organization_id"])
        self.ledger = world.spell_often(call.keys["ledger_id"])


def operation(world: World, place: Place, row: Operation) -> dict[str, Any]:
    """An operation as every answer shows it (contract 4.4)."""
    shown: dict[str, Any] = {
        "id": world.spell(row.key),
        "transactionId": world.spell(row.transaction),
        "description": row.description,
        "type": row.type,
        "assetCode": row.asset,
        "chartOfAccounts": row.chart,
        "amount": {"value": row.amount},
        "balance": {
            "available": row.available_before,
            "onHold": row.on_hold_before,
            "version": row.version_before,
            "overdraftUsed": row.used_before,
        },
        "balanceAfter": {
            "available": row.available_after,
            "onHold": row.on_hold_after,
            "version": row.version_after,
            "overdraftUsed": row.used_after,
        },
        "status": _NO_STATUS,
        "accountId": world.spell_often(row.account),
        "accountAlias": row.alias,
        "balanceKey": row.name,
        "balanceId": world.spell_often(row.balance),
        "organizationId": place.organization,
        "ledgerId": place.ledger,
        "route": row.route,
        "balanceAffected": bool(row.affected),
        "direction": row.direction,
        "createdAt": moments.text(row.created),
        "updatedAt": moments.text(row.updated),
        "deletedAt": None,
        "metadata": None if row.metadata is None else _decode(row.metadata),
    }
    if row.route_id is not None:
        shown["routeId"] = row.route_id
    if row.route_code is not None:
        shown["routeCode"] = row.route_code
    if row.route_description is not None:
        shown["routeDescription"] = row.route_description
    return shown


def transaction(
    world: World,
    place: Place,
    row: Transaction,
    *,
    status: str,
    sides: tuple[Sequence[str] | None, Sequence[str] | None],
    operations: Sequence[Operation] | None,
) -> dict[str, Any]:
    """A transaction as an answer shows it; what differs between answers are status, sides and operations."""
    shown: dict[str, Any] = {"id": world.spell(row.key)}
    if row.parent is not None:
        shown["parentTransactionId"] = world.spell(row.parent)
    shown |= {
        "description": row.description,
        "status": {"code": status, "description": status},
        "amount": row.amount,
        "assetCode": row.asset,
        "chartOfAccountsGroupName": row.group_name,
        "source": sides[0],
        "destination": sides[1],
        "ledgerId": place.ledger,
        "organizationId": place.organization,
        "route": row.route,
        "createdAt": moments.text(row.created),
        "updatedAt": moments.text(row.updated),
        "deletedAt": None,
        "operations": None if operations is None else [operation(world, place, one) for one in operations],
    }
    if row.route_id is not None:
        shown["routeId"] = row.route_id
    if row.metadata is not None:
        shown["metadata"] = _decode(row.metadata)
    if world.dialect.transaction_has_skips:
        kept = _decode(row.sides)
        shown["feesSkipped"], shown["tracerSkipped"] = kept[2] if len(kept) > 2 else (False, False)
    return shown


def first_answer(world: World, place: Place, row: Transaction, operations: Sequence[Operation]) -> dict[str, Any]:
    """What the POST that booked it answered: CREATED where reads say APPROVED (contract 1.3)."""
    if row.status == "NOTED":
        status = "NOTED"
    else:
        was_held = row.status in ("PENDING", "CANCELED") or row.stepped is not None
        status = "PENDING" if was_held else "CREATED"
    kept = _decode(row.sides)
    return transaction(world, place, row, status=status, sides=(kept[0], kept[1]), operations=operations)


def first_reply(
    world: World,
    call: Call,
    row: Transaction,
    headers: Mapping[str, str],
    *,
    operations: Sequence[Operation] | None = None,
) -> Reply:
    """The first answer, now or again."""
    kept = None if operations is not None else world.journal.answer(row.key)
    if kept is None:
        if operations is None:
            operations = world.journal.operations_of(row, first_only=True)
        kept = _encode(first_answer(world, Place(world, call), row, operations))
    return Reply(201, {"content-type": JSON_TYPE, **headers}, kept)


def step_answer(world: World, call: Call, row: Transaction, operations: Sequence[Operation]) -> dict[str, Any]:
    """What commit and cancel answer: the new operations only, sides in leg order (contract 7.1)."""
    kept = _decode(row.sides)
    return transaction(
        world, Place(world, call), row, status=row.status, sides=(kept[0], kept[1]), operations=operations
    )


def read_answer(
    world: World, place: Place, row: Transaction, operations: Sequence[Operation] | None = None
) -> dict[str, Any]:
    """What a read shows: all operations, or the ones given, and sides rebuilt from these (contract 4.4)."""
    if operations is None:
        operations = world.journal.operations_of(row)
    sources = [one.alias for one in operations if one.type == "DEBIT" or _blocks(one, "debit")]
    targets = [one.alias for one in operations if one.type == "CREDIT" or _blocks(one, "credit")]
    return transaction(world, place, row, status=row.status, sides=(sources, targets), operations=operations)


def _blocks(operation: Operation, direction: str) -> bool:
    return operation.type in ("BLOCK", "UNBLOCK") and operation.direction == direction


def balance(world: World, place: Place, row: Balance, *, reads: bool = True) -> dict[str, Any]:
    """A balance as reads show it (contract 8.1)."""
    available, on_hold, used = exact.text(row.available), exact.text(row.on_hold), exact.text(row.overdraft_used)
    shown: dict[str, Any] = {
        "id": world.spell_often(row.key),
        "organizationId": place.organization,
        "ledgerId": place.ledger,
        "accountId": world.spell_often(row.account),
        "alias": row.alias,
        "key": row.name,
        "assetCode": row.asset,
        "available": available,
        "onHold": on_hold,
        "version": row.version,
        "accountType": row.account_type,
        "allowSending": row.allow_sending,
        "allowReceiving": row.allow_receiving,
        "direction": row.direction,
        "overdraftUsed": used,
        "createdAt": moments.text(row.created),
        "updatedAt": moments.text(row.updated),
        "deletedAt": None,
        "position": {
            "available": exact.text(exact.subtract(row.available, row.overdraft_used)),
            "onHold": on_hold,
            "overdraftLimitAvailable": _limit_left(row),
        },
    }
    if row.settings is not None:
        shown["settings"] = dict(row.settings)
        lends = row.settings.get("allowOverdraft") or row.settings.get("overdraftLimitEnabled")
        if reads and lends and row.ruling_until > world.now_us():
            shown["settings"] = {"balanceScope": "transactional", **row.settings}
    return shown


def _limit_left(row: Balance) -> str:
    settings = row.settings or {}
    if not settings.get("allowOverdraft") or not settings.get("overdraftLimitEnabled"):
        return "0"
    return exact.text(exact.subtract(exact.parse(str(settings["overdraftLimit"])), row.overdraft_used))
