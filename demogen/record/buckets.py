"""Counts by bucket: three significant digits of a duration in microseconds, kept sparsely.

Below 2,048 µs a bucket is one microsecond; above, each doubling has 1,024 buckets, so a value is known to better than
0.1 %. Where a C compiler was at hand, `buckets.pyx` stands in for this file: read like a dict, counted without one.
The order of buckets is not promised. May import: nothing from demogen.
"""

from __future__ import annotations

from collections.abc import Iterable

_LINEAR = 2048
_HALF_BITS = 10


def bucket_of(us: int) -> int:
    """Bucket number of a duration in whole microseconds; negative durations count as 0."""
    if us < _LINEAR:
        return us if us > 0 else 0
    shift = us.bit_length() - 11
    return (shift << _HALF_BITS) + (us >> shift)


def highest_us(bucket: int) -> int:
    """The largest duration that falls into the bucket, in microseconds."""
    if bucket < _LINEAR:
        return bucket
    shift = (bucket >> _HALF_BITS) - 1
    mantissa = bucket - (shift << _HALF_BITS)
    return ((mantissa + 1) << shift) - 1


class Buckets(dict[int, int]):
    """How many durations fell into each bucket; only buckets with any are there."""

    __slots__ = ()

    def count(self, us: int) -> None:
        """One more duration, in whole microseconds."""
        # As `bucket_of`, without the call: three are counted for every request.
        if us < _LINEAR:
            bucket = us if us > 0 else 0
        else:
            shift = us.bit_length() - 11
            bucket = (shift << _HALF_BITS) + (us >> shift)
        self[bucket] = self.get(bucket, 0) + 1

    def merge(self, other: Buckets) -> None:
        """Add another's counts to these."""
        for bucket, count in other.items():
            self[bucket] = self.get(bucket, 0) + count

    def at_most(self, bounds_us: Iterable[int]) -> list[int]:
        """For each bound (ascending, µs) how many counts lie in buckets that end at or below it."""
        counts, ordered = [], sorted(self.items())
        seen = place = 0
        for bound in bounds_us:
            beyond = bucket_of(bound + 1)
            while place < len(ordered) and ordered[place][0] < beyond:
                seen += ordered[place][1]
                place += 1
            counts.append(seen)
        return counts
