"""Shows provisioning as it goes: bars on a terminal, lines in a log, JSON for a program, nothing when asked.

Each has the shape of population's Progress protocol and ends with a summary. All write to stderr, except JSON lines,
which are what stdout is for then. May import: `clock`, `tracking`; rich, when there is a terminal.
"""

from __future__ import annotations

import json
import sys
from types import TracebackType
from typing import Any, Self, TextIO

from demogen.cli.tracking import Track, Tracking, cpu_seconds, memory_mb, span
from demogen.clock import NS_PER_S, Clock


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
        self._say(f"{track.kind.replace('_', ' ')} {progress_words(track, now_ns)} · {memory_mb():.0f} MB")

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
        words = progress_words(track, now_ns)
        self._bars.update(self._tasks[track.kind], completed=track.settled, words=words)
        self._bars.refresh()

    def _say(self, text: str) -> None:
        self._bars.console.print(text, markup=False, highlight=False)


class JsonProgress(LineProgress):
    """An object a line on stdout: progress of a kind every second, notes as they come."""

    every_ns = NS_PER_S

    def __init__(self, clock: Clock, *, stream: TextIO | None = None) -> None:
        super().__init__(clock, stream=stream or sys.stdout)

    def show(self, track: Track, now_ns: int) -> None:
        self._say(json.dumps({"event": "progress", **track_figures(track, now_ns), "memory_mb": round(memory_mb(), 1)}))

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


def progress_words(track: Track, now_ns: int) -> str:
    """`500/1,000 · 210 a second · 2 s left · P95 4.1 ms · 3 failed`."""
    words = [f"{track.settled:,}/{track.total:,}", f"{track.rate(now_ns):,.0f} a second"]
    if track.ended_ns is None:
        words.append(f"{span(track.remaining_s(now_ns))} left")
    else:
        words.append(f"in {track.elapsed_s(now_ns):.1f} s")
    if track.times.total:
        words.append(f"P95 {track.times.percentile_us(0.95) / 1000:.1f} ms")
    if track.failed:
        words.append(f"{track.failed:,} FAILED")
    return " · ".join(words)


def track_figures(track: Track, now_ns: int) -> dict[str, Any]:
    """One kind as plain values; times in milliseconds."""
    times = track.times
    remaining_s = track.remaining_s(now_ns)
    return {
        "kind": track.kind,
        "total": track.total,
        "ok": track.ok,
        "failed": track.failed,
        "success_rate": round(track.ok / track.settled, 4) if track.settled else None,
        "elapsed_s": round(track.elapsed_s(now_ns), 3),
        "remaining_s": None if remaining_s is None else round(remaining_s, 1),
        "rate_per_s": round(track.rate(now_ns), 1),
        "mean_ms": round(times.mean_us / 1000, 3),
        **{f"p{p}_ms": round(times.percentile_us(p / 100) / 1000, 3) for p in (50, 95, 99)},
    }


def summary_lines(tracking: Tracking, *, now_ns: int) -> list[str]:
    """A table of every kind, then what it cost this machine."""
    rows: list[tuple[str, ...]] = [("", "made", "failed", "seconds", "a second", "mean", "P50", "P95", "P99")]
    for track in tracking.tracks.values():
        f = track_figures(track, now_ns)
        counts = (f"{f['ok']:,}", f"{f['failed']:,}", f"{f['elapsed_s']:.1f}", f"{f['rate_per_s']:,.0f}")
        times = (f"{f[key]:.1f} ms" for key in ("mean_ms", "p50_ms", "p95_ms", "p99_ms"))
        rows.append((track.kind.replace("_", " "), *counts, *times))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))])
        for row in rows
    ]
    seconds = (now_ns - tracking.started_ns) / NS_PER_S
    settled = tracking.ok + tracking.failed
    share = f", {tracking.ok / settled:.1%} of them well" if tracking.failed else ""
    cost = f"{cpu_seconds():.1f} CPU seconds, {memory_mb():.0f} MB"
    return [*lines, f"{settled:,} in {seconds:.1f} s ({settled / max(seconds, 1e-9):,.0f} a second){share}; {cost}"]
