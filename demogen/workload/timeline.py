"""The run second by second, as plots show it: offered, answered, P50 and P99. Bounded, whatever the run's length.

Processes report each second of the schedule under its number, so a point is one second of the whole cluster however
late a report comes in. May import: `record`.
"""

from __future__ import annotations

from demogen.record.histogram import Histogram
from demogen.record.measurement import SERIES_POINTS_MAX, Series, merged
from demogen.record.tally import Tally

#: A report this many seconds late still counts into its own second.
_OPEN_SECONDS = 8


class Timeline:
    """Collects deltas by second; keeps at most twice as many points as a plot shows."""

    def __init__(self) -> None:
        self._open: dict[int, tuple[int, Histogram]] = {}
        self._closed_until = 0
        self._seconds_a_point = 1
        self._points = _empty(1)
        self._pending = (0, Histogram())

    def add(self, delta: Tally, second: int) -> None:
        """Count a delta into that second of the schedule (from 0)."""
        second = max(second, self._closed_until)
        offered, response = self._open.get(second, (0, Histogram()))
        for cell in delta.cells.values():
            response.merge(cell.response)
        self._open[second] = (offered + delta.counts["offered"], response)
        self._close_before(second - _OPEN_SECONDS)

    def series(self) -> Series:
        """All points so far, those still open included, no more than a plot shows."""
        if self._open:
            self._close_before(max(self._open) + 1)
        if self._closed_until % self._seconds_a_point:
            self._keep_point()
        return merged(self._points)

    def so_far(self) -> Series:
        """The points up to the second before the last, for who looks on: closes nothing, late reports still count."""
        points, step_s = self._points, self._seconds_a_point
        live = Series(
            step_s=step_s,
            offered=[*points.offered],
            answered=[*points.answered],
            p50_ms=[*points.p50_ms],
            p99_ms=[*points.p99_ms],
        )
        if step_s == 1:
            for second in range(self._closed_until, max(self._open, default=0)):
                _append(live, *self._open.get(second, (0, Histogram())))
        return merged(live)

    def _close_before(self, second: int) -> None:
        while self._closed_until < second:
            offered, response = self._open.pop(self._closed_until, (0, Histogram()))
            pending_offered, pending = self._pending
            pending.merge(response)
            self._pending = (pending_offered + offered, pending)
            self._closed_until += 1
            if self._closed_until % self._seconds_a_point == 0:
                self._keep_point()

    def _keep_point(self) -> None:
        (offered, response), self._pending = self._pending, (0, Histogram())
        points = self._points
        _append(points, offered, response)
        if len(points.offered) >= 2 * SERIES_POINTS_MAX:
            self._points = merged(points, points_max=SERIES_POINTS_MAX)
            self._seconds_a_point *= 2


def _append(points: Series, offered: int, response: Histogram) -> None:
    points.offered.append(offered)
    points.answered.append(response.total)
    for percentiles, share in ((points.p50_ms, 0.5), (points.p99_ms, 0.99)):
        percentiles.append(round(response.percentile_us(share) / 1000, 4) if response.total else None)


def _empty(step_s: float) -> Series:
    # Lists of its own: a Series' default ones are shared.
    return Series(step_s=step_s, offered=[], answered=[], p50_ms=[], p99_ms=[])
