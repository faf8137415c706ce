"""Which traced call stands for a bucket of a histogram: the latest that was sampled. Bounded, and mergeable.

So a plot of latencies leads from a slow bucket to a trace that shows why it was slow. May import: nothing from demogen.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple

#: Upper bounds in microseconds, from a fast reply on loopback to the longest deadline; about three a decade.
BOUNDS_US = (
    250, 500, 1_000, 2_000, 3_000, 5_000, 7_500, 10_000, 15_000, 20_000, 30_000, 50_000, 75_000, 100_000, 150_000,
    200_000, 300_000, 500_000, 750_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000, 30_000_000,
)  # fmt: skip

#: (histogram, pattern, outcome, phase, number of the bucket); the histogram is one of SERVICE, RESPONSE, READ.
ExemplarKey = tuple[str, int, int, int, int]
SERVICE, RESPONSE, READ = "service", "response", "read"


class Exemplar(NamedTuple):
    """One call: its trace and span in hexadecimal, how long it took, and when it was answered in unix time."""

    trace_id: str
    span_id: str
    us: int
    wall_ns: int


def bucket_number(us: int) -> int:
    """Which of BOUNDS_US a duration falls under; one more than the last where it is longer than all."""
    return bisect_left(BOUNDS_US, us)


def keep_latest(kept: dict[ExemplarKey, Exemplar], key: ExemplarKey, exemplar: Exemplar) -> None:
    """Put it in, unless a later one is there."""
    there = kept.get(key)
    if there is None or there.wall_ns <= exemplar.wall_ns:
        kept[key] = exemplar
