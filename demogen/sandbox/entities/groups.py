"""Portfolios, segments and account types (contract 3.4, 3.6).

May import: demogen.sandbox.
"""

from __future__ import annotations

import re
from typing import Any

from demogen.sandbox.body.check import read
from demogen.sandbox.body.shape import LOOSE_METADATA, METADATA, STATUS, Shape, plain, required, text
from demogen.sandbox.entities.resource import Resource, base, created, lenient_status_of, place_of
from demogen.sandbox.http import Call, Reply
from demogen.sandbox.refusal import Refusal
from demogen.sandbox.store.documents import Document, field_is
from demogen.sandbox.world import World

_KEY_VALUE = re.compile(r"[a-zA-Z0-9_-]+")
_PORTFOLIO = Shape(
    {
        "name": required(max_length=256),
        "entityId": plain(max_length=256),
        "status": STATUS,
        "metadata": METADATA,
    }
)
_SEGMENT = Shape({"name": required(max_length=256), "status": STATUS, "metadata": METADATA})
_ACCOUNT_TYPE = Shape(
    {
        "name": required(max_length=100),
        "description": text(max_length=500),
        "keyValue": required(max_length=50, pattern=_KEY_VALUE, pattern_code="0120"),
        "metadata": METADATA,
    }
)


def create_portfolio(world: World, call: Call) -> Reply:
    """POST L/portfolios (contract 3.4)."""
    body = read(call, _PORTFOLIO)
    place = place_of(world, call, entity="Portfolio")
    fields = {"name": body["name"], **place, "status": lenient_status_of(body.get("status"))}
    if body.get("entityId"):
        fields["entityId"] = body["entityId"]
    document = _document(world, call, "portfolio", None, base(world, fields, body.get("metadata")))
    return created(world, document)


def _document(world: World, call: Call, kind: str, name: str | None, body: dict[str, Any]) -> Document:
    return Document(world.ids.issue(), kind, world.scope(call), name, body)


def create_segment(world: World, call: Call) -> Reply:
    """POST L/segments (contract 3.4)."""
    body = read(call, _SEGMENT)
    _judge_segment(world, world.scope(call), body["name"])
    place = place_of(world, call, entity="Segment")
    fields = {"name": body["name"], **place, "status": lenient_status_of(body.get("status"))}
    document = _document(world, call, "segment", body["name"], base(world, fields, body.get("metadata")))
    return created(world, document)


def _judge_segment(world: World, scope: int, name: str) -> None:
    if world.name_is_taken("segment", scope, name):
        raise Refusal("0015", entity="Segment")


def _patch_segment(world: World, call: Call, document: Document, body: dict[str, Any]) -> None:  # noqa: ARG001 - a hook's shape
    name = body.get("name")
    if name and name != document.name:
        _judge_segment(world, document.scope, name)
        document.name = name


def create_account_type(world: World, call: Call) -> Reply:
    """POST L/account-types (contract 3.6)."""
    body = read(call, _ACCOUNT_TYPE)
    key_value = body["keyValue"].lower()
    if world.documents.named("account_type", world.scope(call), key_value) is not None:
        raise Refusal("0108", entity="AccountType")
    fields = {**place_of(world, call, entity="AccountType", ledger_first=False), "name": body["name"]}
    if body.get("description"):
        fields["description"] = body["description"]
    fields["keyValue"] = key_value
    document = _document(world, call, "account_type", key_value, base(world, fields, body.get("metadata")))
    return created(world, document)


PORTFOLIOS = Resource(
    kind="portfolio",
    entity="Portfolio",
    parameter="portfolio_id",
    no_match="0058",
    patch_shape=Shape(
        {
            "name": plain(max_length=256),
            "entityId": plain(max_length=256),
            "status": STATUS,
            "metadata": LOOSE_METADATA,
        }
    ),
)
SEGMENTS = Resource(
    kind="segment",
    entity="Segment",
    parameter="segment_id",
    no_match="0057",
    patch_shape=Shape({"name": plain(max_length=256), "status": STATUS, "metadata": LOOSE_METADATA}),
    patch=_patch_segment,
)
ACCOUNT_TYPES = Resource(
    kind="account_type",
    entity="AccountType",
    parameter="account_type_id",
    missing="0109",
    no_match="0110",
    cursors=True,
    shows_page=True,
    filters={"key_value": lambda value: field_is("keyValue", value.lower())},
    patch_shape=Shape({"name": text(max_length=100), "description": text(max_length=500), "metadata": LOOSE_METADATA}),
)
