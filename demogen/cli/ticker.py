"""One line a second while the load runs: how far, at which rate, how slow the slowest. A line that moves on a terminal.

May import: `workload.measure`.
"""

from __future__ import annotations

import sys
from typing import TextIO

from demogen.workload.measure import Gathering

_LOG_EVERY_S = 5


class Ticker:
    """Says each second of a run of `seconds`; every fifth one where lines cannot move."""

    def __init__(self, *, seconds: float, silent: bool, stream: TextIO | None = None) -> None:
        self._seconds = seconds
        self._silent = silent
        self._stream = stream or sys.stderr
        self._moves = self._stream.isatty()
        self._passed = 0
        self._offered = 0
        self._answered = 0

    def second(self, gathering: Gathering) -> None:
        """A second has passed."""
        self._passed += 1
        tally = gathering.total
        offered, answered = tally.counts["offered"], sum(cell.response.total for cell in tally.cells.values())
        since, self._answered, before = answered - self._answered, answered, self._offered
        self._offered = offered
        if self._silent or (not self._moves and self._passed % _LOG_EVERY_S):
            return
        dropped = sum(tally.dropped.values())
        text = f"{self._passed} of {self._seconds:g} s · {offered - before:,} offered, {since:,} answered this second"
        text += f" · {answered:,} answered" + (f" · {dropped:,} DROPPED" if dropped else "")
        self._stream.write(f"\r\x1b[K{text}" if self._moves else f"{text}\n")
        self._stream.flush()

    def end(self) -> None:
        """Nothing more; the last line stays."""
        if self._moves and not self._silent and self._passed:
            self._stream.write("\n")
            self._stream.flush()
