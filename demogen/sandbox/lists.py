"""Decides how a cursor list is cut, and which cursors lead on from a page (contract 2.3).

May import: demogen.sandbox.ids, demogen.sandbox.query.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from demogen.sandbox.ids import FOREIGN, place_of
from demogen.sandbox.query import Paging


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
