"""Organizations: creation, patching and the address rule (contract 3.1).

May import: demogen.sandbox.
"""

from __future__ import annotations

from typing import Any

from demogen.sandbox.body.check import read
from demogen.sandbox.body.shape import (
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
from demogen.sandbox.entities.codes import COUNTRIES
from demogen.sandbox.entities.resource import Resource, base, created, status_filter, status_of
from demogen.sandbox.http import Call, Reply
from demogen.sandbox.refusal import Refusal
from demogen.sandbox.store.documents import Document, field_is, field_starts
from demogen.sandbox.world import World

_ADDRESS = Field(
    Kind.STRUCT,
    takes_null=False,
    shape=Shape(
        {
            "line1": plain(),
            "line2": nullable(),
            "zipCode": plain(),
            "city": plain(),
            "state": plain(),
            "country": plain(),
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
        "legalName": plain(max_length=256),
        "doingBusinessAs": nullable(max_length=256),
        "parentOrganizationId": reference(),
        "address": _ADDRESS,
        "status": STATUS,
        "metadata": LOOSE_METADATA,
    }
)


def create(world: World, call: Call) -> Reply:
    """POST /v1/organizations (contract 3.1)."""
    body = read(call, _CREATE)
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
    if _is_given(sent) and country not in COUNTRIES:
        raise Refusal("0032", entity="Organization")
    address = {
        "line1": sent.get("line1") or "",
        "line2": sent.get("line2"),
        "zipCode": sent.get("zipCode") or "",
        "city": sent.get("city") or "",
        "state": sent.get("state") or "",
        "country": country,
    }
    if sent.get("description") is not None:
        address["description"] = sent["description"]
    return address


def _is_given(address: dict[str, Any] | None) -> bool:
    """Whether anything is set; an empty line2 or description is something."""
    address = address or {}
    return any(address.values()) or any(address.get(name) is not None for name in ("line2", "description"))


def _judge_parent(world: World, parent: str | None) -> str | None:
    """The parent was there once; that it may be deleted by now is the server's foreign key."""
    if not parent:
        return None
    if not world.documents.ever("organization", world.ids.read(parent)):
        raise Refusal("0039", entity="Organization")
    return parent


def _patch(world: World, call: Call, document: Document, body: dict[str, Any]) -> None:  # noqa: ARG001 - a hook's shape
    if body.get("parentOrganizationId") == world.spell(document.key):
        raise Refusal("0091", entity="Organization")
    address = body.pop("address", None)
    if _is_given(address):
        body["address"] = _judge_address(address)
    body["parentOrganizationId"] = _judge_parent(world, body.get("parentOrganizationId"))
    if body.get("doingBusinessAs") == "":
        document.body["doingBusinessAs"] = ""


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
        "legal_document": lambda value: field_is("legalDocument", value),
        "status": status_filter("ACTIVE", "INACTIVE", entity="Organization"),
    },
    searches=("name", "legal_name", "doing_business_as"),
    patch=_patch,
)
