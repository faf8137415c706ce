"""Requests that have no connection yet: offered, or launched and waiting for whichever comes free first.

There are never more of them than connections on their way. Sends nothing. May import: `contract.exchange`.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple


class Guest(NamedTuple):
    """One request that waits."""

    frame: bytes
    ticket: object
    deadline_ns: int
    bodiless: bool


class Lobby:
    """First come, first served; `waiting` are launched and may leave at any time."""

    def __init__(self) -> None:
        self.waiting: deque[Guest] = deque()
        self._offered: list[Guest] = []

    def __len__(self) -> int:
        return len(self.waiting) + len(self._offered)

    def enter(self, guest: Guest, *, launched: bool = False) -> None:
        (self.waiting if launched else self._offered).append(guest)

    def launch(self) -> None:
        if self._offered:
            self.waiting.extend(self._offered)
            self._offered.clear()

    def oldest(self) -> Guest:
        """Remove and return the one that has waited longest; there must be one."""
        return self.waiting.popleft() if self.waiting else self._offered.pop(0)

    def expired(self, now_ns: int) -> list[Guest]:
        """Remove and return the launched ones whose deadline has passed."""
        late = [guest for guest in self.waiting if guest.deadline_ns <= now_ns]
        if late:
            self.waiting = deque(guest for guest in self.waiting if guest.deadline_ns > now_ns)
        return late

    def deadline_ns(self, otherwise_ns: int) -> int:
        """The earliest deadline of the launched ones, or `otherwise_ns` if that is earlier."""
        return min([guest.deadline_ns for guest in self.waiting] + [otherwise_ns])

    def empty(self) -> list[Guest]:
        """Remove and return everyone."""
        guests = [*self.waiting, *self._offered]
        self.waiting.clear()
        self._offered.clear()
        return guests
