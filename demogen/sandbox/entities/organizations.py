"""Organizations: creation, patching and the address rule (contract 3.1).

May import: demogen.sandbox.
"""

from __future__ import annotations

from typing import Any

from demogen.sandbox.body.check import read
from demogen.sandbox.body.shape import (
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
from demogen.sandbox.entities.codes import COUNTRIES
from demogen.sandbox.entities.resource import Resource, base, created, status_of
from demogen.sandbox.http import Call, Reply
from demogen.sandbox.ids import canonical_uuid
from demogen.sandbox.refusal import Refusal
from demogen.sandbox.store.documents import Document, Filter, field_starts
from demogen.sandbox.world import World

_ADDRESS = Field(
    Kind.STRUCT,
    shape=Shape(
        {
            "line1": nullable(max_length=256),
            "line2": nullable(max_length=256),
            "zipCode": nullable(max_length=20),
            "city": nullable(max_length=100),
            "state": nullable(max_length=100),
            "country": nullable(),
            "description": nullable(max_length=100),
        }
    ),
)
_CREATE = Shape(
    {
        "legalName": required(max_length=256),
        "legalDocument": required(max_length=256),
        "doingBusinessAs": nullable(max_length=256),
        "parentOrganizationId": reference(),
        "address": _ADDRESS,
        "status": STATUS,
        "metadata": METADATA,
    }
)
_PATCH = Shape(
    {
        "legalName": nullable(max_length=256),
        "doingBusinessAs": nullable(max_length=256),
        "parentOrganizationId": reference(),
        "address": _ADDRESS,
        "status": STATUS,
        "metadata": PATCHED_METADATA,
    }
)


def create(world: World, call: Call) -> Reply:
    """POST /v1/organizations (contract 3.1)."""
    body = read(call.body, _CREATE)
    address = _judge_address(body.get("address"))
    parent = _judge_parent(world, body.get("parentOrganizationId"))
    fields = {
        "parentOrganizationId": parent,
        "legalName": body["legalName"],
        "doingBusinessAs": body.get("doingBusinessAs"),
        "legalDocument": body["legalDocument"],
        "address": address,
        "status": status_of(body.get("status")),
    }
    return created(
        world, Document(world.ids.issue(), "organization", 0, None, base(world, fields, body.get("metadata")))
    )


def _judge_address(sent: dict[str, Any] | None) -> dict[str, Any]:
    sent = sent or {}
    country = sent.get("country") or ""
    if any(sent.values()) and country not in COUNTRIES:
        raise Refusal("0032", entity="Organization")
    return {
        "line1": sent.get("line1") or "",
        "line2": sent.get("line2"),
        "zipCode": sent.get("zipCode") or "",
        "city": sent.get("city") or "",
        "state": sent.get("state") or "",
        "country": country,
    }


def _judge_parent(world: World, parent: str | None) -> str | None:
    if not parent:
        return None
    if world.documents.get("organization", 0, world.ids.read(parent)) is None:
        raise Refusal("0039", entity="Organization")
    return canonical_uuid(parent)


def _patch(world: World, call: Call, document: Document, body: dict[str, Any]) -> None:  # noqa: ARG001 - a hook's shape
    if body.get("address"):
        body["address"] = _judge_address(body["address"])
    body["parentOrganizationId"] = _judge_parent(world, body.get("parentOrganizationId"))


def _by_status(value: str) -> Filter:
    return Filter("json_extract(body, '$.status.code') = ?", value)


ORGANIZATIONS = Resource(
    kind="organization",
    entity="Organization",
    parameter="organization_id",
    in_ledger=False,
    patch_shape=_PATCH,
    no_match="0059",
    filters={
        "legal_name": lambda value: field_starts("legalName", value),
        "doing_business_as": lambda value: field_starts("doingBusinessAs", value),
        "status": _by_status,
    },
    patch=_patch,
)
