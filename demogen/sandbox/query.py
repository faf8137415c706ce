"""Decides what the query string of a list may say, and in which order its mistakes are told (contract 2.3).

Every list judges all of these, also those it does not filter by. Parameters it does not know are ignored. May import:
demogen.sandbox.ids, demogen.sandbox.moments, demogen.sandbox.refusal.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from demogen.sandbox import moments
from demogen.sandbox.ids import MalformedId, canonical_uuid
from demogen.sandbox.refusal import Refusal

MAX_LIMIT = 100
DEFAULT_LIMIT = 10
DEFAULT_MONTHS = 3
_MAX_SEARCH = 256
_SEARCHES = ("name", "legal_name", "doing_business_as", "alias")
_LOOSE_IDS = ("portfolio_id", "segment_id")  # may be empty, then they filter nothing
_STRICT_IDS = ("route_id", "parent_account_id")
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page starts, and which way it goes."""

    id: str
    forward: bool


@dataclass(frozen=True, slots=True)
class Paging:
    """What a list request asks for. `start_us` and `end_us` are both there or both None."""

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


_NOTHING_ASKED = Paging(DEFAULT_LIMIT, 1, descending=False, cursor=None, start_us=None, end_us=None)


def blank(text: str | None) -> bool:
    """What the ledger takes for no text: nothing, white space, and the words null and nil."""
    return text is None or text.strip() in ("", "null", "nil")


def wrong(name: str, *, entity: str = "") -> Refusal:
    """0082, naming the parameter; a list's own rule also names its entity."""
    return Refusal("0082", entity=entity, detail=f"The query parameter {name} has a value that cannot be used.")


def read_paging(query: Mapping[str, str]) -> Paging:
    """The list parameters of a query: what cannot be read at all first, then each rule in turn."""
    if not query:
        return _NOTHING_ASKED
    limit, page = _whole(query, "limit", DEFAULT_LIMIT), _whole(query, "page", 1)
    start, end = _moment(query, "start_date"), _moment(query, "end_date")
    if "blocked" in query:
        read_truth(query["blocked"])
    for name in _SEARCHES:
        if len(query.get(name, "").strip()) > _MAX_SEARCH:
            raise wrong(name)
    start_us, end_us = _window(start, end)
    if page < 1:
        raise wrong("page")
    if limit < 1:
        raise wrong("limit")
    if limit > MAX_LIMIT:
        raise Refusal("0080")
    order = query.get("sort_order", "asc").lower()
    if order not in ("asc", "desc"):
        raise Refusal("0081")
    cursor = query.get("cursor", "")
    position = None if blank(cursor) else _cursor(cursor)
    _judge_filters(query)
    return Paging(limit, page, order == "desc", position, start_us, end_us)


def _judge_filters(query: Mapping[str, str]) -> None:
    for name in _LOOSE_IDS:
        if not blank(query.get(name)):
            read_id(query, name)
    if "direction" in query and query["direction"].lower() not in ("debit", "credit"):
        raise wrong("direction")
    for name in _STRICT_IDS:
        if name in query:
            read_id(query, name)


def read_id(query: Mapping[str, str], name: str) -> str:
    """A parameter that is a UUID, in its usual spelling."""
    try:
        return canonical_uuid(query[name])
    except MalformedId as error:
        raise wrong(name) from error


def read_truth(text: str) -> bool:
    """`blocked`: true or false, 1 or 0, in any case."""
    truth = _TRUTHS.get(text.strip().lower())
    if truth is None:
        raise wrong("blocked")
    return truth


def metadata_filter(query: Mapping[str, str]) -> tuple[str, str] | None:
    """The one metadata key and value a list is searched by (contract 2.3)."""
    name = next((name for name in query if name.startswith("metadata.")), None)
    return None if name is None else (name.removeprefix("metadata."), query[name])


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 18:
        raise wrong(name)
    return int(text)


def _moment(query: Mapping[str, str], name: str) -> moments.Moment | None:
    if name not in query:
        return None
    try:
        return moments.parse(query[name])
    except moments.MalformedMoment as error:
        raise Refusal("0131") from error


def _window(start: moments.Moment | None, end: moments.Moment | None) -> tuple[int | None, int | None]:
    """Both dates or neither, in whole seconds; the ledger takes a midnight as an end for the last second of its day."""
    if start is None and end is None:
        return None, None
    if start is None or end is None:
        raise Refusal("0083")
    last_us = end.us if end.has_time else end.us + moments.LAST_SECOND_US
    if start.us > last_us:
        raise Refusal("0078")
    start_us, end_us = moments.whole_second(start.us), moments.whole_second(last_us)
    if start_us % moments.US_PER_DAY == moments.LAST_SECOND_US:
        start_us -= moments.LAST_SECOND_US
    if end_us % moments.US_PER_DAY == 0:
        end_us += moments.LAST_SECOND_US
    return start_us, end_us


def default_window(now_us: int) -> tuple[int, int]:
    """The last months to the end of the UTC day, for lists without dates (contract 2.3)."""
    end = now_us // moments.US_PER_DAY * moments.US_PER_DAY + moments.US_PER_DAY - 1
    return moments.months_before(now_us, DEFAULT_MONTHS), end


def _cursor(text: str) -> Cursor:
    """Both spellings of a cursor; in the older one, without a direction, all but `points_next` points back."""
    try:
        content = msgspec.json.decode(base64.b64decode(text + "=" * (-len(text) % 4), validate=True))
        spelled, direction = canonical_uuid(content["id"]), content.get("direction")
        points_next = content.get("points_next", False)
    except (binascii.Error, ValueError, msgspec.DecodeError, MalformedId, KeyError, TypeError, AttributeError) as error:
        raise wrong("cursor") from error
    if direction in ("next", "prev"):
        return Cursor(spelled, direction == "next")
    if not isinstance(points_next, bool):
        raise wrong("cursor")
    return Cursor(spelled, points_next)
