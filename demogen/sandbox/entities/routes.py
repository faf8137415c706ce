"""Operation routes and transaction routes (contract 11).

May import: demogen.sandbox.
"""

from __future__ import annotations

from typing import Any

from demogen.sandbox.body.check import read
from demogen.sandbox.body.shape import LOOSE_METADATA, Field, Kind, Shape, demanded, required, text
from demogen.sandbox.entities.resource import Resource, base, created, render
from demogen.sandbox.http import Call, Reply, answer
from demogen.sandbox.refusal import Refusal
from demogen.sandbox.store.documents import Document, Filter
from demogen.sandbox.world import World, place_ids

_ACTIONS = ("direct", "hold", "commit", "cancel", "revert", "overdraft", "block", "unblock")
_TYPES = ("source", "destination", "bidirectional")
_RESERVE = {"hold", "commit", "cancel"}  # come together
_FEWEST_ROUTES, _MOST_ROUTES = 2, 100
_SIDE = Field(Kind.OBJECT, shape=Shape({"code": required(max_length=50), "description": required(max_length=250)}))
_ENTRY = Field(Kind.OBJECT, shape=Shape({"debit": _SIDE, "credit": _SIDE}))
_ENTRIES = Field(Kind.OBJECT, shape=Shape(dict.fromkeys(_ACTIONS, _ENTRY)))
_RULE = Field(Kind.OBJECT, shape=Shape({"ruleType": text(), "validIf": Field(Kind.FREE)}))
_OPERATION_ROUTE = Shape(
    {
        "title": demanded(max_length=255),
        "description": text(max_length=250),
        "code": text(max_length=100),
        "operationType": demanded(),
        "account": _RULE,
        "accountingEntries": _ENTRIES,
        "metadata": LOOSE_METADATA,
    }
)
_UUID = Field(Kind.UUID)
_UUIDS = Field(Kind.LIST, required=True, drops_empty=True, item=_UUID)
_TRANSACTION_ROUTE = Shape(
    {
        "title": demanded(max_length=255),
        "description": text(max_length=250),
        "operationRoutes": _UUIDS,
        "metadata": LOOSE_METADATA,
    }
)


def create_operation_route(world: World, call: Call) -> Reply:
    """POST L/operation-routes; that there is such a ledger is not asked."""
    body = read(call, _OPERATION_ROUTE)
    kind = body["operationType"].lower()
    _judge_rule(body.get("account"))
    entries = body.get("accountingEntries")
    _judge_entries(entries, kind)
    if kind not in _TYPES:
        raise Refusal("0103", entity="OperationRoute")
    organization, ledger = place_ids(call)
    fields: dict[str, Any] = {"organizationId": organization, "ledgerId": ledger, "title": body["title"]}
    fields |= {name: body[name] for name in ("description", "code") if body.get(name)}
    fields["operationType"] = kind
    if body.get("account"):
        fields["account"] = body["account"]
    if entries is not None:
        fields["accountingEntries"] = _full(entries)
    return created(world, _document(world, call, "operation_route", base(world, fields, body.get("metadata"))))


def _document(world: World, call: Call, kind: str, body: dict[str, Any]) -> Document:
    return Document(world.ids.issue(), kind, world.scope(call), None, body)


def _judge_rule(rule: dict[str, Any] | None) -> None:
    """Type and value come together, and fit each other."""
    kind, wanted = (rule or {}).get("ruleType"), (rule or {}).get("validIf")
    if kind is None and wanted is None:
        return
    if kind is None or wanted is None:
        missing = "ruleType" if kind is None else "validIf"
        raise Refusal("0009", entity="OperationRoute", detail=f"account.{missing} is a required field")
    match kind.lower():
        case "alias":
            fits = isinstance(wanted, str)
        case "account_type":
            fits = isinstance(wanted, list) and all(isinstance(one, str) for one in wanted)
        case _:
            raise Refusal("0111", entity="OperationRoute")
    if not fits:
        raise Refusal("0112", entity="OperationRoute")


def _present(entries: dict[str, Any] | None) -> dict[str, Any]:
    return {action: entry for action, entry in (entries or {}).items() if entry is not None}


def _judge_filled(entries: dict[str, Any] | None) -> None:
    """An entry has at least one side."""
    for action, entry in _present(entries).items():
        if not entry.get("debit") and not entry.get("credit"):
            code = "0166" if action in ("overdraft", "block", "unblock") else "0009"
            raise Refusal(code, entity="OperationRoute", detail=f"accountingEntries.{action} needs a side")


def _judge_entries(entries: dict[str, Any] | None, kind: str) -> None:
    """Which entries a route of this type may and must have (contract 11)."""
    _judge_filled(entries)
    present = _present(entries)
    if kind == "destination" and present.keys() & {"hold", "cancel"}:
        raise Refusal("0162", entity="OperationRoute")
    if kind in ("source", "destination") and "revert" in present:
        raise Refusal("0165", entity="OperationRoute")
    for action, entry in present.items():
        if any(not entry.get(side) for side in _sides_needed(kind, action)):
            raise Refusal("0166", entity="OperationRoute", detail=f"accountingEntries.{action} lacks a side")
    group = present.keys() & _RESERVE
    if kind != "destination" and group and group != _RESERVE:
        raise Refusal("0163", entity="OperationRoute")
    if present.keys() - {"direct", "block", "unblock"} and "direct" not in present:
        raise Refusal("0164", entity="OperationRoute")


