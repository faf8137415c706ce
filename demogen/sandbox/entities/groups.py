"""Portfolios, segments and account types (contract 3.4, 3.6).

May import: demogen.sandbox.
"""

from __future__ import annotations

import re
from typing import Any

from demogen.sandbox.body.check import read
from demogen.sandbox.body.shape import METADATA, PATCHED_METADATA, STATUS, Shape, nullable, required, text
from demogen.sandbox.entities.resource import Resource, base, created, status_of
from demogen.sandbox.http import Call, Reply
from demogen.sandbox.refusal import Refusal
from demogen.sandbox.store.documents import Document
from demogen.sandbox.world import World

_KEY_VALUE = re.compile(r"[a-zA-Z0-9_-]+")
_PORTFOLIO = Shape(
    {
        "name": required(max_length=256),
        "entityId": nullable(max_length=256),
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


def _place(world: World, call: Call, *, entity: str) -> tuple[Document, dict[str, Any]]:
    ledger = world.ledger_document(call)
    if ledger is None:
        raise Refusal("0007" if entity == "AccountType" else "0037", entity=entity)
    return ledger, {"ledgerId": world.spell(ledger.key), "organizationId": world.spell(ledger.scope)}


def create_portfolio(world: World, call: Call) -> Reply:
    """POST L/portfolios (contract 3.4)."""
    body = read(call.body, _PORTFOLIO)
    ledger, place = _place(world, call, entity="Portfolio")
    fields = {"name": body["name"], **place, "status": status_of(body.get("status"))}
    if body.get("entityId"):
        fields["entityId"] = body["entityId"]
    key = world.ids.issue()
    return created(world, Document(key, "portfolio", ledger.key, None, base(world, fields, body.get("metadata"))))


def create_segment(world: World, call: Call) -> Reply:
    """POST L/segments (contract 3.4)."""
    body = read(call.body, _SEGMENT)
    ledger, place = _place(world, call, entity="Segment")
    _judge_segment(world, ledger.key, body["name"])
    fields = {"name": body["name"], **place, "status": status_of(body.get("status"))}
    key = world.ids.issue()
    return created(world, Document(key, "segment", ledger.key, body["name"], base(world, fields, body.get("metadata"))))


def _judge_segment(world: World, ledger: int, name: str) -> None:
    if world.documents.named("segment", ledger, name) is not None:
        raise Refusal("0015", entity="Segment")


def _patch_segment(world: World, call: Call, document: Document, body: dict[str, Any]) -> None:  # noqa: ARG001 - a hook's shape
    name = body.get("name")
    if name and name != document.name:
        _judge_segment(world, document.scope, name)
        document.name = name


def create_account_type(world: World, call: Call) -> Reply:
    """POST L/account-types (contract 3.6)."""
    body = read(call.body, _ACCOUNT_TYPE)
    ledger, place = _place(world, call, entity="AccountType")
    key_value = body["keyValue"].lower()
    if world.documents.named("account_type", ledger.key, key_value) is not None:
        raise Refusal("0108", entity="AccountType")
    fields = {**place, "name": body["name"]}
    if body.get("description"):
        fields["description"] = body["description"]
    fields["keyValue"] = key_value
    key = world.ids.issue()
    return created(
        world, Document(key, "account_type", ledger.key, key_value, base(world, fields, body.get("metadata")))
    )


PORTFOLIOS = Resource(
    kind="portfolio",
    entity="Portfolio",
    parameter="portfolio_id",
    no_match="0058",
    patch_shape=Shape(
        {
            "name": nullable(max_length=256),
            "entityId": nullable(max_length=256),
            "status": STATUS,
            "metadata": PATCHED_METADATA,
        }
    ),
)
SEGMENTS = Resource(
    kind="segment",
    entity="Segment",
    parameter="segment_id",
    no_match="0057",
    patch_shape=Shape({"name": nullable(max_length=256), "status": STATUS, "metadata": PATCHED_METADATA}),
    patch=_patch_segment,
)
ACCOUNT_TYPES = Resource(
    kind="account_type",
    entity="AccountType",
    parameter="account_type_id",
    missing="0109",
    patch_shape=Shape(
        {"name": nullable(max_length=100), "description": nullable(max_length=500), "metadata": PATCHED_METADATA}
    ),
)
