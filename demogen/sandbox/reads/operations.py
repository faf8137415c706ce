"""Reads, lists and patches operations (contract 5).

May import: demogen.sandbox.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from demogen.sandbox.body.check import read
from demogen.sandbox.http import Call, Reply, answer
from demogen.sandbox.ids import FOREIGN, first_key_at
from demogen.sandbox.lists import cursor_page, cut
from demogen.sandbox.query import metadata_filter, read_id, read_paging
from demogen.sandbox.reads.transactions import PATCH, keep_first_answer, window
from demogen.sandbox.refusal import Refusal
from demogen.sandbox.rendering import Place, operation
from demogen.sandbox.store.documents import merge_metadata
from demogen.sandbox.store.journal import Operation
from demogen.sandbox.world import World


def list_(world: World, call: Call) -> Reply:
    """GET L/accounts/{id}/operations: a cursor list with filters (contract 2.3, 5)."""
    paging = read_paging(call.query)
    start, end = window(world, paging)
    conditions, values = ["o.created between ? and ?", "a.operation >= ?"], [start, end, first_key_at(start)]
    for condition, value in _filters(call):
        conditions.append(condition)
        values.extend(value)
    if world.lag_us:
        conditions.append("a.operation < ?")
        values.append(world.visible_before())
    part = cut(paging, world.ids.read, column="a.operation")
    conditions.append(part.condition)
    account = FOREIGN if world.ledger_is_unknown(call) else call.keys["account_id"]
    rows = world.journal.of_account(account, " and ".join(conditions), (*values, *part.values), part.tail)
    place = Place(world, call)
    page = cursor_page(
        paging, part, rows, lambda row: operation(world, place, row), id_of=lambda row: world.spell(row.key),
        honest_back=not world.quirks["back-cursor"],
    )  # fmt: skip
    if metadata_filter(call.query) is not None:
        page["items"] = page["items"] or None
    return answer(200, page)


def _filters(call: Call) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """type, direction, route_id, route_code and one metadata key, each as a condition and its values."""
    query = call.query
    if query.get("type"):
        yield "o.type = ?", (query["type"].upper(),)
    if query.get("direction"):
        yield "o.direction = ?", (query["direction"].lower(),)
    if query.get("route_id"):
        yield "o.route_id = ?", (read_id(query, "route_id"),)
    if query.get("route_code"):
        yield "o.route_code = ?", (query["route_code"],)
    by_metadata = metadata_filter(query)
    if by_metadata is not None:
        yield (
            "exists (select 1 from json_each(o.metadata) as m where m.key = ? and m.type = 'text' and m.value = ?)",
            by_metadata,
        )


def get(world: World, call: Call) -> Reply:
    """GET L/accounts/{id}/operations/{id}; another account's operation is not found (contract 5)."""
    found = world.journal.operation(call.keys["operation_id"])
    if found is None or found.account != call.keys["account_id"] or not _is_here(world, call, found):
        raise Refusal("0007", entity="Operation")
    return answer(200, operation(world, Place(world, call), found))


def _is_here(world: World, call: Call, found: Operation) -> bool:
    return world.journal.get(world.scope(call), found.transaction) is not None


def patch(world: World, call: Call) -> Reply:
    """PATCH L/transactions/{id}/operations/{id}: description and metadata (contract 5)."""
    body = read(call, PATCH)
    found = world.journal.operation(call.keys["operation_id"])
    owner = world.journal.get(world.scope(call), call.keys["transaction_id"])
    if found is None or owner is None or found.transaction != owner.key:
        raise Refusal("0007", entity="Operation")
    keep_first_answer(world, call, owner)
    if body.get("description"):
        found.description = body["description"]
    if "metadata" in body:
        kept = None if found.metadata is None else msgspec.json.decode(found.metadata)
        merged = merge_metadata(kept, body["metadata"])
        found.metadata = msgspec.json.encode(merged).decode() if merged else None
    found.metadata = found.metadata or "{}"
    found.updated = world.now_us()
    world.journal.save_operation(found)
    return answer(200, operation(world, Place(world, call), found))