def _sides_needed(kind: str, action: str) -> tuple[str, ...]:
    """A one-way route needs its own side where money moves directly, and else both."""
    if action in ("direct", "commit", "block", "unblock") and kind in ("source", "destination"):
        return ("debit",) if kind == "source" else ("credit",)
    return ("debit", "credit")


def _full(entries: dict[str, Any]) -> dict[str, Any]:
    """Answers write the missing side of an entry as null."""
    return {
        action: {"debit": entry.get("debit"), "credit": entry.get("credit")}
        for action, entry in entries.items()
        if entry is not None
    }


def _patch_operation_route(world: World, call: Call, document: Document, body: dict[str, Any]) -> None:  # noqa: ARG001
    """Entries are merged by action; a null one is taken out."""
    _judge_rule(body.get("account"))
    entries = body.get("accountingEntries")
    if entries is not None:
        kept = {**document.body.get("accountingEntries", {}), **_full(entries)}
        merged = {action: entry for action, entry in kept.items() if entries.get(action, entry) is not None}
        _judge_filled(entries)
        _judge_entries(merged, document.body["operationType"])
        body["accountingEntries"] = merged


def _before_delete(world: World, call: Call, document: Document) -> None:  # noqa: ARG001
    spelled = world.spell(document.key)
    used = Filter("exists (select 1 from json_each(body, '$.operationRoutes') as r where r.value = ?)", spelled)
    if world.documents.list("transaction_route", document.scope, [used], tail="limit 1"):
        raise Refusal("0107", entity="OperationRoute")


def create_transaction_route(world: World, call: Call) -> Reply:
    """POST L/transaction-routes: needs a side for each end of an action (contract 11)."""
    body = read(call, _TRANSACTION_ROUTE)
    organization, ledger = place_ids(call)
    fields: dict[str, Any] = {"organizationId": organization, "ledgerId": ledger, "title": body["title"]}
    if body.get("description"):
        fields["description"] = body["description"]
    fields["operationRoutes"] = _judge_routes(world, world.scope(call), body["operationRoutes"])
    document = _document(world, call, "transaction_route", base(world, fields, body.get("metadata")))
    world.documents.add(document)
    return answer(201, _shown_route(world, document))


def _judge_routes(world: World, ledger: int, spelled: list[str]) -> list[str]:
    found = []
    for one in dict.fromkeys(spelled):
        document = world.documents.get("operation_route", ledger, world.ids.read(one))
        if document is None:
            raise Refusal("0101", entity="OperationRoute")
        found.append(document)
    kinds = {document.body["operationType"] for document in found}
    if not kinds & {"source", "bidirectional"}:
        raise Refusal("0153", entity="TransactionRoute")
    if not kinds & {"destination", "bidirectional"}:
        raise Refusal("0154", entity="TransactionRoute")
    return [world.spell(document.key) for document in found]


def _shown_route(world: World, document: Document) -> dict[str, Any]:
    """With its operation routes inside (contract 11)."""
    shown = render(world, document)
    inside = []
    for spelled in document.body["operationRoutes"]:
        route = world.documents.get("operation_route", document.scope, world.ids.read(spelled))
        if route is not None:
            inside.append(render(world, route))
    shown["operationRoutes"] = inside
    return shown


def _patch_transaction_route(world: World, call: Call, document: Document, body: dict[str, Any]) -> None:  # noqa: ARG001
    """On a change one bidirectional route alone is not enough, unlike on create."""
    routes = body.get("operationRoutes")
    if routes is None:
        return
    if len(routes) < _FEWEST_ROUTES:
        raise Refusal("0104", entity="TransactionRoute")
    if len(routes) > _MOST_ROUTES:
        raise Refusal("0158", entity="TransactionRoute")
    body["operationRoutes"] = _judge_routes(world, document.scope, routes)


OPERATION_ROUTES = Resource(
    kind="operation_route",
    entity="OperationRoute",
    parameter="operation_route_id",
    missing="0101",
    cursors=True,
    patch_shape=Shape(
        {
            "title": text(max_length=255),
            "description": text(max_length=250),
            "code": text(max_length=100),
            "account": _RULE,
            "accountingEntries": _ENTRIES,
            "metadata": LOOSE_METADATA,
        }
    ),
    patch=_patch_operation_route,
    before_delete=_before_delete,
)
TRANSACTION_ROUTES = Resource(
    kind="transaction_route",
    entity="TransactionRoute",
    parameter="transaction_route_id",
    missing="0105",
    cursors=True,
    patch_shape=Shape(
        {
            "title": text(max_length=255),
            "description": text(max_length=250),
            "operationRoutes": Field(Kind.LIST, item=_UUID),
            "metadata": LOOSE_METADATA,
        }
    ),
    patch=_patch_transaction_route,
    render=_shown_route,
)
