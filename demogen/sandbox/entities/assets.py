"""Assets, and the external account that each brings (contract 3.3).

May import: demogen.sandbox.
"""

from __future__ import annotations

from demogen.sandbox.body.check import read
from demogen.sandbox.body.shape import LOOSE_METADATA, METADATA, STATUS, Shape, plain, required
from demogen.sandbox.entities.accounts import open_external
from demogen.sandbox.entities.codes import CURRENCIES
from demogen.sandbox.entities.resource import Resource, base, created, lenient_status_of, place_of
from demogen.sandbox.http import Call, Reply
from demogen.sandbox.refusal import Refusal
from demogen.sandbox.store.documents import Document, field_is, field_like
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
_PATCH = Shape({"name": plain(max_length=256), "status": STATUS, "metadata": LOOSE_METADATA})


def judge_code(code: str, *, entity: str) -> None:
    """Letters only (0033), each of them capital (0004); the first offence decides."""
    for letter in code:
        if not letter.isalpha():
            raise Refusal("0033", entity=entity)
        if not letter.isupper():
            raise Refusal("0004", entity=entity)


def create(world: World, call: Call) -> Reply:
    """POST L/assets (contract 3.3)."""
    body = read(call, _CREATE)
    if body["type"] not in world.dialect.asset_types:
        raise Refusal("0040", entity="Asset")
    judge_code(body["code"], entity="Asset")
    if body["type"] in world.dialect.asset_types_with_iso_codes and body["code"] not in CURRENCIES:
        raise Refusal("0005", entity="Asset")
    scope = world.scope(call)
    if _is_taken(world, scope, body["name"], body["code"]):
        raise Refusal("0003", entity="Asset")
    place = place_of(world, call, entity="Asset")
    fields = {
        "name": body["name"],
        "type": body["type"],
        "code": body["code"],
        "status": lenient_status_of(body.get("status")),
        **place,
    }
    document = Document(world.ids.issue(), "asset", scope, body["code"], base(world, fields, body.get("metadata")))
    reply = created(world, document)
    open_external(world, scope, place, body["code"])
    return reply


def _is_taken(world: World, scope: int, name: str, code: str) -> bool:
    """Only a new asset's name is compared; a later name may be one that is there."""
    if world.documents.named("asset", scope, code) is not None:
        return True
    same = field_like("name", name) if world.quirks["names-are-patterns"] else field_is("name", name)
    return bool(world.documents.list("asset", scope, [same], tail="limit 1"))


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
    before_delete=_before_delete,
)
