"""The mix: which pattern an arrival starts, in the proportions asked for; and whether it came out so.

Judged on scripts started, so it does not depend on how long a script takes (design 4.2). May import: patterns,
`errors`.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from itertools import accumulate

from msgspec.structs import replace

from demogen.errors import UsageError
from demogen.patterns import Dice, Pattern, through


class Mix:
    """Weighted patterns, keyed by name; the order of `names` is their number in journal and tally."""

    def __init__(self, weights: Mapping[str, float], patterns: Mapping[str, Pattern]) -> None:
        unknown = sorted(set(weights) - set(patterns))
        if unknown:
            raise UsageError(f"no pattern is called {unknown[0]!r}", hint=f"choose from: {', '.join(sorted(patterns))}")
        asked = {name: float(weight) for name, weight in weights.items() if weight > 0}
        if any(not math.isfinite(weight) or weight < 0 for weight in weights.values()):
            raise UsageError("a weight in the mix is negative or not a number", hint="use numbers of 0 and above")
        self.names = tuple(asked)
        # In a ledger that insists on routes every pattern must go through them (contract 11).
        self.patterns = tuple(replace(patterns[name], play=through(patterns[name].play)) for name in self.names)
        if not any(not pattern.reads_only for pattern in self.patterns):
            raise UsageError(
                "the mix has no pattern that writes", hint="the target rate counts transactions: add a payment, say"
            )
        total = sum(asked.values())
        self.shares = {name: weight / total for name, weight in asked.items()}
        scale = 1 << 53
        self._bounds = [round(bound * scale) for bound in accumulate(self.shares.values())]
        self._bounds[-1] = scale

    def draw(self, dice: Dice) -> int:
        """The number of the pattern this throw starts."""
        return bisect_right(self._bounds, dice.bits() >> 11)

    def chi_squared(self, started: Mapping[int, int]) -> tuple[float | None, float | None]:
        """(χ², p) of the scripts started against the shares asked for; (None, None) where there is nothing to judge."""
        total = sum(started.values())
        freedom = len(self.names) - 1
        if freedom < 1 or not total:
            return None, None
        expected = [share * total for share in self.shares.values()]
        statistic = sum((started.get(i, 0) - want) ** 2 / want for i, want in enumerate(expected))
        return statistic, _chi_squared_tail(statistic, freedom)


def with_scripts(weights: Mapping[str, float], scripts: Iterable[str]) -> dict[str, float]:
    """The mix with the user's scripts in it: those that it does not name share a tenth of the whole."""
    new = [name for name in scripts if name not in weights]
    return {**weights, **{name: sum(weights.values()) / 9 / len(new) for name in new}}


def _chi_squared_tail(statistic: float, freedom: int) -> float:
    """P(χ²_k > x): the regularised upper incomplete gamma Q(k/2, x/2).

    By recurrence from Q(1, y) = e^−y or Q(½, y) = erfc(√y), adding y^a e^−y / Γ(a+1) each step (Abramowitz and
    Stegun 6.5.22).
    """
    y, a = statistic / 2, 1.0 if freedom % 2 == 0 else 0.5
    tail = math.exp(-y) if a == 1.0 else math.erfc(math.sqrt(y))
    while a < freedom / 2:
        tail += math.exp(a * math.log(y) - y - math.lgamma(a + 1)) if y > 0 else 0.0
        a += 1.0
    return min(1.0, tail)
