"""Says how the bootstrap goes: one line that moves on a terminal, a line every few seconds elsewhere, a summary line.

May import: `clock`, population. Has the shape of population's Progress protocol.
"""

from __future__ import annotations

import sys
from typing import TextIO

from demogen.clock import NS_PER_S, Clock
from demogen.population.telling import cost_words, progress_words
from demogen.population.tracking import Track, Tracking


class LineProgress:
    """Provisioning in one line of text: kind, how far, how fast, how long still, what it costs."""

    def __init__(self, clock: Clock, *, stream: TextIO | None = None) -> None:
        self._clock = clock
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._every_ns = NS_PER_S // 5 if self._live else 2 * NS_PER_S
        self.tracking = Tracking(now_ns=clock.now_ns())
        self._next_ns = clock.now_ns() + self._every_ns

    def started(self, kind: str, total: int) -> None:
        self.tracking.started(kind, total, now_ns=self._clock.now_ns())

    def done(self, kind: str, *, ok: bool, elapsed_ns: int) -> None:
        self.tracking.done(kind, ok=ok, elapsed_ns=elapsed_ns)
        now_ns = self._clock.now_ns()
        if now_ns >= self._next_ns:
            self._next_ns = now_ns + self._every_ns
            track = self.tracking.tracks[kind]
            track.sample(now_ns)
            self._say(self._line(track, now_ns))

    def finished(self, kind: str) -> None:
        self.tracking.finished(kind, now_ns=self._clock.now_ns())

    def note(self, text: str) -> None:
        self._say(text)
        self._end_line()

    def finish(self) -> None:
        """The last line; it stays."""
        tracking = self.tracking
        seconds = (self._clock.now_ns() - tracking.started_ns) / NS_PER_S
        failed = f", {tracking.failed:,} failed" if tracking.failed else ""
        made = f"population: {tracking.ok:,} entities and deposits in {seconds:.1f} s{failed}"
        self._say(f"{made} · {cost_words(tracking)}")
        self._end_line()

    def _line(self, track: Track, now_ns: int) -> str:
        # On a terminal the line moves, and must not be longer than it.
        words = progress_words(track, now_ns, times=not self._live)
        said = f"population: {track.kind.replace('_', ' ')} {words}"
        return said if self._live else f"{said} · {cost_words(self.tracking)}"

    def _say(self, text: str) -> None:
        self._stream.write(f"\r\x1b[K{text}" if self._live else f"{text}\n")
        self._stream.flush()

    def _end_line(self) -> None:
        if self._live:
            self._stream.write("\n")
            self._stream.flush()
