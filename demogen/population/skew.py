"""How unevenly accounts are busy: a place among `count`, from 64 uniform bits that the caller draws.

Uniform, Zipf and a hot set; each pick costs the same whatever the count (the Zipf table is searched by halves) and is
the same on every worker. Holds no randomness of its own. May import: errors.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from itertools import accumulate, pairwise
from typing import Protocol

from demogen.errors import UsageError

_BITS = 64
#: Beyond so many places neighbours of a Zipf table share an edge: it stays a quarter of a megabyte.
_TABLE = 32_768


class Skew(Protocol):
    """How unevenly accounts are busy."""

    def pick(self, bits: int, count: int) -> int:
        """A place from 0 to count - 1, from 64 uniform bits."""
        ...


class Uniform:
    """Everybody is equally busy."""

    def pick(self, bits: int, count: int) -> int:
        return bits * count >> _BITS


class HotSet:
    """`share` in a thousand of the traffic goes to the first `hot` in a thousand of the places (one at least)."""

    def __init__(self, *, hot_thousandths: int = 10, share_thousandths: int = 800) -> None:
        if not 0 < hot_thousandths < 1000 or not 0 <= share_thousandths <= 1000:
            raise UsageError(
                f"a hot set of {hot_thousandths} ‰ with {share_thousandths} ‰ of the traffic makes no sense",
                hint="use 1 to 999 ‰ of the accounts and 0 to 1000 ‰ of the traffic",
            )
        self._hot = hot_thousandths
        self._share = share_thousandths

    def pick(self, bits: int, count: int) -> int:
        hot = max(1, count * self._hot // 1000)
        if hot >= count:
            return bits * count >> _BITS
        scaled = bits * 1000
        rest = scaled & ((1 << _BITS) - 1)
        if scaled >> _BITS < self._share:
            return rest * hot >> _BITS
        return hot + (rest * (count - hot) >> _BITS)


class Zipf:
    """The place of rank r is as busy as 1 / r^s; `exponent_thousandths` is s times a thousand (0 is uniform)."""

    def __init__(self, *, exponent_thousandths: int = 1000) -> None:
        if not 0 <= exponent_thousandths <= 4000:
            raise UsageError(
                f"a Zipf exponent of {exponent_thousandths / 1000} is out of range", hint="use 0 to 4; 1 is usual"
            )
        self._exponent = exponent_thousandths / 1000
        self._tables: dict[int, array[int]] = {}

    def pick(self, bits: int, count: int) -> int:
        table = self._tables.get(count)
        if table is None:
            table = self._tables[count] = self._table(count)
        group = bisect_right(table, bits)
        if count <= _TABLE:
            return group
        # A group stands for several neighbours of nearly equal weight; which of them, the low bits say.
        first, after = group * count // _TABLE, (group + 1) * count // _TABLE
        low = (bits & 0xFFFF_FFFF) * (after - first) >> 32
        return first + low

    def _table(self, count: int) -> array[int]:
        """Upper edges of each place in 64-bit space; the last one is implied."""
        groups = min(count, _TABLE)
        edges = [group * count // groups for group in range(groups + 1)]
        weights = [
            sum((rank + 1) ** -self._exponent for rank in range(first, after)) for first, after in pairwise(edges)
        ]
        total = sum(weights)
        top = (1 << _BITS) - 1
        return array("Q", (min(top, int(edge / total * 2.0**_BITS)) for edge in list(accumulate(weights))[:-1]))


def skew(name: str) -> Skew:
    """A skew by its spelling: `uniform`, `zipf`, `zipf:1.2`, `hot`, `hot:1%:80%`. Raises UsageError."""
    kind, *numbers = name.lower().split(":")
    try:
        if kind == "uniform" and not numbers:
            return Uniform()
        if kind == "zipf" and len(numbers) <= 1:
            return Zipf(exponent_thousandths=round(float(numbers[0]) * 1000)) if numbers else Zipf()
        if kind == "hot" and len(numbers) in (0, 2):
            parts = [round(float(number.rstrip("%")) * 10) for number in numbers]
            return HotSet(hot_thousandths=parts[0], share_thousandths=parts[1]) if parts else HotSet()
    except ValueError:
        pass
    raise UsageError(f"unknown account choice {name!r}", hint="use uniform, zipf, zipf:1.2, hot or hot:1%:80%")
