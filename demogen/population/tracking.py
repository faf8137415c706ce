"""Counts what provisioning tells, kind by kind: how many, how fast, how long each took, how long still. Draws nothing.

The rate is a moving average over the last seconds, so that a throttled server moves the estimate at once. May import:
`clock`, `client.metered`, `record.histogram`.
"""

from __future__ import annotations

import os
import resource
from collections import deque
from pathlib import Path

from demogen.client.metered import Traffic
from demogen.clock import NS_PER_S
from demogen.record.histogram import Histogram

_WINDOW_NS = 10 * NS_PER_S


class Track:
    """One kind of entity on its way. `total` grows where a kind comes in waves."""

    def __init__(self, kind: str, *, now_ns: int) -> None:
        self.kind = kind
        self.total = 0
        self.ok = 0
        self.failed = 0
        self.times = Histogram()
        self.started_ns = now_ns
        self.ended_ns: int | None = None
        self._samples: deque[tuple[int, int]] = deque([(now_ns, 0)])

    @property
    def settled(self) -> int:
        return self.ok + self.failed

    def sample(self, now_ns: int) -> None:
        """Note how far it is, for the moving average; call it a few times a second."""
        self._samples.append((now_ns, self.settled))
        while len(self._samples) > 2 and now_ns - self._samples[1][0] >= _WINDOW_NS:
            self._samples.popleft()

    def rate(self, now_ns: int) -> float:
        """Entities a second: lately while it runs, over all of it once it has ended."""
        if self.ended_ns is not None:
            return self.settled / max((self.ended_ns - self.started_ns) / NS_PER_S, 1e-9)
        since_ns, settled = self._samples[0]
        return (self.settled - settled) / max((now_ns - since_ns) / NS_PER_S, 1e-9)

    def remaining_s(self, now_ns: int) -> float | None:
        """Seconds still to go at that rate; None while it cannot be told."""
        left, rate = self.total - self.settled, self.rate(now_ns)
        if left <= 0:
            return 0.0
        return left / rate if rate > 0 else None

    def elapsed_s(self, now_ns: int) -> float:
        return ((self.ended_ns or now_ns) - self.started_ns) / NS_PER_S


class Tracking:
    """All kinds of one provisioning, in the order they began."""

    def __init__(self, *, now_ns: int) -> None:
        self.started_ns = now_ns
        self.tracks: dict[str, Track] = {}
        self.notes: list[str] = []
        self.traffic = Traffic()

    def started(self, kind: str, total: int, *, now_ns: int) -> Track:
        track = self.tracks.setdefault(kind, Track(kind, now_ns=now_ns))
        track.total += total
        track.ended_ns = None
        return track

    def done(self, kind: str, *, ok: bool, elapsed_ns: int) -> None:
        track = self.tracks[kind]
        if ok:
            track.ok += 1
        else:
            track.failed += 1
        if elapsed_ns:
            track.times.record(elapsed_ns)

    def finished(self, kind: str, *, now_ns: int) -> None:
        if kind in self.tracks:
            self.tracks[kind].ended_ns = now_ns

    @property
    def ok(self) -> int:
        return sum(track.ok for track in self.tracks.values())

    @property
    def failed(self) -> int:
        return sum(track.failed for track in self.tracks.values())


def memory_mb() -> float:
    """Resident memory of this process now, in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def cpu_seconds() -> float:
    """Processor time of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def span(seconds: float | None) -> str:
    """`4 s`, `2:05`, `1:02:05`; a question mark where it cannot be told."""
    if seconds is None:
        return "?"
    if seconds < 60:
        return f"{seconds:.0f} s"
    hours, rest = divmod(round(seconds), 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"
