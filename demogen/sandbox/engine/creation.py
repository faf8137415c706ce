"""Creates transactions, in the order of checks of contract 4.3.

May import: demogen.sandbox.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import partial

import msgspec

from demogen.sandbox import exact
from demogen.sandbox.engine import marking, routing
from demogen.sandbox.engine.booking import write
from demogen.sandbox.engine.legs import amounts_of
from demogen.sandbox.engine.order import Leg, Order
from demogen.sandbox.engine.planning import CREDIT, DEBIT, HOLD, HOLD_PAIR, Effect, Move, Plan, typed
from demogen.sandbox.engine.step import Step
from demogen.sandbox.http import Call, Reply
from demogen.sandbox.refusal import Refusal
from demogen.sandbox.rendering import first_reply
from demogen.sandbox.store.balances import Balance
from demogen.sandbox.store.journal import Operation, Transaction
from demogen.sandbox.world import World

_BLOCKS = {name: (typed(DEBIT, name.upper()), typed(CREDIT, name.upper())) for name in ("block", "unblock")}
_encode = msgspec.json.Encoder().encode


def create(world: World, call: Call, order: Order) -> Reply:
    """Book an order, or answer what an earlier equal request was answered (contract 4.3, 6)."""
    if order.value <= 0:
        raise Refusal("0125", entity="Transaction")
    mark = marking.mark_of(world, call, order)
    return marked(world, call, order, mark)


def marked(world: World, call: Call, order: Order, mark: marking.Mark, *, shows_replay: bool = True) -> Reply:
    """The part of a create that idempotency guards; its refusals carry the replay header on v3.8.0."""
    ledger = world.scope(call)
    headers = {"x-idempotency-replayed": "false"} if shows_replay else {}
    try:
        first = marking.first_answer(world, ledger, mark)
        if first is not None:
            if shows_replay:
                headers["x-idempotency-replayed"] = "true"
            return first_reply(world, call, first, headers)
        transaction, operations = _book(world, call, order, mark)
    except Refusal as refusal:
        refusal.headers = headers
        raise
    reply = first_reply(world, call, transaction, headers, operations=operations)
    reply.mark = marking.at_work(world, transaction)
    return reply


def _book(world: World, call: Call, order: Order, mark: marking.Mark) -> tuple[Transaction, list[Operation]]:
    ledger = world.scope(call)
    sources, targets = amounts_of(order)
    if world.ledger_is_unknown(call):
        raise Refusal("0007", entity="Ledger")
    _judge_skips(world, call, order)
    wanted = (list(sources), list(targets))
    _forget_remaining(world, order, sources, targets)
    found = _balances(world, ledger, order)
    plan_routes = routing.judge(world, call, order, found)
    _judge_sides(order, found)
    _judge_flags(world, order, found)
    now = world.now_us()
    created = now if order.date_us is None else order.date_us
    key = world.ids.issue()
    plan = Plan(world, transaction=key, description=order.description, created=created, now=now)
    moves = _moves(order, found, sources, targets, plan_routes)
    if order.kind == "annotation":
        plan.note(moves)
    else:
        plan.run(moves)
    transaction = _transaction(order, plan, key=key, ledger=ledger, created=created, now=now, mark=mark)
    step = Step(transaction, plan.operations, plan.after, is_new=True)
    if order.pending:
        step.hold = _encode(_kept(order, *wanted)).decode()
    write(world, step)
    marking.keep(world, transaction)
    return transaction, step.operations


def _judge_skips(world: World, call: Call, order: Order) -> None:
    if not (order.skip_fees or order.skip_tracer):
        return
    overrides = world.settings(call)["overrides"]
    allowed = (not order.skip_fees or overrides["allowFeeSkip"]) and (
        not order.skip_tracer or overrides["allowTracerSkip"]
    )
    if not allowed:
        raise Refusal("0490", entity="Transaction")


def _forget_remaining(world: World, order: Order, sources: list[Decimal], targets: list[Decimal]) -> None:
    """Newer versions lose remaining legs of direct transactions, and of a hold's source side (contract 13.1)."""
    if order.pending:
        if world.quirks["hold-skips-source-remaining"]:
            _drop_remaining(order.sources, sources)
    elif world.quirks["direct-remaining-vanishes"] and order.kind != "annotation":
        _drop_remaining(order.sources, sources)
        _drop_remaining(order.targets, targets)


