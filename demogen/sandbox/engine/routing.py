"""Accounting routes: which legs a validated transaction route allows, and what it writes on them (contract 11).

May import: demogen.sandbox.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from demogen.sandbox.engine.order import Leg, Order
from demogen.sandbox.engine.planning import Routing, Rubric
from demogen.sandbox.http import Call
from demogen.sandbox.ids import MalformedId
from demogen.sandbox.query import blank
from demogen.sandbox.refusal import Refusal
from demogen.sandbox.store.balances import Balance
from demogen.sandbox.store.documents import Document
from demogen.sandbox.store.journal import Transaction
from demogen.sandbox.world import World

_Legs = list[tuple[Leg, bool]]  # each with whether it is a source


class Ruling:
    """A transaction route that was found to fit, for one action."""

    def __init__(self, action: str, routes: dict[str, Document]) -> None:
        self._action = action
        self._routes = routes

    def of(self, leg: Leg) -> Routing | None:
        """What the route of a leg calls its operations (contract 11, `ok`)."""
        document = self._routes.get(leg.route_id or "")
        return None if document is None else routing_of(document, leg.route_id or "", self._action)

    def of_overdraft(self, leg: Leg, direction: str) -> Routing:
        """The entry for what an overdraft carries of a leg; 0176 where its route has none."""
        document = self._routes.get(leg.route_id or "")
        if document is not None:
            found = routing_of(document, leg.route_id or "", "overdraft")
            if (found.debit if direction == "debit" else found.credit).code is not None:
                return found
        raise Refusal("0492", entity="OperationRoute")


def routing_of(document: Document, spelled: str, action: str) -> Routing:
    """What a route's entry for an action writes on operations (contract 11, `ok`).

    Block and unblock are booked by the direct entries, and named by their own where the route has them.
    """
    entries = document.body.get("accountingEntries") or {}
    entry = entries.get(action) or entries.get("direct" if action in ("block", "unblock") else "") or {}
    debit, credit = (entry.get(side) or {} for side in ("debit", "credit"))
    return Routing(
        spelled,
        Rubric(debit.get("code"), debit.get("description")),
        Rubric(credit.get("code"), credit.get("description")),
    )


def judge(world: World, call: Call, order: Order, found: list[Balance | None]) -> Ruling | None:
    """None without validation; a Ruling when the order fits its route; a Refusal otherwise."""
    if not world.settings(call)["accounting"]["validateRoutes"]:
        return None
    ledger = world.scope(call)
    route = _route(world, ledger, order.route_id or "", order.route)
    action = "direct"
    if order.parent is not None:
        action = "revert"
    elif order.pending:
        action = "hold"
    routes = _routes_for(world, ledger, route, action)
    legs = [(leg, True) for leg in order.sources] + [(leg, False) for leg in order.targets]
    _judge_count(routes, legs)
    _judge_legs(routes, legs, found)
    return Ruling(order.kind if order.kind in ("block", "unblock") else action, routes)


def judge_step(world: World, call: Call, found: Transaction, legs: _Legs, *, action: str) -> None:
    """Commit and cancel of a hold are judged again, by the routes that were stored with it."""
    if not world.settings(call)["accounting"]["validateRoutes"]:
        return
    route = _route(world, found.ledger, found.route_id or "", found.route)
    routes = _routes_for(world, found.ledger, route, action)
    if action == "cancel":
        legs = [(leg, is_source) for leg, is_source in legs if is_source]
    else:
        _judge_count(routes, legs)
    balances = [world.balances.find(found.ledger, leg.alias, leg.name) for leg, _ in legs]
    _judge_legs(routes, legs, balances)


def _route(world: World, ledger: int, route_id: str, route: str) -> Document:
    wanted = route if blank(route_id) else route_id
    if blank(wanted):
        raise Refusal("0114")
    try:
        key = world.ids.read(wanted)
    except MalformedId as error:
        raise Refusal("0115") from error
    document = world.documents.get("transaction_route", ledger, key)
    if document is None:
        if world.quirks["unknown-route-breaks"]:
            raise Refusal("0046")
        raise Refusal("0105", entity="TransactionRoute")
    return document


def _routes_for(world: World, ledger: int, route: Document, action: str) -> dict[str, Document]:
    """The operation routes that serve an action; a hold is paid out by the destinations of its commit."""
    routes = {}
    served = False
    for spelled in route.body["operationRoutes"]:
        document = world.documents.get("operation_route", ledger, world.ids.read(spelled))
        if document is None:
            continue
        entries = document.body.get("accountingEntries") or {}
        served = served or bool(entries.get(action))
        pays_out = action == "hold" and document.body["operationType"] == "destination"
        if entries.get("commit" if pays_out else action):
            routes[spelled] = document
    if not served:
        raise Refusal("0157", entity="TransactionRoute")
    return routes


def _judge_count(routes: dict[str, Document], legs: _Legs) -> None:
    """The distinct routes of the legs are as many as the action has, and none of its sides is short (contract 11)."""
    kinds = {spelled: document.body["operationType"] for spelled, document in routes.items()}
    used_from = {leg.route_id for leg, is_source in legs if is_source and leg.route_id is not None}
    used_to = {leg.route_id for leg, is_source in legs if not is_source and leg.route_id is not None}
    shared = {one for one in used_from & used_to if kinds.get(one) == "bidirectional"}
    sides = list(kinds.values())
    if (
        len(used_from) + len(used_to) - len(shared) != len(kinds)
        or len(used_from) < sides.count("source")
        or len(used_to) < sides.count("destination")
    ):
        raise Refusal("0116", entity="TransactionRoute")


def _judge_legs(routes: dict[str, Document], legs: _Legs, found: Sequence[Balance | None]) -> None:
    judged = sorted(enumerate(zip(legs, found, strict=True)), key=_storage_order)
    for index, ((leg, is_source), balance) in judged:
        document = routes.get(leg.route_id or "")
        wanted = "source" if is_source else "destination"
        if balance is None:
            continue
        if document is None or document.body["operationType"] not in (wanted, "bidirectional"):
            raise Refusal(
                "0117",
                entity="OperationRoute",
                detail=f"The route of {index}#{leg.alias}#{leg.name} does not serve its side.",
            )
        _judge_account(document, leg, balance)


def _storage_order(judged: tuple[int, tuple[tuple[Leg, bool], Balance | None]]) -> str:
    leg = judged[1][0][0]
    return f"{leg.alias}#{leg.name}"


def _judge_account(document: Document, leg: Leg, balance: Balance) -> None:
    rule: dict[str, Any] = document.body.get("account") or {}
    wanted = rule.get("validIf")
    if rule.get("ruleType") == "alias" and leg.alias != wanted:
        raise Refusal("0118", entity="AccountRule")
    if rule.get("ruleType") == "account_type" and balance.account_type not in (wanted or []):
        raise Refusal("0119", entity="AccountRule")


def judge_reversal(world: World, ledger: int, route_ids: set[str]) -> None:
    """Every route used is there, and bidirectional (contract 7.2)."""
    for spelled in sorted(route_ids):
        document = world.documents.get("operation_route", ledger, world.ids.read(spelled))
        if document is None:
            raise Refusal("0101", entity="OperationRoute")
        if document.body["operationType"] != "bidirectional":
            raise Refusal("0150", entity="RevertTransaction")
