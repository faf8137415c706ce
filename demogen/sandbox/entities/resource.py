"""The handlers that all slow-moving entities share: read, list, count, patch, delete (contract 2.3, 3).

What differs between entities is a `Resource` value; what an entity decides itself stands in its own file. May import:
demogen.sandbox.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from demogen.sandbox.body.check import read
from demogen.sandbox.body.shape import Shape
from demogen.sandbox.http import Call, Reply, answer, counted, nothing
from demogen.sandbox.ids import canonical_uuid, first_key_at
from demogen.sandbox.lists import cursor_page, cut
from demogen.sandbox.query import Paging, blank, metadata_filter, read_paging, wrong
from demogen.sandbox.refusal import Refusal
from demogen.sandbox.store.documents import Document, Filter, field_is, merge_metadata, metadata_is
from demogen.sandbox.world import World, place_ids

Handler = Callable[[World, Call], Reply]


@dataclass(frozen=True, slots=True)
class Resource:
    """How one entity differs from the others."""

    kind: str  # our name in the table
    entity: str  # its name in newer error bodies
    parameter: str  # the path parameter with its id
    patch_shape: Shape
    missing: str = "0007"
    no_match: str | None = None  # the code of a metadata search without match; None: an empty list
    cursors: bool = False  # a cursor list instead of pages
    in_ledger: bool = True
    filters: Mapping[str, Callable[[str], Filter]] = field(default_factory=dict)
    searches: tuple[str, ...] = ()  # filters that a metadata search cannot be combined with
    shows_page: bool = False  # a cursor list that repeats `page` all the same
    patch: Callable[[World, Call, Document, dict[str, Any]], None] | None = None
    before_delete: Callable[[World, Call, Document], None] | None = None
    render: Callable[[World, Document], dict[str, Any]] | None = None


def scope_of(world: World, call: Call, resource: Resource) -> int:
    """What an entity belongs to: its ledger, its organization, or nothing."""
    if resource.in_ledger:
        return world.scope(call)
    return call.keys["organization_id"] if resource.kind == "ledger" else 0


def render(world: World, document: Document) -> dict[str, Any]:
    """The answer body of an entity: bodies are kept as they are shown, but for the id."""
    return {"id": world.spell(document.key), **document.body}


def shown(world: World, resource: Resource, document: Document) -> dict[str, Any]:
    """The answer body of an entity, by its own rendering where it has one."""
    return (resource.render or render)(world, document)


def created(world: World, document: Document) -> Reply:
    """Keep a new entity and answer 201."""
    world.documents.add(document)
    return answer(201, render(world, document))


def base(world: World, fields: Mapping[str, Any], metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    """A body with the fields every entity has: times, and metadata only where it was given (contract 2.2)."""
    now = world.now_text()
    body = {**fields, "createdAt": now, "updatedAt": now, "deletedAt": None}
    if metadata:
        body["metadata"] = dict(metadata)
    return body


def status_of(sent: Mapping[str, Any] | None) -> dict[str, Any]:
    """Free text with a default (contract 2.2)."""
    if not sent or not sent.get("code"):
        return {"code": "ACTIVE", "description": (sent or {}).get("description")}
    return {"code": sent["code"], "description": sent.get("description")}


def lenient_status_of(sent: Mapping[str, Any] | None) -> dict[str, Any]:
    """As `status_of`, for entities that take a blank code for none."""
    status = status_of(sent)
    return {**status, "code": "ACTIVE"} if blank(status["code"]) else status


def place_of(world: World, call: Call, *, entity: str, ledger_first: bool = True) -> dict[str, str]:
    """The organization and ledger a new entity names. The server's foreign keys want each to have been there once; that
    they are no pair, or deleted by now, is all the same to it (contract 3.3)."""
    organization, ledger = place_ids(call)
    wanted = [("0037", "ledger", "ledger_id"), ("0038", "organization", "organization_id")]
    for code, kind, parameter in wanted if ledger_first else reversed(wanted):
        if not world.documents.ever(kind, call.keys[parameter]):
            raise Refusal(code, entity=entity)
    return {"ledgerId": ledger, "organizationId": organization}


def get(world: World, call: Call, resource: Resource) -> Document:
    """The entity a path names, or its refusal."""
    document = world.documents.get(resource.kind, scope_of(world, call, resource), call.keys[resource.parameter])
    if document is None:
        raise Refusal(resource.missing, entity=resource.entity)
    return document


def reader(resource: Resource) -> Handler:
    def handle(world: World, call: Call) -> Reply:
        return answer(200, shown(world, resource, get(world, call, resource)))

    return handle


def patcher(resource: Resource) -> Handler:
    def handle(world: World, call: Call) -> Reply:
        body = read(call, resource.patch_shape)
        document = get(world, call, resource)
        changed = Document(document.key, document.kind, document.scope, document.name, dict(document.body))
        if resource.patch is not None:
            resource.patch(world, call, changed, body)
        merge(changed, body)
        changed.body["updatedAt"] = world.now_text()
        world.documents.save(changed)
        return answer(200, shown(world, resource, changed))

    return handle


def merge(document: Document, body: Mapping[str, Any]) -> None:
    """Merge patch: absent is unchanged; null leaves plain fields as they are, and clears metadata (contract 2.1)."""
    for name, value in body.items():
        if name == "metadata":
            metadata = merge_metadata(document.body.get("metadata"), value)
            document.body.pop("metadata", None)
            if metadata:
                document.body["metadata"] = metadata
        elif name == "status":
            if value and (value.get("code") or value.get("description") is not None):
                document.body["status"] = {"code": value.get("code", ""), "description": value.get("description")}
        elif value is not None and value != "":
            document.body[name] = value


def deleter(resource: Resource) -> Handler:
    def handle(world: World, call: Call) -> Reply:
        document = get(world, call, resource)
        if resource.before_delete is not None:
            resource.before_delete(world, call, document)
        world.documents.delete(document, now_us=world.now_us())
        return nothing()

    return handle


def counter(resource: Resource) -> Handler:
    def handle(world: World, call: Call) -> Reply:
        return counted(world.documents.count(resource.kind, scope_of(world, call, resource)))

    return handle


def lister(resource: Resource) -> Handler:
    return _cursor_lister(resource) if resource.cursors else _page_lister(resource)


def _page_lister(resource: Resource) -> Handler:
    def handle(world: World, call: Call) -> Reply:
        paging = read_paging(call.query)
        filters, by_metadata = _filters(call, resource, paging)
        scope = scope_of(world, call, resource)
        found = world.documents.list(resource.kind, scope, filters, tail=paging.page_tail)
        if by_metadata and not found and resource.no_match is not None:
            raise Refusal(resource.no_match, entity=resource.entity)
        items = [shown(world, resource, document) for document in found] or None
        return answer(200, {"items": items, "limit": paging.limit, "page": paging.page})

    return handle


def _cursor_lister(resource: Resource) -> Handler:
    def handle(world: World, call: Call) -> Reply:
        paging = read_paging(call.query)
        filters, by_metadata = _filters(call, resource, paging)
        scope = scope_of(world, call, resource)
        part = cut(paging, world.ids.read)
        filters.append(Filter(part.condition, *part.values))
        found = world.documents.list(resource.kind, scope, filters, tail=part.tail)
        if by_metadata and not found and resource.no_match is not None:
            raise Refusal(resource.no_match, entity=resource.entity)
        page = cursor_page(
            paging, part, found, lambda document: shown(world, resource, document),
            id_of=lambda document: world.spell(document.key), honest_back=not world.quirks["back-cursor"],
        )  # fmt: skip
        page["items"] = page["items"] or None
        if resource.shows_page:
            page["page"] = paging.page
        return answer(200, page)

    return handle


def _filters(call: Call, resource: Resource, paging: Paging) -> tuple[list[Filter], bool]:
    """The conditions of a list, and whether it is a metadata search."""
    query = call.query
    filters = [make(query[name]) for name, make in resource.filters.items() if name in query and not blank(query[name])]
    by_metadata = metadata_filter(query)
    if by_metadata is not None:
        if any(not blank(query.get(name)) for name in resource.searches):
            raise wrong("metadata", entity=resource.entity)
        filters.append(metadata_is(*by_metadata))
    if paging.start_us is not None and paging.end_us is not None:
        filters.append(Filter("key between ? and ?", first_key_at(paging.start_us), first_key_at(paging.end_us + 1000)))
    return filters, by_metadata is not None


def reference_filter(path: str) -> Callable[[str], Filter]:
    """A filter by an id; `read_paging` has judged its form."""
    return lambda value: field_is(path, canonical_uuid(value))


def status_filter(*allowed: str, entity: str) -> Callable[[str], Filter]:
    """A filter by status, in any case; only these can be asked for, though creation takes any code (contract 2.3)."""

    def make(value: str) -> Filter:
        if value.upper() not in allowed:
            raise wrong("status", entity=entity)
        return field_is("status.code", value.upper())

    return make
