"""Waits for events, and is never late: exact to microseconds where epoll alone counts in milliseconds.

Alone it sleeps in the kernel; inside gevent it parks the greenlet on the epoll's own descriptor, which the timer makes
readable on time. Where a C compiler was at hand, `watch.pyx` stands in for this file and asks the kernel itself.
May import: `timer`, `clock`.
"""

from __future__ import annotations

from collections.abc import Callable
from select import EPOLLET, EPOLLIN
from typing import Protocol

from demogen.client.engine.timer import Timer
from demogen.clock import NS_PER_MS, NS_PER_S, Clock

EVENTS_MAX = 256  # a turn
COARSE_NS = 3 * NS_PER_MS  # waits longer than this begin with epoll's own time-out
LONGEST_NS = 3600 * NS_PER_S  # epoll takes no more than some weeks

#: Waits until a descriptor is readable or that many seconds have passed (under gevent: parks the greenlet).
Wait = Callable[[int, float], object]
Events = list[tuple[int, int]]


class Poller(Protocol):
    """What is used of select.epoll."""

    def fileno(self) -> int: ...
    def register(self, fd: int, eventmask: int = ..., /) -> None: ...
    def modify(self, fd: int, eventmask: int, /) -> None: ...
    def poll(self, timeout: float | None = ..., maxevents: int = ...) -> Events: ...
    def close(self) -> None: ...


class Watch:
    """One epoll, its timer and the clock. An expiry shows as an event of a descriptor nobody knows.

    `ready` and `wait` tell how many events there are, `fd_at` and `mask_at` which, until either is called again.
    """

    def __init__(self, poller: Poller, wait: Wait | None, clock: Clock) -> None:
        self.fd = poller.fileno()
        self.now = clock.now_ns
        self._poller = poller
        self._poll = poller.poll
        self._park = wait
        self._events: Events = []
        self._timer = Timer()
        if self._timer.exact:
            # Edge-triggered, so that an expiry is told once and need not be read.
            poller.register(self._timer.fd, EPOLLIN | EPOLLET)

    def ready(self) -> int:
        """Events that are there now."""
        return self._look(0)

    def wait(self, until_ns: int, now_ns: int) -> int:
        """Events that are there, or the first to come until then, as the clock has it (for an hour at most)."""
        left_ns = min(until_ns - now_ns, LONGEST_NS)
        if left_ns > COARSE_NS and self._park is None:
            # Rounded down to whole milliseconds, so that the exact wait below still has its turn.
            return self._look((left_ns - NS_PER_MS) // NS_PER_MS / 1000)
        count = self._look(0)
        if count or left_ns <= 0:
            return count
        if self._timer.exact:
            self._timer.arm(left_ns)
        if self._park is not None:
            self._park(self.fd, left_ns / NS_PER_S)
            return self._look(0)
        return self._look(-1 if self._timer.exact else 0)

    def fd_at(self, index: int) -> int:
        """The descriptor of an event."""
        return self._events[index][0]

    def mask_at(self, index: int) -> int:
        """What is up with it."""
        return self._events[index][1]

    def close(self) -> None:
        self._timer.close()
        self._poller.close()

    def _look(self, timeout_s: float) -> int:
        self._events = self._poll(timeout_s, EVENTS_MAX)
        return len(self._events)
