"""Reversals: a new transaction with the sides swapped (contract 7.2, 13.1).

May import: demogen.sandbox.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from demogen.sandbox import exact
from demogen.sandbox.engine import marking, routing
from demogen.sandbox.engine.creation import marked
from demogen.sandbox.engine.order import Leg, Order, fingerprint
from demogen.sandbox.http import Call, Reply
from demogen.sandbox.refusal import Refusal
from demogen.sandbox.store.journal import Operation, Transaction
from demogen.sandbox.world import World

_JUDGE = "RevertTransaction"


def revert(world: World, call: Call) -> Reply:
    """POST L/transactions/{id}/revert."""
    ledger = world.scope(call)
    original = world.journal.get(ledger, call.keys["transaction_id"])
    if original is None or original.status != "APPROVED":
        raise Refusal("0099", entity=_JUDGE)
    if original.parent is not None:
        raise Refusal("0088", entity=_JUDGE)
    if world.journal.reversal_of(original.key) is not None:
        raise Refusal("0087", entity=_JUDGE)
    operations = world.journal.operations_of(original)
    used = {operation.route_id for operation in operations if operation.route_id is not None}
    order = _reversed(original, operations)
    if not order.sources and not order.targets:
        raise Refusal("0089", entity=_JUDGE)
    routing.judge_reversal(world, ledger, used)
    ignores_key = world.quirks["revert-ignores-key"]
    mark = marking.mark_of(world, call, order, reads_key=not ignores_key)
    if not world.quirks["equal-reverts-collide"] and mark.text == fingerprint(order):
        mark.text = f"{mark.text}/{original.key}"
    return marked(world, call, order, mark, shows_replay=world.dialect.revert_reads_key)


def _reversed(original: Transaction, operations: Sequence[Operation]) -> Order:
    value = exact.parse(original.amount)
    return Order(
        kind="json",
        description=original.description,
        code="",
        group_name=original.group_name,
        pending=False,
        metadata=None if original.metadata is None else msgspec.json.decode(original.metadata),
        date_us=None,
        route=original.route,
        route_id=original.route_id,
        asset=original.asset,
        value=value,
        sources=_legs(operations, "credit", most=value),
        targets=_legs(operations, "debit", most=value),
        parent=original.key,
    )


def _legs(operations: Sequence[Operation], direction: str, *, most: Decimal) -> list[Leg]:
    """The legs of one old side; what an overdraft carried belongs to its main balance's leg (contract 8.4)."""
    sided = [one for one in operations if one.direction == direction and one.type not in ("ON_HOLD", "RELEASE")]
    legs = [_leg(one) for one in sided if one.type != "OVERDRAFT"]
    last = {leg.alias: leg for leg in legs}
    for one in sided:
        main = last.get(one.alias)
        if one.type == "OVERDRAFT" and main is not None and main.amount is not None:
            main.amount = min(exact.add(main.amount, exact.parse(one.amount)), most)
    return legs


def _leg(operation: Operation) -> Leg:
    return Leg(
        alias=operation.alias,
        name=operation.name,
        amount=exact.parse(operation.amount),
        description=operation.description,
        chart=operation.chart,
        route=operation.route,
        route_id=operation.route_id,
    )
