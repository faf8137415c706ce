"""Says how the bootstrap goes: one line that moves on a terminal, a line every few seconds elsewhere.

May import: `clock`. Has the shape of population's Progress protocol.
"""

from __future__ import annotations

import sys
from typing import TextIO

from demogen.clock import NS_PER_S, Clock


class LineProgress:
    """Provisioning in one line of text: kind, how far, how fast, how long still."""

    def __init__(self, clock: Clock, *, stream: TextIO | None = None) -> None:
        self._clock = clock
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._every_ns = NS_PER_S // 5 if self._live else 2 * NS_PER_S
        self._started_ns = clock.now_ns()
        self._next_ns = self._started_ns + self._every_ns
        self._kind, self._kind_started_ns = "", self._started_ns
        self._total, self._ok, self._failed = 0, 0, 0
        self.all_ok, self.all_failed = 0, 0

    def started(self, kind: str, total: int) -> None:
        self._kind, self._total, self._ok, self._failed = kind, total, 0, 0
        self._kind_started_ns = self._clock.now_ns()

    def done(self, kind: str, *, ok: bool, elapsed_ns: int) -> None:  # noqa: ARG002  (the protocol's shape)
        if ok:
            self._ok += 1
            self.all_ok += 1
        else:
            self._failed += 1
            self.all_failed += 1
        now_ns = self._clock.now_ns()
        if now_ns >= self._next_ns:
            self._next_ns = now_ns + self._every_ns
            self._say(self._line(now_ns))

    def finished(self, kind: str) -> None:
        """The next kind begins a line of its own where lines cannot move."""

    def note(self, text: str) -> None:
        self._say(text)
        self._end_line()

    def finish(self) -> None:
        """The last line; it stays."""
        seconds = (self._clock.now_ns() - self._started_ns) / NS_PER_S
        failed = f", {self.all_failed:,} failed" if self.all_failed else ""
        self._say(f"population: {self.all_ok:,} entities and deposits in {seconds:.1f} s{failed}")
        self._end_line()

    def _line(self, now_ns: int) -> str:
        seconds = (now_ns - self._kind_started_ns) / NS_PER_S or 1e-9
        settled = self._ok + self._failed
        rate = settled / seconds
        left = f", {(self._total - settled) / rate:.0f} s left" if rate and self._total > settled else ""
        failed = f", {self._failed:,} failed" if self._failed else ""
        return f"population: {self._kind} {settled:,}/{self._total:,} ({rate:,.0f} a second{left}{failed})"

    def _say(self, text: str) -> None:
        self._stream.write(f"\r\x1b[K{text}" if self._live else f"{text}\n")
        self._stream.flush()

    def _end_line(self) -> None:
        if self._live:
            self._stream.write("\n")
            self._stream.flush()
