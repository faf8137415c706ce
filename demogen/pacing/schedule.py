"""Decides *when* each arrival is due; never sends one.

A schedule is a rate over time, λ(t), made of straight pieces; arrival i is due where the accumulated rate reaches i.
So every due time has a closed form, any worker can start at any index, and nothing drifts. With Poisson arrivals the
accumulated rate is compared with a sum of exponential gaps instead, drawn from (seed, block): random access again.
May import: `errors`.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, count
from random import Random
from typing import Literal

import msgspec

from demogen.errors import UsageError

NS_PER_S = 1_000_000_000

_BLOCK = 1024


class Segment(msgspec.Struct, frozen=True):
    """The rate moves in a straight line from `from_tps` to `to_tps` within `seconds` (> 0)."""

    seconds: float
    from_tps: float
    to_tps: float

    @property
    def arrivals(self) -> float:
        return self.seconds * (self.from_tps + self.to_tps) / 2

    def seconds_until(self, arrivals: float) -> float:
        """Seconds from the segment's start until that many arrivals have accumulated (0 ≤ arrivals ≤ all)."""
        slope = (self.to_tps - self.from_tps) / self.seconds
        if abs(slope) < 1e-12:
            return arrivals / self.from_tps if arrivals else 0.0
        # λ₀t + st²/2 = n, solved in the form that does not cancel for small slopes.
        root = math.sqrt(max(0.0, self.from_tps * self.from_tps + 2 * slope * arrivals))
        return 2 * arrivals / (self.from_tps + root) if arrivals else 0.0


class Schedule(msgspec.Struct, frozen=True):
    """Segments one after another; the last rate goes on for ever where `endless` is true."""

    segments: tuple[Segment, ...]
    arrivals: Literal["even", "poisson"] = "even"
    seed: int = 0
    endless: bool = False

    @property
    def seconds(self) -> float:
        """Length of the schedule; infinite where it is endless."""
        return math.inf if self.endless else sum(segment.seconds for segment in self.segments)

    @property
    def peak_tps(self) -> float:
        return max(max(segment.from_tps, segment.to_tps) for segment in self.segments)

    @property
    def mean_tps(self) -> float:
        return sum(segment.arrivals for segment in self.segments) / sum(segment.seconds for segment in self.segments)

    def accumulated(self, seconds: float) -> float:
        """How many arrivals the rate adds up to by then (on average, with Poisson arrivals)."""
        total, start = 0.0, 0.0
        for segment in self.segments:
            inside = min(segment.seconds, max(0.0, seconds - start))
            slope = (segment.to_tps - segment.from_tps) / segment.seconds
            total += segment.from_tps * inside + slope * inside * inside / 2
            start += segment.seconds
        if self.endless and seconds > start:
            total += (seconds - start) * self.segments[-1].to_tps
        return total

    def rate_at(self, seconds: float) -> float:
        """Arrivals a second at that time; 0 before the start and after the end."""
        start = 0.0
        for segment in self.segments:
            if start <= seconds < start + segment.seconds:
                return segment.from_tps + (segment.to_tps - segment.from_tps) * (seconds - start) / segment.seconds
            start += segment.seconds
        return self.segments[-1].to_tps if self.endless and seconds >= start else 0.0

    def first_due_after(self, seconds: float) -> int:
        """The index of the first arrival that is due at that time or later; the number of arrivals if none is."""
        around = self.accumulated(seconds)
        spread = 6 * math.sqrt(around) + 2 if self.arrivals == "poisson" else 2
        first = max(0, int(around - spread))
        last = first
        for index, due_ns in self.due_times(first):
            if due_ns >= seconds * NS_PER_S:
                return index
            last = index + 1
        return last

    def due_times(self, first: int = 0, stride: int = 1) -> Iterator[tuple[int, int]]:
        """(index, due time in ns from the schedule's start) for first, first + stride, … in order of time."""
        if self.arrivals == "even":
            if len(self.segments) == 1 and self.segments[0].from_tps == self.segments[0].to_tps:
                return self._constant(first, stride)
            return self._along((index, float(index)) for index in count(first, stride))
        return self._along(self._exponential(first, stride))

    def _constant(self, first: int, stride: int) -> Iterator[tuple[int, int]]:
        numerator, denominator = self.segments[0].from_tps.as_integer_ratio()
        step_ns = NS_PER_S * denominator
        end_ns = None if self.endless else round(self.segments[0].seconds * NS_PER_S)
        for index in count(first, stride):
            # Multiply first: a sum of rounded gaps drifts.
            due_ns = index * step_ns // numerator
            if end_ns is not None and due_ns >= end_ns:
                return
            yield index, due_ns

    def _along(self, accumulated: Iterator[tuple[int, float]]) -> Iterator[tuple[int, int]]:
        """Where the accumulated rate reaches each given amount."""
        starts = [0.0, *accumulate(segment.seconds for segment in self.segments)]
        totals = [0.0, *accumulate(segment.arrivals for segment in self.segments)]
        last = self.segments[-1]
        end_ns = round(starts[-1] * NS_PER_S)
        for index, amount in accumulated:
            if amount < totals[-1]:
                place = bisect_right(totals, amount) - 1
                seconds = starts[place] + self.segments[place].seconds_until(amount - totals[place])
                due_ns = int(seconds * NS_PER_S)
                if due_ns < end_ns or self.endless:
                    yield index, due_ns
            elif self.endless:
                yield index, end_ns + int((amount - totals[-1]) / last.to_tps * NS_PER_S)
            else:
                return

    def _exponential(self, first: int, stride: int) -> Iterator[tuple[int, float]]:
        """Sums of unit exponential gaps, by blocks that depend on (seed, block) only."""
        total, base = 0.0, 0
        block = -1
        sums: list[float] = []
        for index in count(first, stride):
            while block < 0 or index >= base + _BLOCK:
                if block >= 0:
                    total = sums[-1]
                    base += _BLOCK
                block += 1
                dice = Random(f"{self.seed}:{block}")
                sums = list(accumulate((dice.expovariate(1.0) for _ in range(_BLOCK)), initial=total))[1:]
            yield index, sums[index - base]


