"""Metadata indexes (contract 3.8): kept and listed; searches do not need them here.

May import: demogen.sandbox.
"""

from __future__ import annotations

import re

from demogen.sandbox.body.check import read
from demogen.sandbox.body.shape import FLAG, PLAIN_FLAG, Shape, required
from demogen.sandbox.http import Call, Reply, answer, nothing
from demogen.sandbox.query import read_paging
from demogen.sandbox.refusal import Refusal
from demogen.sandbox.store.documents import Document
from demogen.sandbox.world import World

_NAMES = """organization ledger asset account portfolio segment account_type transaction operation operation_route
    transaction_route"""
_ENTITIES = frozenset(_NAMES.split())
_SHAPE = Shape(
    {
        "metadataKey": required(max_length=100, pattern=re.compile(r"[a-zA-Z][a-zA-Z0-9_]*")),
        "unique": PLAIN_FLAG,
        "sparse": FLAG,
    }
)


def _entity(name: str) -> str:
    if name not in _ENTITIES:
        raise Refusal("0138", detail="There is no entity of this name.")
    return name


def create(world: World, call: Call) -> Reply:
    """POST /v1/settings/metadata-indexes/entities/{entity}."""
    body = read(call, _SHAPE)
    entity = _entity(call.parameters["entity_name"])
    read_paging(call.query)
    fields = {
        "indexName": f"metadata.{body['metadataKey']}_1",
        "entityName": entity,
        "metadataKey": body["metadataKey"],
        "unique": bool(body.get("unique")),
        "sparse": body.get("sparse") is not False,
    }
    name = f"{entity}/{body['metadataKey']}"
    known = world.documents.named("metadata_index", 0, name)
    if known is not None and known.body != fields:
        raise Refusal("0132", entity="MetadataIndex")
    if known is None:
        world.documents.add(Document(world.ids.issue(), "metadata_index", 0, name, fields))
    return answer(201, fields)


def delete(world: World, call: Call) -> Reply:
    """DELETE .../entities/{entity}/key/{key}."""
    entity = _entity(call.parameters["entity_name"])
    found = world.documents.named("metadata_index", 0, f"{entity}/{call.parameters['index_key']}")
    if found is None:
        raise Refusal("0133", entity="MetadataIndex")
    world.documents.delete(found, now_us=world.now_us())
    return nothing()


def list_(world: World, call: Call) -> Reply:
    """GET /v1/settings/metadata-indexes."""
    read_paging(call.query)
    wanted = call.query.get("entity_name", "")
    if wanted:
        _entity(wanted)
    found = world.documents.list("metadata_index", 0)
    shown = [one.body for one in found if not wanted or one.body["entityName"] == wanted]
    return answer(200, shown or None)