def _drop_remaining(legs: list[Leg], amounts: list[Decimal]) -> None:
    for index, leg in enumerate(legs):
        if leg.is_remaining:
            amounts[index] = exact.ZERO


def _balances(world: World, ledger: int, order: Order) -> list[Balance | None]:
    """The balance of each leg, sources first; internal balances take no legs (contract 8.4)."""
    find = world.balances.find
    found = [find(ledger, leg.alias, leg.name) for leg in order.sources]
    found += [find(ledger, leg.alias, leg.name) for leg in order.targets]
    for balance in found:
        if balance is not None and balance.name == "overdraft":
            raise Refusal("0168", entity="Balance")
    return found


def _judge_sides(order: Order, found: list[Balance | None]) -> None:
    if any(balance is None for balance in found):
        raise Refusal("0019", entity="ValidateAccounts")
    for place, balance in enumerate(found):
        if balance is not None and balance.asset != order.asset:
            side = "validateFromAccounts" if place < len(order.sources) else "validateToAccounts"
            raise Refusal("0034", entity=side)


def _judge_flags(world: World, order: Order, found: list[Balance | None]) -> None:
    """allowSending and allowReceiving, as the cache has them (contract 8.3)."""
    if order.kind == "annotation":
        return
    now = world.now_us()
    cached = world.quirks["flags-cached"]
    for place, balance in enumerate(found):
        if balance is None:
            continue
        ruling = cached and balance.ruling_until > now
        if place < len(order.sources):
            if not (balance.ruling_sending if ruling else balance.allow_sending):
                raise Refusal("0024", entity="validateFromAccounts")
        elif not (balance.ruling_receiving if ruling else balance.allow_receiving):
            raise Refusal("0024", entity="validateToAccounts")


def _moves(
    order: Order,
    found: list[Balance | None],
    sources: list[Decimal],
    targets: list[Decimal],
    plan_routes: routing.Ruling | None,
) -> Iterator[Move]:
    """One move for each leg that has an amount; a hold moves sources only (contract 7.1)."""
    debit, credit = _effects(order, paired=plan_routes is not None)
    split = len(order.sources)
    noting = order.kind == "annotation"
    for place, (leg, amount) in enumerate(zip(order.sources + order.targets, sources + targets, strict=True)):
        is_source = place < split
        balance = found[place]
        if balance is None or not (amount or noting) or (order.pending and not is_source):
            continue
        effects = debit if is_source else credit
        if plan_routes is None:
            yield Move(balance, leg, amount, effects)
        else:
            ruled = plan_routes.of(leg)
            yield Move(balance, leg, amount, effects, ruled, partial(plan_routes.of_overdraft, leg))


def _effects(order: Order, *, paired: bool) -> tuple[tuple[Effect, ...], tuple[Effect, ...]]:
    if order.pending:
        return HOLD_PAIR if paired else HOLD, CREDIT
    return _BLOCKS.get(order.kind, (DEBIT, CREDIT))


def _kept(order: Order, sources: list[Decimal], targets: list[Decimal]) -> dict[str, object]:
    """What commit and cancel need to know of a hold's legs."""

    def legs(side: list[Leg], amounts: list[Decimal]) -> list[dict[str, object]]:
        return [
            {**msgspec.to_builtins(leg), "resolved": exact.text(amount), "is_remaining": leg.is_remaining}
            for leg, amount in zip(side, amounts, strict=True)
        ]

    return {"sources": legs(order.sources, sources), "targets": legs(order.targets, targets)}


def _transaction(
    order: Order, plan: Plan, *, key: int, ledger: int, created: int, now: int, mark: marking.Mark
) -> Transaction:
    sides: list[list[object]] = [[leg.alias for leg in order.sources], [leg.alias for leg in order.targets]]
    if order.skip_fees or order.skip_tracer:
        sides.append([order.skip_fees, order.skip_tracer])
    operations = plan.operations
    if order.kind == "annotation":
        status = "NOTED"
    else:
        status = "PENDING" if order.pending else "APPROVED"
    return Transaction(
        key, ledger, order.parent, status, order.kind, order.description, exact.text(order.value), order.asset,
        order.group_name, order.route, order.route_id,
        _encode(order.metadata).decode() if order.metadata else None,
        _encode(sides).decode(),
        operations[0].key if operations else None, operations[-1].key if operations else None, None, None,
        created, now, None, mark.text, mark.until,
    )  # fmt: skip
