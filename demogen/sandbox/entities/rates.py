"""Asset rates (contract 3.7). They are kept and shown, never applied.

May import: demogen.sandbox.
"""

from __future__ import annotations

from typing import Any

from demogen.sandbox.body.check import read
from demogen.sandbox.body.shape import LOOSE_METADATA, Field, Kind, Shape, nullable, required
from demogen.sandbox.entities.assets import judge_code
from demogen.sandbox.http import Call, Reply, answer
from demogen.sandbox.ids import MalformedId, canonical_uuid, first_key_at
from demogen.sandbox.lists import cursor_page, cut
from demogen.sandbox.query import blank, read_paging
from demogen.sandbox.refusal import FrameworkRefusal, Refusal
from demogen.sandbox.store.documents import Document, Filter, field_is
from demogen.sandbox.world import World, place_ids

_SHAPE = Shape(
    {
        "from": required(),
        "to": required(),
        "rate": Field(Kind.INT, required=True, takes_null=False),
        "scale": Field(Kind.INT, minimum=0),
        "source": nullable(),
        "ttl": Field(Kind.INT),
        "externalId": nullable(),
        "metadata": LOOSE_METADATA,
    }
)


def put(world: World, call: Call) -> Reply:
    """PUT L/asset-rates: create, or replace the rate of the same pair; that there is such a ledger is not asked."""
    body = read(call, _SHAPE)
    judge_code(body["from"], entity="AssetRate")
    judge_code(body["to"], entity="AssetRate")
    if body.get("ttl") is None:
        if world.quirks["rate-without-ttl-breaks"]:
            raise FrameworkRefusal(500, "An internal error occurred")
        raise Refusal("0009", fields={"ttl": "ttl is a required field"})
    external = _external_id(world, body.get("externalId"))
    scope = world.scope(call)
    organization, ledger = place_ids(call)
    pair = f"{body['from']}/{body['to']}"
    known = world.documents.named("asset_rate", scope, pair)
    now = world.now_text()
    fields: dict[str, Any] = {
        "organizationId": organization,
        "ledgerId": ledger,
        "externalId": external or (known.body["externalId"] if known else world.spell(world.ids.issue())),
        "from": body["from"],
        "to": body["to"],
        "rate": body["rate"],
        "scale": body.get("scale") or 0,
        "source": body.get("source"),
        "ttl": body["ttl"],
        "createdAt": known.body["createdAt"] if known else now,
        "updatedAt": now,
        "metadata": body.get("metadata") or {},
    }
    if known is None:
        document = Document(world.ids.issue(), "asset_rate", scope, pair, fields)
        world.documents.add(document)
        return answer(201, {"id": world.spell(document.key), **fields})
    return _replace(world, known, fields)


def _replace(world: World, known: Document, fields: dict[str, Any]) -> Reply:
    """Reads keep the old id, source and metadata; the answer shows others (contract 3.7)."""
    changed = {name: fields[name] for name in ("externalId", "rate", "scale", "ttl", "updatedAt")}
    honest = not world.quirks["rate-replace-answers-new-id"]
    if honest:
        changed |= {name: fields[name] for name in ("source", "metadata")}
    known.body = {**known.body, **changed}
    world.documents.save(known)
    if honest:
        return answer(201, {"id": world.spell(known.key), **known.body})
    return answer(201, {"id": world.spell(world.ids.issue()), **fields})


def _external_id(world: World, sent: str | None) -> str | None:
    if sent is None or blank(sent):
        return None
    try:
        return canonical_uuid(sent)
    except MalformedId as error:
        if world.quirks["rate-external-id-breaks"]:
            raise Refusal("0046") from error
        raise Refusal("0047", fields={"externalId": "externalId must be a UUID"}) from error


def by_external_id(world: World, call: Call) -> Reply:
    """GET L/asset-rates/{externalId}."""
    wanted = canonical_uuid(call.parameters["external_id"])
    found = world.documents.list(
        "asset_rate", world.scope(call), [field_is("externalId", wanted)], tail="order by key limit 1"
    )
    if not found:
        raise Refusal("0007", entity="AssetRate")
    return answer(200, {"id": world.spell(found[0].key), **found[0].body})


def from_asset(world: World, call: Call) -> Reply:
    """GET L/asset-rates/from/{code}: `to` is read, and does not narrow it (contract 3.7)."""
    code = call.parameters["asset_code"]
    paging = read_paging(call.query)
    for one in (code, *call.query.get("to", "").split(",")):
        judge_code(one, entity="AssetRate")
    part = cut(paging, world.ids.read)
    filters = [field_is("from", code), Filter(part.condition, *part.values)]
    if paging.start_us is not None and paging.end_us is not None:
        filters.append(Filter("key between ? and ?", first_key_at(paging.start_us), first_key_at(paging.end_us + 1000)))
    found = world.documents.list("asset_rate", world.scope(call), filters, tail=part.tail)
    page = cursor_page(
        paging, part, found, lambda one: {"id": world.spell(one.key), **one.body},
        id_of=lambda one: world.spell(one.key), honest_back=not world.quirks["back-cursor"],
    )  # fmt: skip
    return answer(200, page)