def constant(rate_tps: float, seconds: float | None = None) -> Schedule:
    """The same rate throughout; without `seconds` until told otherwise."""
    return Schedule((Segment(seconds or 1.0, _rate(rate_tps), rate_tps),), endless=seconds is None)


def poisson(rate_tps: float, seconds: float | None = None, *, seed: int = 0) -> Schedule:
    """Independent arrivals at a constant mean rate: what many unrelated customers look like."""
    even = constant(rate_tps, seconds)
    return Schedule(even.segments, arrivals="poisson", seed=seed, endless=even.endless)


def ramp(from_tps: float, to_tps: float, *, seconds: float, hold_seconds: float = 0.0) -> Schedule:
    """A straight climb (or descent), then level for `hold_seconds`."""
    pieces = [Segment(seconds, _rate(from_tps, least=0.0), _rate(to_tps, least=0.0))]
    if hold_seconds:
        pieces.append(Segment(hold_seconds, to_tps, to_tps))
    return Schedule(tuple(pieces))


def steps(rates_tps: Sequence[float], *, step_seconds: float) -> Schedule:
    """One level after another, each for the same time."""
    return Schedule(tuple(Segment(step_seconds, _rate(rate), rate) for rate in rates_tps))


def spike(
    base_tps: float, peak_tps: float, *, before_seconds: float, peak_seconds: float, after_seconds: float
) -> Schedule:
    """Level, a sudden peak, level again."""
    return Schedule(
        (
            Segment(before_seconds, _rate(base_tps), base_tps),
            Segment(peak_seconds, _rate(peak_tps), peak_tps),
            Segment(after_seconds, base_tps, base_tps),
        )
    )


def diurnal(mean_tps: float, *, seconds: float, swing: float = 0.6, pieces: int = 48) -> Schedule:
    """One day squeezed into `seconds`: a sine around the mean, lowest at the start; 0 ≤ swing < 1."""
    if not 0 <= swing < 1:
        raise UsageError(f"swing {swing} is not between 0 and 1", hint="0.6 means from 40 % to 160 % of the mean")
    levels = [mean_tps * (1 - swing * math.cos(2 * math.pi * piece / pieces)) for piece in range(pieces + 1)]
    return Schedule(tuple(Segment(seconds / pieces, levels[i], levels[i + 1]) for i in range(pieces)))


def trace(rates_tps: Sequence[tuple[float, float]]) -> Schedule:
    """A recorded trace: (seconds, transactions a second) pairs, replayed as levels. Silent pieces may be 0."""
    return Schedule(tuple(Segment(seconds, _rate(rate, least=0.0), rate) for seconds, rate in rates_tps))


def _rate(rate_tps: float, *, least: float = 1e-9) -> float:
    if not math.isfinite(rate_tps) or rate_tps < least:
        raise UsageError(f"a rate of {rate_tps} TPS cannot be driven", hint="use a number above 0, such as 200")
    return rate_tps
