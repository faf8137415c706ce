"""Shows provisioning as it goes: bars on a terminal, lines in a log, JSON for a program, nothing when asked.

Each has the shape of population's Progress protocol and ends with a summary. All write to stderr, except JSON lines,
which are what stdout is for then. May import: `clock`, population; rich, when there is a terminal.
"""

from __future__ import annotations

import json
import sys
from types import TracebackType
from typing import Any, Self, TextIO

from demogen.clock import NS_PER_S, Clock
from demogen.population.telling import cost_figures, cost_words, progress_words, track_figures
from demogen.population.tracking import Track, Tracking

#: From this many columns on a bar has room for all times.
_WIDE = 140


class LineProgress:
    """A line every few seconds, and one as each kind ends. The base of the other ways of showing."""

    every_ns = 2 * NS_PER_S

    def __init__(self, clock: Clock, *, stream: TextIO | None = None) -> None:
        self._clock = clock
        self._stream = stream or sys.stderr
        self.tracking = Tracking(now_ns=clock.now_ns())
        self._next_ns = clock.now_ns() + self.every_ns

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Whatever happens, the terminal is left as it was."""

    def started(self, kind: str, total: int) -> None:
        self.tracking.started(kind, total, now_ns=self._clock.now_ns())

    def done(self, kind: str, *, ok: bool, elapsed_ns: int) -> None:
        self.tracking.done(kind, ok=ok, elapsed_ns=elapsed_ns)
        now_ns = self._clock.now_ns()
        if now_ns >= self._next_ns:
            self._next_ns = now_ns + self.every_ns
            track = self.tracking.tracks[kind]
            track.sample(now_ns)
            self.show(track, now_ns)

    def finished(self, kind: str) -> None:
        now_ns = self._clock.now_ns()
        self.tracking.finished(kind, now_ns=now_ns)
        if kind in self.tracking.tracks:
            self.show(self.tracking.tracks[kind], now_ns)

    def note(self, text: str) -> None:
        self.tracking.notes.append(text)
        self._say(f"note: {text}")

    def show(self, track: Track, now_ns: int) -> None:
        """One kind as it stands."""
        words = progress_words(track, now_ns, times=True)
        self._say(f"{track.kind.replace('_', ' ')} {words} · {cost_words(self.tracking)}")

    def _say(self, text: str) -> None:
        self._stream.write(text + "\n")
        self._stream.flush()


class BarProgress(LineProgress):
    """A bar for each kind, redrawn a few times a second; for terminals."""

    every_ns = NS_PER_S // 4

    def __init__(self, clock: Clock, *, stream: TextIO | None = None) -> None:
        super().__init__(clock, stream=stream)
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self._bars = Progress(
            TextColumn("{task.description:>18}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[words]}"),
            console=Console(file=self._stream),
            # A thread that redraws would take turns from the loop that sends.
            auto_refresh=False,
        )
        self._tasks: dict[str, Any] = {}
        # Not a kind: what all this costs. Its bar stays empty, its place is above the kinds.
        self._cost = self._bars.add_task("this process", words="", total=1)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def started(self, kind: str, total: int) -> None:
        super().started(kind, total)
        if kind not in self._tasks:
            self._tasks[kind] = self._bars.add_task(kind.replace("_", " "), words="")
        self._bars.update(self._tasks[kind], total=self.tracking.tracks[kind].total)

    def show(self, track: Track, now_ns: int) -> None:
        words = progress_words(track, now_ns, times=self._bars.console.width >= _WIDE)
        self._bars.update(self._tasks[track.kind], completed=track.settled, words=words)
        self._bars.update(self._cost, words=cost_words(self.tracking))
        self._bars.refresh()

    def _say(self, text: str) -> None:
        self._bars.console.print(text, markup=False, highlight=False)


class JsonProgress(LineProgress):
    """An object a line on stdout: progress of a kind every second, notes as they come."""

    every_ns = NS_PER_S

    def __init__(self, clock: Clock, *, stream: TextIO | None = None) -> None:
        super().__init__(clock, stream=stream or sys.stdout)

    def show(self, track: Track, now_ns: int) -> None:
        self._say(json.dumps({"event": "progress", **track_figures(track, now_ns), **cost_figures(self.tracking)}))

    def note(self, text: str) -> None:
        self.tracking.notes.append(text)
        self._say(json.dumps({"event": "note", "text": text}))


class NoProgress(LineProgress):
    """Counts, and keeps silent."""

    def show(self, track: Track, now_ns: int) -> None:
        """Not shown."""

    def _say(self, text: str) -> None:
        """Not said."""


def open_progress(clock: Clock, *, quiet: bool, as_json: bool, bars: bool) -> LineProgress:
    """The way of showing that fits: `bars` where a person looks at a terminal."""
    if as_json:
        return JsonProgress(clock)
    if quiet:
        return NoProgress(clock)
    return BarProgress(clock) if bars else LineProgress(clock)
