"""Accounting routes: which legs a validated transaction route allows, and what it writes on them (contract 11).

May import: demogen.sandbox.
"""

from __future__ import annotations

from typing import Any

from demogen.sandbox.engine.order import Leg, Order
from demogen.sandbox.engine.planning import Routing
from demogen.sandbox.http import Call
from demogen.sandbox.ids import MalformedId, canonical_uuid
from demogen.sandbox.refusal import Refusal
from demogen.sandbox.store.balances import Balance
from demogen.sandbox.store.documents import Document
from demogen.sandbox.world import World

_SOURCES = ("source", "bidirectional")
_TARGETS = ("destination", "bidirectional")


class Ruling:
    """A transaction route that was found to fit, for one action."""

    def __init__(self, action: str, routes: dict[str, Document]) -> None:
        self._action = action
        self._routes = routes

    def of(self, leg: Leg, *, is_source: bool) -> Routing | None:
        """The route entry of a leg's side (contract 11, `ok`)."""
        document = self._routes.get(leg.route_id or "")
        return None if document is None else routing_of(document, leg.route_id or "", self._action, is_source=is_source)


def routing_of(document: Document, spelled: str, action: str, *, is_source: bool) -> Routing:
    """What a route's entry for an action writes on the operations of a side (contract 11, `ok`)."""
    entry = (document.body.get("accountingEntries") or {}).get(action) or {}
    side = entry.get("debit" if is_source else "credit") or {}
    return Routing(spelled, side.get("code"), side.get("description"))


def action_of(order: Order) -> str:
    if order.parent is not None:
        return "revert"
    if order.kind in ("block", "unblock"):
        return order.kind
    return "hold" if order.pending else "direct"


def judge(world: World, call: Call, order: Order, found: list[Balance | None]) -> Ruling | None:
    """None without validation; a Ruling when the order fits its route; a Refusal otherwise."""
    if not world.settings(call)["accounting"]["validateRoutes"]:
        return None
    route = _route(world, call, order)
    action = action_of(order)
    routes = {}
    for spelled in route.body["operationRoutes"]:
        document = world.documents.get("operation_route", world.scope(call), world.ids.read(spelled))
        if document is not None and (document.body.get("accountingEntries") or {}).get(action):
            routes[spelled] = document
    if not routes:
        raise Refusal("0157", entity="TransactionRoute")
    legs = [(leg, True) for leg in order.sources] + [(leg, False) for leg in order.targets]
    if {leg.route_id for leg, _ in legs} != set(routes):
        _judge_strangers(legs, routes)
        raise Refusal("0116", entity="TransactionRoute")
    for index, ((leg, is_source), balance) in enumerate(zip(legs, found, strict=True)):
        document = routes[leg.route_id or ""]
        if document.body["operationType"] not in (_SOURCES if is_source else _TARGETS):
            raise _wrong_side(index, leg)
        _judge_account(document, leg, balance)
    return Ruling(action, routes)


def _route(world: World, call: Call, order: Order) -> Document:
    wanted = order.route_id or order.route
    if not wanted:
        raise Refusal("0114")
    try:
        key = world.ids.read(wanted)
        canonical_uuid(wanted)
    except MalformedId as error:
        raise Refusal("0115", entity="TransactionRoute") from error
    document = world.documents.get("transaction_route", world.scope(call), key)
    if document is None:
        if world.quirks["unknown-route-breaks"]:
            raise Refusal("0046")
        raise Refusal("0105", entity="TransactionRoute")
    return document


def _judge_strangers(legs: list[tuple[Leg, bool]], routes: dict[str, Document]) -> None:
    """As many routes as configured, but one of them foreign, is 0117 and not a wrong count."""
    named = {leg.route_id for leg, _ in legs}
    if None not in named and len(named) == len(routes):
        for index, (leg, _) in enumerate(legs):
            if leg.route_id not in routes:
                raise _wrong_side(index, leg)


def _wrong_side(index: int, leg: Leg) -> Refusal:
    return Refusal(
        "0117",
        entity="TransactionRoute",
        detail=f"The route of {index}#{leg.alias}#{leg.name} does not serve its side.",
    )


def _judge_account(document: Document, leg: Leg, balance: Balance | None) -> None:
    rule: dict[str, Any] = document.body.get("account") or {}
    wanted = rule.get("validIf")
    if rule.get("ruleType") == "alias" and leg.alias != wanted:
        raise Refusal("0118", entity="AccountRule")
    if rule.get("ruleType") == "account_type" and balance is not None:
        kinds = [str(kind).lower() for kind in wanted] if isinstance(wanted, list) else []
        if balance.account_type.lower() not in kinds:
            raise Refusal("0119", entity="AccountRule")


def reversible(world: World, ledger: int, route_ids: set[str]) -> bool:
    """Whether every route used is bidirectional (contract 7.2)."""
    for spelled in route_ids:
        document = world.documents.get("operation_route", ledger, world.ids.read(spelled))
        if document is not None and document.body["operationType"] != "bidirectional":
            return False
    return True
