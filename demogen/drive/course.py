"""What a run promises from moment to moment: its schedule, each change of target, and which arrival is due when.

Keys go on counting whatever is changed; times are unix time in ns. Sends nothing. May import: `pacing`, `clock`.
"""

from __future__ import annotations

import msgspec

from demogen.clock import NS_PER_S
from demogen.pacing.pacer import Share
from demogen.pacing.schedule import Schedule, constant
from demogen.workload.threshold import ThresholdSpec

_POINTS = 240


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a run promises, as far as the conductor must know it. `seconds` None: until somebody stops it.

    `target_tps` is the target as it was asked for; `schedule` None: that rate, evenly, all the time.
    """

    run_id: str
    scenario: str
    seed: int
    host: str
    server: str
    target_tps: float
    seconds: float | None
    depth: str
    thresholds: tuple[ThresholdSpec, ...] = ()
    schedule: Schedule | None = None


class Course:
    """`schedule` None: `target_tps`, evenly, for `seconds` (None: without an end)."""

    def __init__(self, schedule: Schedule | None, *, target_tps: float, seconds: float | None) -> None:
        self.asked_tps = target_tps
        self.started_ns = 0
        #: (seconds into the schedule, TPS) each time the target was set.
        self.targets = _points(schedule, target_tps)
        self._seconds = seconds
        self._shaped = schedule
        self._schedule = schedule or constant(target_tps, seconds)
        self._epoch_ns = 0
        self._base_index = 0
        self._promised_before = 0.0
        self._generation = 0

    def begin(self, at_ns: int) -> None:
        """The schedule starts then."""
        self._epoch_ns = self.started_ns = at_ns

    def tps_at(self, wall_ns: int) -> float:
        """What is promised at a moment."""
        if self._schedule is not self._shaped:
            return self.asked_tps
        return round(self._schedule.rate_at(self._since_s(wall_ns)), 3)

    def index_at(self, wall_ns: int) -> int:
        """The first arrival that is due at a moment or later."""
        return self._base_index + self._schedule.first_due_after(self._since_s(wall_ns))

    def change(self, tps: float, at_ns: int) -> int | None:
        """Another rate from a moment on; the first arrival of it, None where nothing is left to change."""
        left = None if self._seconds is None else self._seconds - (at_ns - self.started_ns) / NS_PER_S
        if left is not None and left <= 0:
            return None
        first = self.index_at(at_ns)
        self._promised_before += self._schedule.accumulated(self._since_s(at_ns))
        self._schedule, self.asked_tps = constant(tps, left), tps
        self._epoch_ns, self._base_index = at_ns, first
        self.targets.append(((at_ns - self.started_ns) / NS_PER_S, tps))
        return first

    def shares(self, first_index: int, n: int) -> list[Share]:
        """What each of `n` takes from an arrival on, under a new generation."""
        self._generation += 1
        return [
            Share(self._generation, self._epoch_ns, self._base_index, first_index, k, n, self._schedule)
            for k in range(n)
        ]

    def promised_tps(self, window_s: float) -> float:
        """The mean rate in the window, whatever the target was changed to on the way."""
        if window_s <= 0:
            return self.asked_tps
        since_s = window_s - (self._epoch_ns - self.started_ns) / NS_PER_S
        return round((self._promised_before + self._schedule.accumulated(max(0.0, since_s))) / window_s, 3)

    def _since_s(self, wall_ns: int) -> float:
        return (wall_ns - self._epoch_ns) / NS_PER_S


def _points(schedule: Schedule | None, target_tps: float) -> list[tuple[float, float]]:
    """For a plot: one point of a level, many of a curve."""
    if schedule is None or schedule.endless:
        return [(0.0, target_tps if schedule is None else schedule.mean_tps)]
    step_s = schedule.seconds / _POINTS
    return [(round(i * step_s, 3), round(schedule.rate_at(i * step_s), 3)) for i in range(_POINTS)]
