"""What the users of a process and its part in the run must know of each other: one count, one desk.

A living user stands for a connection; a task's requests are handed in at the desk of the run under way. May import:
workload.
"""

from __future__ import annotations

from collections.abc import Callable

from demogen.workload.errands import Desk


class Slots:
    """Counts open slots and tells a listener when the count changes."""

    def __init__(self) -> None:
        self.count = 0
        self.on_change: Callable[[int], None] | None = None
        #: Where task code hands in its requests, while a run lasts.
        self.desk: Desk | None = None

    def open(self) -> None:
        self._set(self.count + 1)

    def close(self) -> None:
        self._set(self.count - 1)

    def _set(self, count: int) -> None:
        self.count = count
        if self.on_change is not None:
            self.on_change(count)


slots = Slots()
