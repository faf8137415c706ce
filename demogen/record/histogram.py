"""Mergeable latency histograms: log-linear, microseconds, three significant digits, from 1 µs to over an hour.

Counts are kept sparsely, so an empty histogram costs nothing and merging is adding. May import: `buckets`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from demogen.record.buckets import Buckets, bucket_of, highest_us

__all__ = ["MAX_US", "Histogram", "bucket_of", "highest_us"]

#: More than an hour: longer than any deadline we allow.
MAX_US = 2 * 3_600 * 1_000_000


class Histogram:
    """Counts by bucket, plus the exact largest value and the sum (for means)."""

    __slots__ = ("counts", "max_us", "sum_us", "total")

    def __init__(self) -> None:
        self.counts = Buckets()
        self.total = 0
        self.sum_us = 0
        self.max_us = 0

    def record(self, duration_ns: int) -> None:
        """Count one duration (nanoseconds, ≥ 0)."""
        us = duration_ns // 1000
        self.counts.count(us)
        self.total += 1
        self.sum_us += us
        if us > self.max_us:
            self.max_us = us

    def merge(self, other: Histogram) -> None:
        """Add another histogram's counts to this one."""
        self.counts.merge(other.counts)
        self.total += other.total
        self.sum_us += other.sum_us
        self.max_us = max(self.max_us, other.max_us)

    def percentile_us(self, share: float) -> int:
        """The smallest bucket value with at least `share` (0 … 1) of the counts at or below it; 0 when empty."""
        if not self.total:
            return 0
        rank = max(1, -int(-share * self.total // 1))
        seen = 0
        for bucket, count in sorted(self.counts.items()):
            seen += count
            if seen >= rank:
                return min(highest_us(bucket), self.max_us)
        return self.max_us

    @property
    def mean_us(self) -> float:
        return self.sum_us / self.total if self.total else 0.0

    def at_most(self, bounds_us: Iterable[int]) -> list[int]:
        """For each bound (ascending, µs) how many durations were at most that long: Prometheus buckets."""
        return self.counts.at_most(bounds_us)

    def to_wire(self) -> dict[str, object]:
        """Plain values for a message between processes."""
        return {"c": self.counts.copy(), "s": self.sum_us, "m": self.max_us}

    @classmethod
    def from_wire(cls, data: Mapping[str, object]) -> Histogram:
        histogram = cls()
        counts = data["c"]
        assert isinstance(counts, dict)
        histogram.counts = Buckets({int(bucket): int(count) for bucket, count in counts.items()})
        histogram.total = sum(histogram.counts.values())
        histogram.sum_us = int(data["s"])  # type: ignore[call-overload]
        histogram.max_us = int(data["m"])  # type: ignore[call-overload]
        return histogram
