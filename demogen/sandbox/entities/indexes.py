"""Metadata indexes (contract 3.8): kept and listed; searches do not need them here.

May import: demogen.sandbox.
"""

from __future__ import annotations

import re

from demogen.sandbox.body.check import read
from demogen.sandbox.body.shape import FLAG, Shape, required
from demogen.sandbox.http import Call, Reply, answer, nothing
from demogen.sandbox.refusal import Refusal
from demogen.sandbox.store.documents import Document
from demogen.sandbox.world import World

_NAMES = """organization ledger asset account portfolio segment account_type transaction operation operation_route
    transaction_route asset_rate"""
_ENTITIES = frozenset(_NAMES.split())
_SHAPE = Shape(
    {"metadataKey": required(max_length=100, pattern=re.compile(r"[a-zA-Z0-9_]+")), "unique": FLAG, "sparse": FLAG}
)


def _entity(call: Call) -> str:
    name = call.parameters["entity_name"]
    if name not in _ENTITIES:
        raise Refusal("0138", detail="There is no entity of this name.")
    return name


def create(world: World, call: Call) -> Reply:
    """POST /v1/settings/metadata-indexes/entities/{entity}."""
    entity = _entity(call)
    body = read(call.body, _SHAPE)
    fields = {
        "indexName": f"metadata.{body['metadataKey']}_1",
        "entityName": entity,
        "metadataKey": body["metadataKey"],
        "unique": bool(body.get("unique")),
        "sparse": body.get("sparse") is not False,
    }
    name = f"{entity}/{body['metadataKey']}"
    if world.documents.named("metadata_index", 0, name) is None:
        world.documents.add(Document(world.ids.issue(), "metadata_index", 0, name, fields))
    return answer(201, fields)


def delete(world: World, call: Call) -> Reply:
    """DELETE .../entities/{entity}/key/{key}."""
    found = world.documents.named("metadata_index", 0, f"{_entity(call)}/{call.parameters['index_key']}")
    if found is None:
        raise Refusal("0133", entity="MetadataIndex")
    world.documents.delete(found, now_us=world.now_us())
    return nothing()


def list_(world: World, call: Call) -> Reply:
    """GET /v1/settings/metadata-indexes."""
    wanted = call.query.get("entity_name", "")
    found = world.documents.list("metadata_index", 0)
    shown = [one.body for one in found if not wanted or one.body["entityName"] == wanted]
    return answer(200, shown or None)
