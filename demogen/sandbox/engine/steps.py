"""Commit and cancel of held transactions (contract 7.1, 7.3, 13.1).

May import: demogen.sandbox.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from demogen.sandbox import exact
from demogen.sandbox.engine.booking import write
from demogen.sandbox.engine.order import Leg
from demogen.sandbox.engine.planning import (
    CREDIT,
    RELEASE,
    RELEASE_PAIR,
    SETTLE,
    SETTLE_PAIR,
    Effect,
    Move,
    Plan,
    Routing,
)
from demogen.sandbox.engine.routing import judge_step, routing_of
from demogen.sandbox.engine.step import Step
from demogen.sandbox.http import Call, Reply, answer
from demogen.sandbox.refusal import Refusal
from demogen.sandbox.rendering import step_answer
from demogen.sandbox.store.journal import Transaction
from demogen.sandbox.world import World

_JUDGE = "ValidateTransactionNotPending"


def commit(world: World, call: Call) -> Reply:
    """POST L/transactions/{id}/commit."""
    return _step(world, call, status="APPROVED")


def cancel(world: World, call: Call) -> Reply:
    """POST L/transactions/{id}/cancel."""
    return _step(world, call, status="CANCELED")


def _step(world: World, call: Call, *, status: str) -> Reply:
    found = world.journal.get(world.scope(call), call.keys["transaction_id"])
    if found is None:
        raise Refusal("0007", entity="Transaction")
    _judge_status(world, found)
    now = world.now_us()
    kept = msgspec.json.decode(world.journal.held(found.key) or b"{}")
    sides = {side: [_leg(leg) for leg in kept.get(side, [])] for side in ("sources", "targets")}
    legs = [(leg, True) for leg in sides["sources"]] + [(leg, False) for leg in sides["targets"]]
    judge_step(world, call, found, legs, action="commit" if status == "APPROVED" else "cancel")
    paired = bool(world.settings(call)["accounting"]["validateRoutes"])
    found.status, found.stepped, found.updated = status, now, now
    plan = Plan(world, transaction=found.key, description=found.description, created=now, now=now)
    plan.run(_moves(world, found, kept, committing=status == "APPROVED", paired=paired))
    if plan.operations:
        found.second_from, found.second_to = plan.operations[0].key, plan.operations[-1].key
    step = Step(found, plan.operations, plan.after, is_new=False, releases=True)
    write(world, step)
    return answer(201, step_answer(world, call, found, step.operations))


def _judge_status(world: World, found: Transaction) -> None:
    if found.status == "PENDING":
        return
    lock_us = world.dialect.step_locks_for_s * 1_000_000
    if lock_us and found.stepped is not None and world.now_us() < found.stepped + lock_us:
        raise Refusal("0486", entity=_JUDGE)
    raise Refusal("0099", entity=_JUDGE)


def _moves(world: World, found: Transaction, kept: dict[str, Any], *, committing: bool, paired: bool) -> Iterator[Move]:
    if committing:
        effects: tuple[Effect, ...] = SETTLE_PAIR if paired else SETTLE
    else:
        effects = RELEASE_PAIR if paired else RELEASE
    sources, targets = kept.get("sources", []), kept.get("targets", []) if committing else []
    alone = len(sources) == 1 and not committing
    for side, effect in ((sources, effects), (targets, CREDIT)):
        for leg in side:
            amount = exact.parse(leg["resolved"])
            forgotten = leg["is_remaining"] and world.quirks["commit-forgets-remaining"] and not alone
            if not amount or forgotten:
                continue
            balance = world.balances.find(found.ledger, leg["alias"], leg["name"])
            if balance is None:
                raise Refusal("0019", entity="ValidateAccounts")
            routing = _routing(world, found, leg, action="commit" if committing else "cancel") if paired else None
            yield Move(balance, _leg(leg), amount, effect, routing)


def _leg(kept: dict[str, Any]) -> Leg:
    return Leg(
        alias=kept["alias"],
        name=kept["name"],
        description=kept["description"],
        chart=kept["chart"],
        metadata=kept["metadata"],
        route=kept["route"],
        route_id=kept["route_id"],
    )


def _routing(world: World, found: Transaction, kept: dict[str, Any], *, action: str) -> Routing | None:
    """Commit and cancel use the stored routes (contract 11)."""
    if not kept["route_id"]:
        return None
    document = world.documents.get("operation_route", found.ledger, world.ids.read(kept["route_id"]))
    if document is None:
        return None
    return routing_of(document, kept["route_id"], action)
