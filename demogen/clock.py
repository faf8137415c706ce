"""The sole reader of time: a protocol, the real clock, and one that tests move by hand.

Two readings: `now_ns` is monotonic and measures durations; `wall_ns` is unix time and names moments.
May import: nothing from demogen.
"""

from __future__ import annotations

import time
from typing import Protocol

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000
NS_PER_US = 1_000


class Clock(Protocol):
    """What a room asks for when it needs time."""

    def now_ns(self) -> int:
        """Monotonic nanoseconds; only differences mean anything."""
        ...

    def wall_ns(self) -> int:
        """Nanoseconds since the unix epoch."""
        ...

    def cpu_ns(self) -> int:
        """Processor time this process has used, in nanoseconds."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let that much time pass."""
        ...


class SystemClock:
    """The machine's own clocks.

    `now_ns` and `wall_ns` are attributes bound to the C functions: a method around them would double
    their cost on the hot path.
    """

    now_ns = staticmethod(time.monotonic_ns)
    wall_ns = staticmethod(time.time_ns)
    cpu_ns = staticmethod(time.process_time_ns)
    sleep = staticmethod(time.sleep)


class FakeClock:
    """A clock that stands still until told; sleeping moves it."""

    def __init__(self, *, now_ns: int = 0, wall_ns: int = 1_700_000_000 * NS_PER_S) -> None:
        self._now_ns = now_ns
        self._wall_ns = wall_ns

    def now_ns(self) -> int:
        return self._now_ns

    def wall_ns(self) -> int:
        return self._wall_ns

    def cpu_ns(self) -> int:
        return 0

    def sleep(self, seconds: float) -> None:
        self.advance_ns(round(seconds * NS_PER_S))

    def advance_ns(self, elapsed_ns: int) -> None:
        """Move both readings forward by `elapsed_ns` (≥ 0)."""
        if elapsed_ns < 0:
            raise ValueError("time does not go back")
        self._now_ns += elapsed_ns
        self._wall_ns += elapsed_ns
