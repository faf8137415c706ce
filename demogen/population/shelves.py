"""Whole lists of what a ledger holds, read once and shared by every job that asks: for taking over what exists.

Looking for each of fifty accounts by itself costs fifty requests, listing them one. Jobs that ask for a list which is
being read wait for it. Bounded: the oldest lists are dropped. May import: client, finding, plan.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Generator

from demogen.client.crew import Answer, Step, Wait
from demogen.population.finding import Finder, Listed, Search
from demogen.population.kinds import Kind
from demogen.population.planned import Planned

_SHELVES_MAX = 48
_NEIGHBOUR_S = 0.002
#: A list longer than this is not worth reading for the sake of one ledger's entities.
LIST_MAX = 5_000

Shelf = dict[str, bytes]


class Shelves:
    """Lists by kind and place."""

    def __init__(self, finder: Finder, *, expected: dict[Kind, int]) -> None:
        """`expected` says how many of a kind a ledger (or organization) is meant to hold."""
        self._finder = finder
        self._expected = expected
        self._shelves: OrderedDict[tuple[Kind, str], Shelf | None] = OrderedDict()

    def find(self, planned: Planned, place: dict[str, str]) -> Search:
        """The id of a planned entity, by its mark or unique name. Raises Unanswered."""
        if planned.kind is Kind.ORGANIZATION or self._expected.get(planned.kind, 0) > LIST_MAX:
            return (yield from self._finder.planned(planned, place))
        shelf = yield from self._shelf(planned.kind, place)
        found = shelf.get(planned.mark)
        return shelf.get(unique_name(planned)) if found is None else found

    def _shelf(self, kind: Kind, place: dict[str, str]) -> Generator[Step, Answer, Shelf]:
        key = (kind, "/".join(place.values()))
        while key in self._shelves:
            shelf = self._shelves[key]
            if shelf is not None:
                self._shelves.move_to_end(key)
                return shelf
            yield Wait(_NEIGHBOUR_S)
        self._shelves[key] = None
        try:
            items = yield from self._finder.listing(kind, place)
        except BaseException:
            del self._shelves[key]
            raise
        shelf = self._shelves[key] = {name: item.id.bytes for item in items for name in _names(item)}
        while len(self._shelves) > _SHELVES_MAX:
            self._shelves.popitem(last=False)
        return shelf


def _names(item: Listed) -> tuple[str, ...]:
    return tuple(
        name
        for name in (item.mark, item.alias and f"alias {item.alias}", item.code and f"code {item.code}",
                     item.key_value and f"key {item.key_value}", item.name and f"name {item.name.lower()}")
        if name
    )  # fmt: skip


def unique_name(planned: Planned) -> str:
    """What the server keeps unique about an entity, as a shelf spells it; "" where it keeps nothing unique."""
    fields = planned.fields
    if planned.kind is Kind.ACCOUNT:
        return f"alias {fields['alias']}"
    if planned.kind is Kind.ASSET:
        return f"code {fields['code']}"
    if planned.kind is Kind.ACCOUNT_TYPE:
        return f"key {fields['keyValue'].lower()}"
    if planned.kind in (Kind.LEDGER, Kind.SEGMENT):
        return f"name {fields['name'].lower()}"
    return ""
