"""How many connections the living users stand for. One count a process, read by whoever owns the pump.

May import: nothing from demogen.
"""

from __future__ import annotations

from collections.abc import Callable


class Slots:
    """Counts open slots and tells a listener when the count changes."""

    def __init__(self) -> None:
        self.count = 0
        self.on_change: Callable[[int], None] | None = None

    def open(self) -> None:
        self._set(self.count + 1)

    def close(self) -> None:
        self._set(self.count - 1)

    def _set(self, count: int) -> None:
        self.count = count
        if self.on_change is not None:
            self.on_change(count)


slots = Slots()
