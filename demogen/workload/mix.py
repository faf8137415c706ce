"""The mix: which pattern an arrival starts, in the proportions asked for; and whether it came out so.

Judged on scripts started, so it does not depend on how long a script takes (design 4.2). May import: patterns,
`errors`.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from itertools import accumulate
from types import MappingProxyType

from msgspec.structs import replace

from demogen.errors import UsageError
from demogen.patterns import Pattern, Script, Stage, through
from demogen.patterns.dice import Dice

_SCALE = 1 << 53


class Mix:
    """Weighted patterns, keyed by name; the order of `names` is their number in journal and tally."""

    def __init__(
        self,
        weights: Mapping[str, float],
        patterns: Mapping[str, Pattern],
        *,
        drift: Mapping[str, float] = MappingProxyType({}),
        arrivals: int = 0,
    ) -> None:
        """`drift` holds the weights that patterns have at the last of the `arrivals`, where they differ.

        Raises UsageError for a name nobody knows, an impossible weight, or a mix that writes nothing.
        """
        later = {**weights, **drift}
        unknown = sorted(later.keys() - patterns.keys())
        if unknown:
            raise UsageError(f"no pattern is called {unknown[0]!r}", hint=f"choose from: {', '.join(sorted(patterns))}")
        if any(not math.isfinite(weight) or weight < 0 for weight in (*weights.values(), *later.values())):
            raise UsageError("a weight in the mix is negative or not a number", hint="use numbers of 0 and above")
        self.names = tuple(name for name in later if weights.get(name, 0) > 0 or later[name] > 0)
        # In a ledger that insists on routes every pattern must go through them (contract 11).
        self.patterns = tuple(replace(patterns[name], play=through(patterns[name].play)) for name in self.names)
        self._straight = tuple([patterns[name].play for name in self.names])
        for ones in (weights, later):
            if not any(ones.get(one.name, 0) > 0 and not one.reads_only for one in self.patterns):
                raise UsageError(
                    "the mix has no pattern that writes", hint="the target rate counts transactions: add a payment, say"
                )
        self.arrivals = arrivals
        self._first, self._last = self._shares(weights), self._shares(later)
        self._bounds, self._last_bounds = _bounds(self._first), _bounds(self._last)
        self._drifts = self._first != self._last and arrivals > 0

    @property
    def shares(self) -> dict[str, float]:
        """What each pattern has of a whole run, by name."""
        return dict(zip(self.names, self._mean(1.0), strict=True))

    def plays(self, stage: Stage) -> tuple[Callable[[Dice], Script], ...]:
        """How each pattern is played there: straight, where no ledger insists on routes."""
        return tuple([pattern.play for pattern in self.patterns]) if stage.flows.insists else self._straight

    def draw(self, dice: Dice) -> int:
        """The number of the pattern this throw starts."""
        bounds = self._bounds
        # Of the two mixes the later one is drawn the more often the later it is, which is all that lies between them.
        if self._drifts and dice.below(self.arrivals) < dice.arrival:
            bounds = self._last_bounds
        return bisect_right(bounds, dice.bits() >> 11)

    def _shares(self, weights: Mapping[str, float]) -> list[float]:
        total = sum(weights.get(name, 0.0) for name in self.names)
        return [weights.get(name, 0.0) / total for name in self.names]

    def _mean(self, played: float) -> list[float]:
        """Shares on average over so much (0 … 1) of the run, from its start."""
        late = played / 2 if self._drifts else 0.0
        return [(1 - late) * first + late * last for first, last in zip(self._first, self._last, strict=True)]

    def chi_squared(self, started: Mapping[int, int], *, played: float = 1.0) -> tuple[float | None, float | None]:
        """(χ², p) of the scripts started against the shares asked for; (None, None) where there is nothing to judge.

        `played` is how much of the run they are from (0 … 1): a mix that drifts has not come to its end then.
        """
        total = sum(started.values())
        freedom = len(self.names) - 1
        if freedom < 1 or not total:
            return None, None
        expected = [share * total for share in self._mean(played)]
        statistic = sum((started.get(i, 0) - want) ** 2 / want for i, want in enumerate(expected))
        return statistic, _chi_squared_tail(statistic, freedom)


def _bounds(shares: Iterable[float]) -> list[int]:
    """Upper ends in 53 bits; what is never drawn has none of its own."""
    bounds = [round(bound * _SCALE) for bound in accumulate(shares)]
    return [_SCALE if bound == bounds[-1] else bound for bound in bounds]


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
