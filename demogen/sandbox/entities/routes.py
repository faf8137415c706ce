"""Operation routes and transaction routes (contract 11).

May import: demogen.sandbox.
"""

from __future__ import annotations

from typing import Any

from demogen.sandbox.body.check import read
from demogen.sandbox.body.shape import METADATA, PATCHED_METADATA, Field, Kind, Shape, nullable, required, text
from demogen.sandbox.entities.resource import Resource, base, render
from demogen.sandbox.http import Call, Reply, answer
from demogen.sandbox.refusal import Refusal
from demogen.sandbox.store.documents import Document, Filter
from demogen.sandbox.world import World

_ACTIONS = ("direct", "hold", "commit", "cancel", "revert", "overdraft", "block", "unblock")
_TYPES = ("source", "destination", "bidirectional")
_SIDE = Field(Kind.OBJECT, shape=Shape({"code": required(max_length=50), "description": nullable(max_length=250)}))
_ENTRY = Field(Kind.OBJECT, shape=Shape({"debit": _SIDE, "credit": _SIDE}))
_ENTRIES = Field(Kind.OBJECT, shape=Shape(dict.fromkeys(_ACTIONS, _ENTRY)))
_RULE = Field(Kind.OBJECT, shape=Shape({"ruleType": nullable(), "validIf": Field(Kind.FREE)}))
_OPERATION_ROUTE = Shape(
    {
        "title": required(max_length=255),
        "description": text(max_length=250),
        "code": text(max_length=100),
        "operationType": required(),
        "account": _RULE,
        "accountingEntries": _ENTRIES,
        "metadata": METADATA,
    }
)
_UUIDS = Field(Kind.LIST, required=True, drops_empty=True, item=Field(Kind.TEXT, uuid=True))
_TRANSACTION_ROUTE = Shape(
    {
        "title": required(max_length=255),
        "description": text(max_length=250),
        "operationRoutes": _UUIDS,
        "metadata": METADATA,
    }
)


def create_operation_route(world: World, call: Call) -> Reply:
    """POST L/operation-routes."""
    body = read(call.body, _OPERATION_ROUTE)
    if body["operationType"] not in _TYPES:
        raise Refusal("0103", entity="OperationRoute")
    _judge_rule(body.get("account"))
    entries = body.get("accountingEntries")
    _judge_entries(entries, body["operationType"])
    ledger = _ledger(world, call, entity="OperationRoute")
    fields: dict[str, Any] = {
        "organizationId": world.spell(ledger.scope),
        "ledgerId": world.spell(ledger.key),
        "title": body["title"],
    }
    fields |= {name: body[name] for name in ("description", "code") if body.get(name)}
    fields["operationType"] = body["operationType"]
    if body.get("account"):
        fields["account"] = body["account"]
    if entries:
        fields["accountingEntries"] = _full(entries)
    document = Document(
        world.ids.issue(), "operation_route", ledger.key, None, base(world, fields, body.get("metadata"))
    )
    world.documents.add(document)
    return answer(201, render(world, document))


def _ledger(world: World, call: Call, *, entity: str) -> Document:
    ledger = world.ledger_document(call)
    if ledger is None:
        raise Refusal("0007", entity=entity)
    return ledger


def _judge_rule(rule: dict[str, Any] | None) -> None:
    if not rule:
        return
    kind, wanted = rule.get("ruleType"), rule.get("validIf")
    if kind == "alias":
        fits = isinstance(wanted, str) and wanted != ""
    elif kind == "account_type":
        fits = isinstance(wanted, list) and bool(wanted) and all(isinstance(one, str) for one in wanted)
    else:
        raise Refusal("0111", entity="OperationRoute")
    if not fits:
        raise Refusal("0112", entity="OperationRoute")


def _judge_entries(entries: dict[str, Any] | None, kind: str) -> None:
    """Which entries a route of this type may and must have (contract 11)."""
    present = {action for action, entry in (entries or {}).items() if entry}
    if kind == "destination" and "hold" in present:
        raise Refusal("0162", entity="OperationRoute")
    if kind != "bidirectional" and "revert" in present:
        raise Refusal("0165", entity="OperationRoute")
    if kind != "destination" and present & {"hold", "commit", "cancel"} and not present >= {"hold", "commit", "cancel"}:
        raise Refusal("0163", entity="OperationRoute")
    direct = (entries or {}).get("direct") or {}
    if "direct" in present:
        lacks_debit = kind in ("source", "bidirectional") and not direct.get("debit")
        lacks_credit = kind in ("destination", "bidirectional") and not direct.get("credit")
        if lacks_debit or lacks_credit:
            raise Refusal("0166", entity="OperationRoute")


def _full(entries: dict[str, Any]) -> dict[str, Any]:
    """Answers write the missing side of an entry as null."""
    return {
        action: {"debit": entry.get("debit"), "credit": entry.get("credit")}
        for action, entry in entries.items()
        if entry
    }


def _patch_operation_route(world: World, call: Call, document: Document, body: dict[str, Any]) -> None:  # noqa: ARG001
    _judge_rule(body.get("account"))
    if body.get("accountingEntries"):
        merged = {**document.body.get("accountingEntries", {}), **_full(body["accountingEntries"])}
        _judge_entries(merged, document.body["operationType"])
        body["accountingEntries"] = merged


def _before_delete(world: World, call: Call, document: Document) -> None:  # noqa: ARG001
    spelled = world.spell(document.key)
    used = Filter("exists (select 1 from json_each(body, '$.operationRoutes') as r where r.value = ?)", spelled)
    if world.documents.list("transaction_route", document.scope, [used], tail="limit 1"):
        raise Refusal("0107", entity="OperationRoute")


def create_transaction_route(world: World, call: Call) -> Reply:
    """POST L/transaction-routes: needs a side for each end of an action (contract 11)."""
    body = read(call.body, _TRANSACTION_ROUTE)
    ledger = _ledger(world, call, entity="TransactionRoute")
    fields: dict[str, Any] = {
        "organizationId": world.spell(ledger.scope),
        "ledgerId": world.spell(ledger.key),
        "title": body["title"],
    }
    if body.get("description"):
        fields["description"] = body["description"]
    fields["operationRoutes"] = _judge_routes(world, ledger.key, body["operationRoutes"])
    document = Document(
        world.ids.issue(), "transaction_route", ledger.key, None, base(world, fields, body.get("metadata"))
    )
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
    if body.get("operationRoutes"):
        body["operationRoutes"] = _judge_routes(world, document.scope, body["operationRoutes"])


OPERATION_ROUTES = Resource(
    kind="operation_route",
    entity="OperationRoute",
    parameter="operation_route_id",
    missing="0101",
    cursors=True,
    patch_shape=Shape(
        {
            "title": nullable(max_length=255),
            "description": nullable(max_length=250),
            "code": nullable(max_length=100),
            "account": _RULE,
            "accountingEntries": _ENTRIES,
            "metadata": PATCHED_METADATA,
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
            "title": nullable(max_length=255),
            "description": nullable(max_length=250),
            "operationRoutes": Field(Kind.LIST, drops_empty=True, item=Field(Kind.TEXT, uuid=True)),
            "metadata": PATCHED_METADATA,
        }
    ),
    patch=_patch_transaction_route,
    render=_shown_route,
)
