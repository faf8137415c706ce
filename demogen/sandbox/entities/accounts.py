"""Accounts: creation with their default balance, look-ups, patching, deletion (contract 3.5, 13.3).

May import: demogen.sandbox.
"""

from __future__ import annotations

import re
import uuid
from typing import Any

from demogen.sandbox.body.check import read
from demogen.sandbox.body.shape import (
    FLAG,
    METADATA,
    PATCHED_METADATA,
    STATUS,
    Field,
    Kind,
    Shape,
    nullable,
    reference,
    required,
)
from demogen.sandbox.entities.resource import (
    Resource,
    base,
    created,
    reference_filter,
    render,
    status_of,
)
from demogen.sandbox.http import Call, Reply, answer
from demogen.sandbox.ids import canonical_uuid
from demogen.sandbox.refusal import Refusal
from demogen.sandbox.store.balances import Balance
from demogen.sandbox.store.documents import Document, Filter, field_is, field_starts
from demogen.sandbox.world import World

_ALIAS = Field(
    Kind.TEXT,
    max_length=100,
    pattern=re.compile(r"[a-zA-Z0-9@:_-]+"),
    pattern_code="0096",
    forbids="@external/",
)
_SKIP = Field(Kind.OBJECT, shape=Shape({"holder": FLAG}))
_CREATE = {
    "assetCode": required(max_length=100),
    "type": required(max_length=256),
    "name": nullable(max_length=256),
    "alias": _ALIAS,
    "parentAccountId": reference(),
    "portfolioId": reference(),
    "segmentId": reference(),
    "entityId": nullable(max_length=256),
    "blocked": FLAG,
    "status": STATUS,
    "metadata": METADATA,
}
_CREATE_V38 = Shape(_CREATE)
_CREATE_WITH_HOLDER = Shape({**_CREATE, "holderId": reference(), "skip": _SKIP})
_PATCH = Shape(
    {
        "name": nullable(max_length=256),
        "status": STATUS,
        "blocked": FLAG,
        "segmentId": reference(),
        "portfolioId": reference(),
        "entityId": nullable(max_length=256),
        "metadata": PATCHED_METADATA,
    }
)
_CLEARABLE = ("segmentId", "portfolioId", "entityId")


def create(world: World, call: Call) -> Reply:
    """POST L/accounts: the default balance exists when the 201 arrives (contract 3.5)."""
    body = read(call.body, _CREATE_WITH_HOLDER if world.dialect.account_has_holder else _CREATE_V38)
    ledger = world.ledger_document(call)
    if ledger is None:
        raise Refusal("0007", entity="Account")
    kind = "external" if body["type"].lower() == "external" else body["type"]
    _judge_type(world, call, ledger.key, kind)
    if world.documents.named("asset", ledger.key, body["assetCode"]) is None:
        raise Refusal("0034", entity="Account")
    if kind == "external" and body.get("alias") is None:
        raise Refusal("0009", entity="Account", detail="An external account needs an alias.")
    key = world.ids.issue()
    entity = _judge_places(world, ledger.key, body)
    alias = body.get("alias") or world.spell(key)
    if world.documents.named("account", ledger.key, alias) is not None:
        raise Refusal("0020", entity="Account")
    fields = {
        "name": body.get("name") or f"{body['assetCode']} {body['type']} account",
        "parentAccountId": _reference(body, "parentAccountId"),
        "entityId": entity,
        **_holder(world, call, ledger, body, external=kind == "external"),
        "assetCode": body["assetCode"],
        "organizationId": world.spell(ledger.scope),
        "ledgerId": world.spell(ledger.key),
        "portfolioId": _reference(body, "portfolioId"),
        "segmentId": _reference(body, "segmentId"),
        "status": status_of(body.get("status")),
        "alias": alias,
        "type": kind,
        "blocked": bool(body.get("blocked")),
    }
    document = Document(key, "account", ledger.key, alias, base(world, fields, body.get("metadata")))
    reply = created(world, document)
    _open_balance(world, document)
    return reply


def open_external(world: World, ledger: Document, asset: str) -> None:
    """The account that stands for the world outside, made with its asset (contract 3.3)."""
    holder = {"holderId": None, "holderCheckSkipped": False} if world.dialect.account_has_holder else {}
    fields = {
        "name": f"External {asset}",
        "parentAccountId": None,
        "entityId": None,
        **holder,
        "assetCode": asset,
        "organizationId": world.spell(ledger.scope),
        "ledgerId": world.spell(ledger.key),
        "portfolioId": None,
        "segmentId": None,
        "status": {"code": "external", "description": f"Account external created by asset: {asset}"},
        "alias": f"@external/{asset}",
        "type": "external",
        "blocked": False,
    }
    document = Document(world.ids.issue(), "account", ledger.key, f"@external/{asset}", base(world, fields, None))
    world.documents.add(document)
    if world.balances.find(ledger.key, f"@external/{asset}", "default") is None:
        _open_balance(world, document)


def _open_balance(world: World, account: Document) -> None:
    external = account.body["type"] == "external"
    world.balances.add(
        Balance(
            key=world.ids.issue(),
            ledger=account.scope,
            account=account.key,
            alias=account.body["alias"],
            name="default",
            asset=account.body["assetCode"],
            account_type=account.body["type"],
            direction="debit" if external else "credit",
            created=world.now_us(),
        )
    )


