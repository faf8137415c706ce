"""Says how the bootstrap goes: one line that moves on a terminal, a line every few seconds elsewhere.

May import: `clock`, population's Progress protocol.
"""

from __future__ import annotations

import sys
from typing import TextIO

from demogen.clock import NS_PER_S, Clock


class LineProgress:
    """Implements `population.progress.Progress` in one line of text."""

    def __init__(self, clock: Clock, *, stream: TextIO | None = None) -> None:
        self._clock = clock
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._every_ns = NS_PER_S // 5 if self._live else 2 * NS_PER_S
        self._next_ns = 0
        self._kind, self._total, self._done, self._failed = "", 0, 0, 0
        self._all = 0
        self._started_ns = clock.now_ns()

    def started(self, kind: str, total: int) -> None:
        self._kind, self._total, self._done, self._failed = kind, total, 0, 0

    def done(self, kind: str, count: int = 1, *, failed: int = 0) -> None:
        if kind != self._kind:
            self.started(kind, 0)
        self._done += count
        self._failed += failed
        self._all += count
        now_ns = self._clock.now_ns()
        if now_ns >= self._next_ns:
            self._next_ns = now_ns + self._every_ns
            self._say(self._line(now_ns))

    def finish(self, sentence: str) -> None:
        """The last line; it stays."""
        self._say(sentence)
        if self._live:
            self._stream.write("\n")
            self._stream.flush()

    def _line(self, now_ns: int) -> str:
        seconds = (now_ns - self._started_ns) / NS_PER_S or 1e-9
        of = f"/{self._total:,}" if self._total else ""
        failed = f", {self._failed:,} failed" if self._failed else ""
        return f"population: {self._kind} {self._done:,}{of}{failed} ({self._all / seconds:,.0f} a second)"

    def _say(self, text: str) -> None:
        self._stream.write(f"\r\x1b[K{text}" if self._live else f"{text}\n")
        self._stream.flush()
