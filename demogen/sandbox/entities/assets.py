"""Assets, and the external account that each brings (contract 3.3).

May import: demogen.sandbox.
"""

from __future__ import annotations

from typing import Any

from demogen.sandbox.body.check import read
from demogen.sandbox.body.shape import METADATA, PATCHED_METADATA, STATUS, Shape, nullable, required
from demogen.sandbox.entities.accounts import open_external
from demogen.sandbox.entities.codes import CURRENCIES
from demogen.sandbox.entities.resource import Resource, base, created, status_of
from demogen.sandbox.http import Call, Reply
from demogen.sandbox.refusal import Refusal
from demogen.sandbox.store.documents import Document, field_is
from demogen.sandbox.world import World

_CREATE = Shape(
    {
        "name": required(max_length=256),
        "type": required(),
        "code": required(max_length=100),
        "status": STATUS,
        "metadata": METADATA,
    }
)
_PATCH = Shape({"name": nullable(max_length=256), "status": STATUS, "metadata": PATCHED_METADATA})


def judge_code(code: str, *, entity: str) -> None:
    """Letters only (0033), each of them capital (0004); the first offence decides."""
    for letter in code:
        if not letter.isalpha():
            raise Refusal("0033", entity=entity)
        if not letter.isupper():
            raise Refusal("0004", entity=entity)


def create(world: World, call: Call) -> Reply:
    """POST L/assets (contract 3.3)."""
    body = read(call.body, _CREATE)
    ledger = world.ledger_document(call)
    if ledger is None:
        raise Refusal("0037", entity="Asset")
    if body["type"] not in world.dialect.asset_types:
        raise Refusal("0040", entity="Asset")
    judge_code(body["code"], entity="Asset")
    if body["type"] in world.dialect.asset_types_with_iso_codes and body["code"] not in CURRENCIES:
        raise Refusal("0005", entity="Asset")
    _judge_unique(world, ledger.key, body["name"], body["code"])
    fields = {
        "name": body["name"],
        "type": body["type"],
        "code": body["code"],
        "status": status_of(body.get("status")),
        "ledgerId": world.spell(ledger.key),
        "organizationId": world.spell(ledger.scope),
    }
    document = Document(world.ids.issue(), "asset", ledger.key, body["code"], base(world, fields, body.get("metadata")))
    reply = created(world, document)
    open_external(world, ledger, body["code"])
    return reply


def _judge_unique(world: World, ledger: int, name: str, code: str | None) -> None:
    taken = code is not None and world.documents.named("asset", ledger, code) is not None
    if taken or world.documents.list("asset", ledger, [field_is("name", name)], tail="limit 1"):
        raise Refusal("0003", entity="Asset")


def _patch(world: World, call: Call, document: Document, body: dict[str, Any]) -> None:  # noqa: ARG001 - a hook's shape
    name = body.get("name")
    if name and name != document.body["name"]:
        _judge_unique(world, document.scope, name, None)


def _before_delete(world: World, call: Call, document: Document) -> None:  # noqa: ARG001 - a hook's shape
    if world.quirks["asset-delete-breaks"]:
        raise Refusal("0046")
    external = world.documents.named("account", document.scope, f"@external/{document.name}")
    if external is not None:
        world.documents.delete(external, now_us=world.now_us())


ASSETS = Resource(
    kind="asset",
    entity="Asset",
    parameter="asset_id",
    patch_shape=_PATCH,
    no_match="0056",
    patch=_patch,
    before_delete=_before_delete,
)