def _judge_type(world: World, call: Call, ledger: int, kind: str) -> None:
    if kind == "external" or not world.settings(call)["accounting"]["validateAccountType"]:
        return
    if world.documents.named("account_type", ledger, kind.lower()) is None:
        raise Refusal("0066", entity="AccountType")


def _judge_places(world: World, ledger: int, body: dict[str, Any]) -> str | None:
    """Segment, portfolio and parent must exist; the answer is the account's entity id."""
    entity: str | None = body.get("entityId")
    if body.get("segmentId") and world.documents.get("segment", ledger, world.ids.read(body["segmentId"])) is None:
        raise Refusal("0036", entity="Account")
    if body.get("portfolioId"):
        portfolio = world.documents.get("portfolio", ledger, world.ids.read(body["portfolioId"]))
        if portfolio is None:
            raise Refusal("0007", entity="Portfolio")
        if entity is None:
            entity = portfolio.body.get("entityId")
    if body.get("parentAccountId"):
        parent = world.documents.get("account", ledger, world.ids.read(body["parentAccountId"]))
        if parent is None:
            raise Refusal("0029", entity="Account")
        if parent.body["assetCode"] != body["assetCode"]:
            raise Refusal("0030", entity="Account")
    return entity


def _reference(body: dict[str, Any], name: str) -> str | None:
    return canonical_uuid(body[name]) if body.get(name) else None


def _holder(world: World, call: Call, ledger: Document, body: dict[str, Any], *, external: bool) -> dict[str, Any]:
    """Who holds the account, on versions that ask (contract 13.3)."""
    if not world.dialect.account_has_holder:
        return {}
    settings = world.settings(call)
    skipped = bool((body.get("skip") or {}).get("holder"))
    if skipped and not settings["overrides"]["allowHolderSkip"]:
        raise Refusal("0490", entity="Account")
    holder = _reference(body, "holderId")
    if settings["accounting"]["requireHolder"] and not skipped and not external:
        if holder is None:
            raise Refusal("0491", entity="Account")
        if holder != _own_holder(world, ledger):
            raise Refusal("CRM-0006", entity="Holder")
    if holder is None and not external:
        holder = _own_holder(world, ledger)
    return {"holderId": holder, "holderCheckSkipped": skipped}


def _own_holder(world: World, ledger: Document) -> str:
    return str(uuid.uuid5(uuid.UUID(world.spell(ledger.scope)), "holder"))


def _lookup(world: World, call: Call, alias: str) -> Reply:
    document = world.documents.named("account", world.scope(call), alias)
    if document is None:
        raise Refusal("0085", entity="Account")
    shown = render(world, document)
    if world.quirks["alias-read-drops-metadata"]:
        shown.pop("metadata", None)
    return answer(200, shown)


def by_alias(world: World, call: Call) -> Reply:
    """GET L/accounts/alias/{alias}; the alias as sent, not percent-decoded (contract 2)."""
    return _lookup(world, call, call.parameters["alias"])


def by_code(world: World, call: Call) -> Reply:
    """GET L/accounts/external/{code} (contract 3.5)."""
    return _lookup(world, call, f"@external/{call.parameters['code']}")


def _patch(world: World, call: Call, document: Document, body: dict[str, Any]) -> None:  # noqa: ARG001 - a hook's shape
    if document.body["type"] == "external":
        raise Refusal("0074", entity="Account")
    _judge_places(world, document.scope, {**body, "entityId": body.get("entityId") or "", "parentAccountId": None})
    for name in _CLEARABLE:
        if name in body and body[name] is None:
            document.body[name] = None


def _before_delete(world: World, call: Call, document: Document) -> None:  # noqa: ARG001 - a hook's shape
    if document.body["type"] == "external":
        raise Refusal("0074", entity="Account")
    balances = world.balances.select("account = ?", (document.key,), "")
    now = world.now_us()
    for balance in balances:
        recent = balance.ruling_until > now and world.quirks["recent-use-blocks-delete"]
        if balance.available or balance.on_hold or recent:
            raise Refusal("0012", entity="Account")
    for balance in balances:
        balance.deleted = True
        world.balances.save(balance, now_us=now)


def _by_blocked(value: str) -> Filter:
    if value not in ("true", "false", "1", "0"):
        raise Refusal("0082", detail="blocked is true or false.")
    return field_is("blocked", 1 if value in ("true", "1") else 0)


def _by_status(value: str) -> Filter:
    if value not in ("ACTIVE", "INACTIVE", "BLOCKED"):
        raise Refusal("0082", detail="status is ACTIVE, INACTIVE or BLOCKED.")
    return field_is("status.code", value)


ACCOUNTS = Resource(
    kind="account",
    entity="Account",
    parameter="account_id",
    patch_shape=_PATCH,
    no_match="0064",
    filters={
        "alias": lambda value: field_starts("alias", value),
        "name": lambda value: field_starts("name", value),
        "type": lambda value: field_is("type", value),
        "asset_code": lambda value: field_is("assetCode", value.upper()),
        "blocked": _by_blocked,
        "status": _by_status,
        "entity_id": lambda value: field_is("entityId", value),
        "portfolio_id": reference_filter("portfolioId"),
        "segment_id": reference_filter("segmentId"),
        "parent_account_id": reference_filter("parentAccountId"),
    },
    patch=_patch,
    before_delete=_before_delete,
)
