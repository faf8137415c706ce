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
    LOOSE_METADATA,
    METADATA,
    STATUS,
    Field,
    Kind,
    Shape,
    nullable,
    plain,
    reference,
    required,
)
from demogen.sandbox.entities.resource import (
    Resource,
    base,
    created,
    lenient_status_of,
    reference_filter,
    render,
    status_filter,
)
from demogen.sandbox.http import Call, Reply, answer
from demogen.sandbox.query import blank, read_truth
from demogen.sandbox.refusal import Refusal
from demogen.sandbox.store.balances import Balance
from demogen.sandbox.store.documents import Document, field_is, field_starts
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
    "name": plain(max_length=256),
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
        "name": plain(max_length=256),
        "status": STATUS,
        "blocked": FLAG,
        "segmentId": reference(),
        "portfolioId": reference(),
        "entityId": nullable(max_length=256),
        "metadata": LOOSE_METADATA,
    }
)
_CLEARABLE = ("segmentId", "portfolioId", "entityId")


def create(world: World, call: Call) -> Reply:
    """POST L/accounts: the default balance exists when the 201 arrives (contract 3.5)."""
    body = read(call, _CREATE_WITH_HOLDER if world.dialect.account_has_holder else _CREATE_V38)
    ledger = world.ledger_document(call)
    if ledger is None:
        raise Refusal("0007", entity="Account")
    external = body["type"].lower() == "external"
    kind = "external" if external else body["type"]
    if not external:
        _judge_type(world, call, ledger.key, kind)
    holder = _holder(world, call, ledger, body, external=external)
    if world.documents.named("asset", ledger.key, body["assetCode"]) is None:
        raise Refusal("0034", entity="Account")
    entity = _judge_kin(world, ledger.key, body)
    key = world.ids.issue()
    alias = _judge_alias(world, ledger.key, body, external=external) or world.spell(key)
    _judge_links(world, body)
    fields = {
        "name": f"{body['assetCode']} {kind} account" if blank(body.get("name")) else body["name"],
        "parentAccountId": body.get("parentAccountId"),
        "entityId": entity,
        **holder,
        "assetCode": body["assetCode"],
        "organizationId": world.spell(ledger.scope),
        "ledgerId": world.spell(ledger.key),
        "portfolioId": body.get("portfolioId"),
        "segmentId": body.get("segmentId"),
        "status": lenient_status_of(body.get("status")),
        "alias": alias,
        "type": kind.lower(),
        "blocked": bool(body.get("blocked")),
    }
    document = Document(key, "account", ledger.key, alias, base(world, fields, body.get("metadata")))
    reply = created(world, document)
    _open_balance(world, document, kind=kind)
    return reply


def open_external(world: World, scope: int, place: dict[str, str], asset: str) -> None:
    """The account that stands for the world outside, made with its asset (contract 3.3)."""
    holder = {"holderId": None, "holderCheckSkipped": False} if world.dialect.account_has_holder else {}
    fields = {
        "name": f"External {asset}",
        "parentAccountId": None,
        "entityId": None,
        **holder,
        "assetCode": asset,
        **place,
        "portfolioId": None,
        "segmentId": None,
        "status": {"code": "external", "description": f"Account external created by asset: {asset}"},
        "alias": f"@external/{asset}",
        "type": "external",
        "blocked": False,
    }
    document = Document(world.ids.issue(), "account", scope, f"@external/{asset}", base(world, fields, None))
    world.documents.add(document)
    if world.balances.find(scope, f"@external/{asset}", "default") is None:
        _open_balance(world, document, kind="external")


def _open_balance(world: World, account: Document, *, kind: str) -> None:
    """The default balance; it keeps the account's type as it was sent, the account in lower case."""
    world.balances.add(
        Balance(
            key=world.ids.issue(),
            ledger=account.scope,
            account=account.key,
            alias=account.body["alias"],
            name="default",
            asset=account.body["assetCode"],
            account_type=kind,
            direction="debit" if kind == "external" else "credit",
            created=world.now_us(),
        )
    )


