"""Decides how a list is asked for and cut: limits, pages, cursors, order and dates (contract 2.3).

May import: demogen.sandbox.ids, demogen.sandbox.moments, demogen.sandbox.refusal.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from demogen.sandbox import moments
from demogen.sandbox.ids import FOREIGN, MalformedId, canonical_uuid, place_of
from demogen.sandbox.refusal import Refusal

MAX_LIMIT = 100
DEFAULT_LIMIT = 10
DEFAULT_MONTHS = 3


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page starts, and which way it goes."""

    id: str
    forward: bool


@dataclass(frozen=True, slots=True)
class Paging:
    """What a list request asks for."""

    limit: int
    page: int
    descending: bool
    cursor: Cursor | None
    start_us: int | None
    end_us: int | None

    @property
    def page_tail(self) -> str:
        """Order and range of a page list, as SQL."""
        order = "desc" if self.descending else "asc"
        return f"order by key {order} limit {self.limit} offset {(self.page - 1) * self.limit}"


def read_paging(query: Mapping[str, str]) -> Paging:
    """The list parameters of a query, judged."""
    order = query.get("sort_order", "").lower() or "asc"
    limit = _whole(query, "limit", DEFAULT_LIMIT)
    if limit > MAX_LIMIT:
        raise Refusal("0080")
    page = _whole(query, "page", 1)
    if order not in ("asc", "desc"):
        raise Refusal("0081")
    start_us, end_us = read_dates(query)
    cursor = query.get("cursor", "")
    return Paging(
        limit=limit,
        page=page,
        descending=order == "desc",
        cursor=_read_cursor(cursor) if cursor else None,
        start_us=start_us,
        end_us=end_us,
    )


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, "")
    if not text:
        return default
    if not text.lstrip("+-").isascii() or not text.lstrip("+-").isdigit() or len(text) > 18 or int(text) < 1:
        raise Refusal("0082", detail=f"The query parameter {name} has a value that cannot be used.")
    return int(text)


def read_dates(query: Mapping[str, str]) -> tuple[int | None, int | None]:
    """start_date and end_date in microseconds; a bare end date reaches to the end of its day."""
    start, end = query.get("start_date", ""), query.get("end_date", "")
    if not start and not end:
        return None, None
    if not start or not end:
        raise Refusal("0083")
    try:
        first, last = moments.parse(start), moments.parse(end)
    except moments.MalformedMoment as error:
        raise Refusal("0131") from error
    if first.us > last.us:
        raise Refusal("0078")
    return first.us, last.us if last.has_time else last.us + moments.US_PER_DAY - 1


def default_window(now_us: int) -> tuple[int, int]:
    """The last months to the end of the UTC day, for lists without dates (contract 2.3)."""
    end = now_us // moments.US_PER_DAY * moments.US_PER_DAY + moments.US_PER_DAY - 1
    return moments.months_before(now_us, DEFAULT_MONTHS), end


def _read_cursor(text: str) -> Cursor:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_" if "-" in text or "_" in text else None)
        content = msgspec.json.decode(raw)
        spelled = canonical_uuid(content["id"])
    except (binascii.Error, ValueError, msgspec.DecodeError, MalformedId, KeyError, TypeError, AttributeError) as error:
        raise Refusal("0082", detail="The cursor cannot be read.") from error
    if content.get("direction") in ("next", "prev"):
        return Cursor(spelled, content["direction"] == "next")
    if isinstance(content.get("points_next"), bool):
        return Cursor(spelled, content["points_next"])
    raise Refusal("0082", detail="The cursor cannot be read.")


def _write_cursor(spelled: str, direction: str) -> str:
    return base64.b64encode(msgspec.json.encode({"id": spelled, "direction": direction})).decode()


@dataclass(frozen=True, slots=True)
class Slice:
    """The SQL that cuts one page out of rows ordered by key: a condition and an order, one row more than asked."""

    condition: str
    values: tuple[int, ...]
    tail: str
    reversed: bool


def cut(paging: Paging, key_of: Callable[[str], int], *, column: str = "key") -> Slice:
    """How to read the page that a cursor points to."""
    descending, cursor = paging.descending, paging.cursor
    if cursor is None:
        order = "desc" if descending else "asc"
        return Slice("1", (), f"order by {column} {order} limit {paging.limit + 1}", reversed=False)
    upward = cursor.forward != descending
    sign, order = (">", "asc") if upward else ("<", "desc")
    key = key_of(cursor.id)
    if key == FOREIGN:
        # The server compares ids as they are: a made-up one points between those that exist.
        key = place_of(cursor.id) - upward
    return Slice(
        f"{column} {sign} ?",
        (key,),
        f"order by {column} {order} limit {paging.limit + 1}",
        reversed=not cursor.forward,
    )


def cursor_page(
    paging: Paging,
    part: Slice,
    rows: Sequence[Any],
    render: Callable[[Any], Any],
    *,
    id_of: Callable[[Any], str],
    honest_back: bool,
) -> dict[str, Any]:
    """One page of a cursor list, with the cursors that lead on (contract 2.3)."""
    more = len(rows) > paging.limit
    items = list(rows[: paging.limit])
    if part.reversed:
        items.reverse()
    page: dict[str, Any] = {"items": [render(item) for item in items], "limit": paging.limit}
    backwards = paging.cursor is not None and not paging.cursor.forward
    if items and (more or (backwards and honest_back)):
        page["next_cursor"] = _write_cursor(id_of(items[-1]), "next")
    if items and paging.cursor is not None and not (backwards and honest_back and not more):
        page["prev_cursor"] = _write_cursor(id_of(items[0]), "prev")
    return page
