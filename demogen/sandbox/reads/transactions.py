"""Reads, lists, counts and patches transactions (contract 2.3, 4).

May import: demogen.sandbox.
"""

from __future__ import annotations

from typing import Any

import msgspec

from demogen.sandbox import moments
from demogen.sandbox.body.check import read
from demogen.sandbox.body.shape import LOOSE_METADATA, Shape, plain
from demogen.sandbox.http import Call, Reply, answer, counted
from demogen.sandbox.ids import first_key_at
from demogen.sandbox.lists import cursor_page, cut
from demogen.sandbox.query import Paging, default_window, metadata_filter, read_paging, wrong
from demogen.sandbox.refusal import Refusal
from demogen.sandbox.rendering import Place, first_answer, read_answer, transaction
from demogen.sandbox.store.documents import merge_metadata
from demogen.sandbox.store.journal import Operation, Transaction
from demogen.sandbox.world import World

PATCH = Shape({"description": plain(max_length=256), "metadata": LOOSE_METADATA})
_STATUSES = ("CREATED", "APPROVED", "PENDING", "CANCELED", "NOTED")


def _get(world: World, call: Call) -> Transaction:
    found = world.journal.get(world.scope(call), call.keys["transaction_id"])
    if found is None:
        raise Refusal("0007", entity="Transaction")
    return found


def get(world: World, call: Call) -> Reply:
    """GET L/transactions/{id}; list parameters are judged here too, and cut its operations."""
    paging = read_paging(call.query)
    found = _get(world, call)
    operations = world.journal.operations_of(found)
    if world.quirks["reads-cut-operations"]:
        operations = _page_of(world, operations, paging)
    reply = answer(200, read_answer(world, Place(world, call), found, operations))
    reply.headers["x-cache-hit"] = "true" if found.key >= world.visible_before() else "false"
    return reply


def _page_of(world: World, operations: list[Operation], paging: Paging) -> list[Operation]:
    """The operations that a list of them would have on its page."""
    start, end = paging.start_us, paging.end_us
    shown = [one for one in operations if start is None or end is None or start <= one.created <= end]
    if paging.cursor is not None:
        pivot, upward = world.ids.read(paging.cursor.id), paging.cursor.forward != paging.descending
        shown = [one for one in shown if (one.key > pivot) == upward and one.key != pivot]
        nearest = sorted(shown, key=_key, reverse=not upward)[: paging.limit]
        return sorted(nearest, key=_key, reverse=paging.descending)
    return sorted(shown, key=_key, reverse=paging.descending)[: paging.limit]


def _key(operation: Operation) -> int:
    return operation.key


def patch(world: World, call: Call) -> Reply:
    """PATCH L/transactions/{id}: description and metadata; the answer has no legs (contract 4)."""
    body = read(call, PATCH)
    found = _get(world, call)
    keep_first_answer(world, call, found)
    if body.get("description"):
        found.description = body["description"]
    if "metadata" in body:
        kept = None if found.metadata is None else msgspec.json.decode(found.metadata)
        merged = merge_metadata(kept, body["metadata"])
        found.metadata = None if merged is None else msgspec.json.encode(merged).decode()
    found.updated = world.now_us()
    world.journal.save(found)
    if not world.quirks["patch-answers-without-legs"]:
        return answer(200, read_answer(world, Place(world, call), found))
    return answer(
        200,
        transaction(world, Place(world, call), found, status=found.status, sides=(None, None), operations=None),
    )


def keep_first_answer(world: World, call: Call, found: Transaction) -> None:
    """A replay shows the first answer even after a PATCH, so keep it while its mark counts (contract 6)."""
    if found.mark is not None and found.mark_until > world.now_us():
        operations = world.journal.operations_of(found, first_only=True)
        shown = first_answer(world, Place(world, call), found, operations)
        world.journal.keep_answer(found.key, msgspec.json.encode(shown))


def list_(world: World, call: Call) -> Reply:
    """GET L/transactions: a cursor list; items carry metadata and operations (contract 2.3)."""
    paging = read_paging(call.query)
    start, end = window(world, paging)
    conditions = ["ledger = ?", "key >= ? and created between ? and ?"]
    values: list[Any] = [world.scope(call), first_key_at(start), start, end]
    by_metadata = metadata_filter(call.query)
    if by_metadata is not None:
        conditions.append(
            "exists (select 1 from json_each(metadata) as m where m.key = ? and m.type = 'text' and m.value = ?)"
        )
        values += by_metadata
    if world.lag_us:
        conditions.append("key < ?")
        values.append(world.visible_before())
    part = cut(paging, world.ids.read)
    conditions.append(part.condition)
    rows = world.journal.select(" and ".join(conditions), (*values, *part.values), part.tail)
    place = Place(world, call)
    page = cursor_page(
        paging, part, rows, lambda row: read_answer(world, place, row), id_of=lambda row: world.spell(row.key),
        honest_back=not world.quirks["back-cursor"],
    )  # fmt: skip
    if by_metadata is not None:
        page["items"] = page["items"] or None
    return answer(200, page)


def window(world: World, paging: Paging) -> tuple[int, int]:
    """The dates asked for, else the last months (contract 2.3)."""
    if paging.start_us is None or paging.end_us is None:
        return default_window(world.now_us())
    return paging.start_us, paging.end_us


def count(world: World, call: Call) -> Reply:
    """HEAD L/transactions/metrics/count: today in UTC unless full RFC 3339 dates are given (contract 4)."""
    conditions = ["ledger = ?"]
    values: list[Any] = [world.scope(call)]
    route, status = call.asked("route"), call.asked("status").upper()
    if status and status not in _STATUSES:
        raise wrong("status")
    for column, value in (("status", status), ("route", route)):
        if value:
            conditions.append(f"{column} = ?")
            values.append(value)
    conditions.append("created between ? and ?")
    values += _count_window(world, call)
    return counted(world.journal.count(" and ".join(conditions), values))


def _count_window(world: World, call: Call) -> tuple[int, int]:
    """Each end for itself: the start of today, or the moment asked for; the end of today, or that one."""
    midnight = world.now_us() // moments.US_PER_DAY * moments.US_PER_DAY
    first = _full_moment(call.asked("start_date"), midnight)
    last = _full_moment(call.asked("end_date"), midnight + moments.US_PER_DAY - 1)
    if first > last:
        raise Refusal("0078")
    return first, last


def _full_moment(text: str, default_us: int) -> int:
    if not text:
        return default_us
    try:
        moment = moments.parse(text)
    except moments.MalformedMoment as error:
        raise Refusal("0131") from error
    if not moment.has_zone or " " in text:
        raise Refusal("0131")
    return moment.us
