"""How sure a difference between two runs is: resampling with seeded dice. Knows histograms and series, not runs.

Answers that come together are slow together: a percentile is resampled answer by answer and, besides, strays as its
seconds show that the whole run does; rates are resampled in blocks of seconds. May import: nothing from demogen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

ROUNDS = 2000
_BLOCK_S = 5
_SECONDS_MIN = 8


class Interval(NamedTuple):
    """The middle 95 % of what resampling gave."""

    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0 or self.high < 0


class Drift(NamedTuple):
    """How far a whole run's level strays by chance: relative standard deviation, and what it was estimated from.

    `freedom` is about how many independent stretches of time the run had, less one.
    """

    deviation: float
    freedom: float


STEADY = Drift(0.0, 100.0)


def percentile_rounds(
    us: Sequence[int], count: Sequence[int], *, share: float, drift: Drift, seed: int, rounds: int = ROUNDS
) -> Array:
    """`rounds` plausible values (µs) of the percentile `share` of a histogram of a run that strays by `drift`."""
    values, weights = np.asarray(us, dtype=float), np.asarray(count, dtype=float)
    dice = np.random.default_rng(seed)
    drawn = _percentiles(values, weights, share=share, answers=round(weights.sum()), rounds=rounds, dice=dice)
    return np.asarray(drawn * np.exp(drift.deviation * dice.standard_t(drift.freedom, rounds)))


def drift_of(
    us: Sequence[int], count: Sequence[int], *, share: float, seconds: Sequence[tuple[float, int]], seed: int
) -> Drift:
    """How much more a percentile moves from second to second than independent answers would make it move.

    `seconds` are (the percentile in that second in µs, answers in it) pairs, in order.
    """
    known = [(value, answers) for value, answers in seconds if answers > 0 and value > 0]
    if len(known) < _SECONDS_MIN:
        return STEADY
    values, weights = np.asarray(us, dtype=float), np.asarray(count, dtype=float)
    typical = max(2, round(float(np.median([answers for _, answers in known]))))
    dice = np.random.default_rng(seed)
    by_chance = np.log(_percentiles(values, weights, share=share, answers=typical, rounds=500, dice=dice)).var()
    series = np.log([value for value, _ in known])
    wandering = _long_run_variance(series)
    excess = max(0.0, wandering - float(by_chance))
    stretches = len(series) * float(series.var()) / wandering if wandering > 0 else len(series)
    return Drift(float(np.sqrt(excess / len(series))), max(3.0, stretches - 1))


def _percentiles(
    values: Array, weights: Array, *, share: float, answers: int, rounds: int, dice: np.random.Generator
) -> Array:
    """The percentile of each of `rounds` samples of `answers` independent answers.

    The k-th smallest of n uniform numbers is Beta(k, n - k + 1): its place in the histogram is all that is drawn.
    """
    rank = max(1, int(np.ceil(share * answers)))
    places = np.searchsorted(np.cumsum(weights) / weights.sum(), dice.beta(rank, answers - rank + 1, rounds))
    return np.asarray(values[np.minimum(places, len(values) - 1)])


def _long_run_variance(series: Array) -> float:
    """Variance of the series' mean times its length, as a first-order autoregression has it; at least its variance.

    Short series make neighbours look less alike than they are: the correlation is corrected for that.
    """
    centred = series - series.mean()
    variance = float(centred @ centred) / len(centred)
    if variance == 0:
        return 0.0
    alike = float(centred[1:] @ centred[:-1]) / len(centred) / variance
    alike = min(0.97, alike + (1 + 3 * alike) / len(centred))
    return variance * max(1.0, (1 + alike) / (1 - alike))


def mean_rounds(series: Sequence[float], *, seed: int, rounds: int = ROUNDS) -> Array:
    """`rounds` plausible means of a series, drawn in circular blocks of neighbouring seconds."""
    values = np.asarray(series, dtype=float)
    length, block = len(values), min(_BLOCK_S, len(values))
    dice = np.random.default_rng(seed)
    starts = dice.integers(0, length, size=(rounds, -(-length // block)))
    places = (starts[:, :, None] + np.arange(block)) % length
    return np.asarray(values[places.reshape(rounds, -1)[:, :length]].mean(axis=1))


def change(before: Array, after: Array) -> Interval:
    """The relative change from one to the other: 0.05 is five per cent more."""
    low, high = np.percentile((after - before) / before, [2.5, 97.5])
    return Interval(float(low), float(high))