def _judge_type(world: World, call: Call, ledger: int, kind: str) -> None:
    if not world.settings(call)["accounting"]["validateAccountType"]:
        return
    if world.documents.named("account_type", ledger, kind.lower()) is None:
        raise Refusal("0066", entity="AccountType")


def _judge_kin(world: World, ledger: int, body: dict[str, Any]) -> str | None:
    """Portfolio and parent, as far as the ledger looks at them; the answer is the account's entity id."""
    entity: str | None = body.get("entityId")
    portfolio = None
    if blank(entity) and body.get("portfolioId"):
        found = world.documents.get("portfolio", ledger, world.ids.read(body["portfolioId"]))
        if found is None:
            raise Refusal("0007", entity="Portfolio")
        entity, portfolio = found.body.get("entityId", ""), body["portfolioId"]
    if body.get("parentAccountId"):
        parent = world.documents.get("account", ledger, world.ids.read(body["parentAccountId"]))
        # With a portfolio that was looked up, the parent must be in it.
        if parent is None or portfolio not in (None, parent.body["portfolioId"]):
            raise Refusal("0029", entity="Account")
        if parent.body["assetCode"] != body["assetCode"]:
            raise Refusal("0030", entity="Account")
    return entity


def _judge_alias(world: World, ledger: int, body: dict[str, Any], *, external: bool) -> str | None:
    alias: str | None = body.get("alias")
    if blank(alias):
        if external:
            raise Refusal("0009", entity="Account", detail="An external account needs an alias.")
        return None
    if world.name_is_taken("account", ledger, str(alias)):
        raise Refusal("0020", entity="Account")
    return alias


def _judge_links(world: World, body: dict[str, Any]) -> None:
    """What the server leaves to its foreign keys: these must have been there once, in any ledger."""
    for name, kind, code in (("portfolioId", "portfolio", "0035"), ("segmentId", "segment", "0036")):
        if body.get(name) and not world.documents.ever(kind, world.ids.read(body[name])):
            raise Refusal(code, entity="Account")


def _holder(world: World, call: Call, ledger: Document, body: dict[str, Any], *, external: bool) -> dict[str, Any]:
    """Who holds the account, on versions that ask (contract 13.3)."""
    if not world.dialect.account_has_holder:
        return {}
    settings = world.settings(call)
    skipped = bool((body.get("skip") or {}).get("holder"))
    if skipped and not settings["overrides"]["allowHolderSkip"]:
        raise Refusal("0490", entity="Account")
    holder = body.get("holderId")
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
    # It looks for the metadata under the alias, which is the id of an account made without one.
    if world.quirks["alias-read-drops-metadata"] and alias != shown["id"]:
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
    _judge_links(world, body)
    for name in _CLEARABLE:
        if name in body and body[name] is None:
            document.body[name] = None
        elif blank(body.get(name)):
            body.pop(name, None)


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


ACCOUNTS = Resource(
    kind="account",
    entity="Account",
    parameter="account_id",
    patch_shape=_PATCH,
    no_match="0064",
    filters={
        "alias": lambda value: field_starts("alias", value),
        "name": lambda value: field_starts("name", value),
        "type": lambda value: field_is("type", value.lower()),
        "asset_code": lambda value: field_is("assetCode", value.upper()),
        "blocked": lambda value: field_is("blocked", int(read_truth(value))),
        "status": status_filter("ACTIVE", "INACTIVE", "BLOCKED", entity="Account"),
        "entity_id": lambda value: field_is("entityId", value),
        "portfolio_id": reference_filter("portfolioId"),
        "segment_id": reference_filter("segmentId"),
        "parent_account_id": reference_filter("parentAccountId"),
    },
    patch=_patch,
    before_delete=_before_delete,
)
