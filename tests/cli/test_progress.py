"""Progress: rates that follow the server, estimates that follow the rates, and a summary that adds up."""

from __future__ import annotations

import io
import json

import pytest

from demogen.cli.progress import (
    BarProgress,
    JsonProgress,
    LineProgress,
    NoProgress,
    open_progress,
)
from demogen.clock import NS_PER_S, FakeClock
from demogen.population.progress import Progress
from demogen.population.telling import progress_words, summary_lines
from demogen.population.tracking import Track, span


def provision(progress: Progress, clock: FakeClock, *, count: int, per_s: float, failing: int = 0) -> None:
    """What a provisioning of `count` accounts tells, at a steady rate."""
    progress.started("accounts", count)
    for index in range(count):
        clock.advance_ns(round(NS_PER_S / per_s))
        progress.done("accounts", ok=index >= failing, elapsed_ns=4_000_000)
    progress.finished("accounts")


def test_lines_come_every_two_seconds_and_at_the_end(clock: FakeClock) -> None:
    stream = io.StringIO()
    provision(LineProgress(clock, stream=stream), clock, count=1000, per_s=100)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 6
    assert lines[0].startswith("accounts 200/1,000 · 100 a second · 8 s left · mean 4.0, P50 4.0, P95 4.0, P99 4.0 ms")
    assert " CPU seconds · 0.0 MB sent, 0.0 MB received" in lines[0]
    assert lines[-1].startswith("accounts 1,000/1,000 · 100 a second · in 10.0 s")


def test_the_estimate_follows_a_server_that_slows_down(clock: FakeClock) -> None:
    track = Track("accounts", now_ns=clock.now_ns())
    track.total = 10_000
    for per_s, seconds in ((1000, 5), (100, 12)):
        for _ in range(seconds):
            clock.advance_ns(NS_PER_S)
            track.ok += per_s
            track.sample(clock.now_ns())
    assert track.rate(clock.now_ns()) == pytest.approx(100, rel=0.01), "the fast beginning is forgotten"
    assert track.remaining_s(clock.now_ns()) == pytest.approx(38, rel=0.02)


def test_a_server_that_stands_still_has_no_estimate(clock: FakeClock) -> None:
    track = Track("accounts", now_ns=clock.now_ns())
    track.total = 10
    for _ in range(15):
        clock.advance_ns(NS_PER_S)
        track.sample(clock.now_ns())
    assert track.remaining_s(clock.now_ns()) is None
    assert "? left" in progress_words(track, clock.now_ns())


def test_failures_are_shouted_and_counted(clock: FakeClock) -> None:
    progress = LineProgress(clock, stream=io.StringIO())
    provision(progress, clock, count=10, per_s=10, failing=3)
    assert (progress.tracking.ok, progress.tracking.failed) == (7, 3)
    words = progress_words(progress.tracking.tracks["accounts"], clock.now_ns())
    assert words.endswith("3 FAILED (70.0% well)")
    summary = summary_lines(progress.tracking, now_ns=clock.now_ns())
    assert summary[1].split()[:3] == ["accounts", "7", "3"]
    assert summary[-1].startswith("10 in 1.0 s (10 a second), 70.0% of them well · ")


def test_a_kind_that_comes_in_waves_is_one_line_of_the_summary(clock: FakeClock) -> None:
    progress = LineProgress(clock, stream=io.StringIO())
    provision(progress, clock, count=4, per_s=10)
    provision(progress, clock, count=6, per_s=10)
    summary = summary_lines(progress.tracking, now_ns=clock.now_ns())
    assert len(summary) == 3
    assert summary[1].split()[:2] == ["accounts", "10"]


def test_json_lines_are_objects_with_every_figure(clock: FakeClock) -> None:
    stream = io.StringIO()
    progress = JsonProgress(clock, stream=stream)
    provision(progress, clock, count=300, per_s=100)
    progress.note("the ledger has no asset rates")
    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [one["event"] for one in told] == ["progress"] * 4 + ["note"]
    assert told[-2] | {"memory_mb": 0, "cpu_s": 0, "elapsed_s": 3.0} == {
        "event": "progress", "kind": "accounts", "total": 300, "ok": 300, "failed": 0, "success_rate": 1.0,
        "elapsed_s": 3.0, "remaining_s": 0.0, "rate_per_s": 100.0, "mean_ms": 4.0, "p50_ms": 4.0, "p95_ms": 4.0,
        "p99_ms": 4.0, "memory_mb": 0, "cpu_s": 0, "sent_bytes": 0, "received_bytes": 0,
    }  # fmt: skip


def test_bars_show_every_kind_and_leave_the_terminal_whole(clock: FakeClock) -> None:
    stream = io.StringIO()
    with BarProgress(clock, stream=stream) as progress:
        provision(progress, clock, count=100, per_s=50)
        progress.note("[bold]not markup")
    shown = stream.getvalue()
    assert "accounts" in shown
    assert "100/100" in shown
    assert "[bold]not markup" in shown
    assert "\x1b[?25l" not in shown.split("\x1b[?25h")[-1], "the cursor is shown again"


def test_quiet_says_nothing_but_counts(clock: FakeClock, capsys: pytest.CaptureFixture[str]) -> None:
    progress = open_progress(clock, quiet=True, as_json=False, bars=False)
    provision(progress, clock, count=5, per_s=1)
    progress.note("something")
    assert capsys.readouterr() == ("", "")
    assert progress.tracking.ok == 5


def test_the_way_of_showing_fits_who_is_looking(clock: FakeClock) -> None:
    chosen = [
        type(open_progress(clock, quiet=quiet, as_json=as_json, bars=bars))
        for quiet, as_json, bars in (
            (False, False, True),
            (False, False, False),
            (True, False, True),
            (True, True, True),
        )
    ]
    assert chosen == [BarProgress, LineProgress, NoProgress, JsonProgress]


@pytest.mark.parametrize(("seconds", "said"), [(None, "?"), (4.2, "4 s"), (125, "2:05"), (3725, "1:02:05")])
def test_spans_read_like_a_clock(seconds: float | None, said: str) -> None:
    assert span(seconds) == said
