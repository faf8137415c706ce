"""Asset rates (contract 3.7). They are kept and shown, never applied.

May import: demogen.sandbox.
"""

from __future__ import annotations

from typing import Any

from demogen.sandbox.body.check import read
from demogen.sandbox.body.shape import METADATA, Field, Kind, Shape, nullable, required
from demogen.sandbox.entities.assets import judge_code
from demogen.sandbox.http import Call, Reply, answer
from demogen.sandbox.ids import MalformedId, canonical_uuid
from demogen.sandbox.lists import cursor_page, cut, read_paging
from demogen.sandbox.refusal import FrameworkRefusal, Refusal
from demogen.sandbox.store.documents import Document, Filter, field_is
from demogen.sandbox.world import World

_SHAPE = Shape(
    {
        "from": required(max_length=10),
        "to": required(max_length=10),
        "rate": Field(Kind.INT, required=True),
        "scale": Field(Kind.INT, minimum=0),
        "source": nullable(max_length=200),
        "ttl": Field(Kind.INT, minimum=0),
        "externalId": nullable(),
        "metadata": METADATA,
    }
)


def put(world: World, call: Call) -> Reply:
    """PUT L/asset-rates: create, or replace the rate of the same pair."""
    body = read(call.body, _SHAPE)
    judge_code(body["from"], entity="AssetRate")
    judge_code(body["to"], entity="AssetRate")
    if body.get("ttl") is None:
        if world.quirks["rate-without-ttl-breaks"]:
            raise FrameworkRefusal(500, "An internal error occurred")
        raise Refusal("0009", fields={"ttl": "ttl is a required field"})
    external = _external_id(world, body.get("externalId"))
    ledger = world.ledger_document(call)
    if ledger is None:
        raise Refusal("0007", entity="Ledger")
    pair = f"{body['from']}/{body['to']}"
    known = world.documents.named("asset_rate", ledger.key, pair)
    now = world.now_text()
    fields: dict[str, Any] = {
        "organizationId": world.spell(ledger.scope),
        "ledgerId": world.spell(ledger.key),
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
        document = Document(world.ids.issue(), "asset_rate", ledger.key, pair, fields)
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
    if not sent:
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
    """GET L/asset-rates/from/{code}: `to` does not narrow it (contract 3.7)."""
    code = call.parameters["asset_code"]
    judge_code(code, entity="AssetRate")
    paging = read_paging(call.query)
    part = cut(paging, world.ids.read)
    filters = [field_is("from", code), Filter(part.condition, *part.values)]
    found = world.documents.list("asset_rate", world.scope(call), filters, tail=part.tail)
    page = cursor_page(
        paging, part, found, lambda one: {"id": world.spell(one.key), **one.body},
        id_of=lambda one: world.spell(one.key), honest_back=not world.quirks["back-cursor"],
    )  # fmt: skip
    return answer(200, page)
