"""How large amounts are: tables of equally likely values for each asset and shape, in minor units.

Everyday amounts are log-normal, regular ones nearly normal, those of firms and treasuries follow a power law: few are
huge (T8). What an asset is worth comes from the population's templates. May import: population.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache
from statistics import NormalDist
from typing import Literal, TypeAlias

from demogen.population.catalog import shipped

Shape: TypeAlias = Literal["everyday", "regular", "heavy"]

#: So many equally likely values stand for a distribution; a power of two, so that bits pick one.
PLACES = 1024

#: The middle of every table, in dollars; scripts scale it.
MEDIAN_DOLLARS = 25

_SPREAD = 1.05  # log-normal sigma: one in a thousand everyday payments is above 600 dollars
_DEVIATION = 0.12  # of a regular amount
_TAIL = 1.6  # Pareto's exponent


@cache
def dollars_per_unit(asset: str) -> Fraction:
    """What one unit of an asset is worth; a dollar where the templates do not know it."""
    known = shipped().assets.get(asset)
    return Fraction(known.usd) if known else Fraction(1)


def amounts(asset: str, *, scale: int, shape: Shape) -> tuple[int, ...]:
    """1,024 equally likely amounts around 25 dollars' worth of the asset, in minor units (≥ 1)."""
    median = MEDIAN_DOLLARS / dollars_per_unit(asset) * 10**scale
    # Through ten-thousandths of the median, so that no float ever carries more digits than it has.
    return tuple(max(1, part * median.numerator // (median.denominator * 10_000)) for part in _parts(shape))


@cache
def _parts(shape: Shape) -> tuple[int, ...]:
    """Ten-thousandths of the median at 1,024 equally spaced quantiles."""
    return tuple(round(10_000 * _times_median(shape, (place + 0.5) / PLACES)) for place in range(PLACES))


def _times_median(shape: Shape, quantile: float) -> float:
    match shape:
        case "everyday":
            return math.exp(_SPREAD * NormalDist().inv_cdf(quantile))
        case "regular":
            return max(0.2, 1 + _DEVIATION * NormalDist().inv_cdf(quantile))
        case "heavy":
            return float((2 * (1 - quantile)) ** (-1 / _TAIL))
