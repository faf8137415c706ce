"""Locust's own tables over a day: their size stops growing, what they tell stays right."""

from __future__ import annotations

import tracemalloc
from types import SimpleNamespace

import pytest
from locust.stats import RequestStats, update_stats_history

from demogen.contract.exchange import Fault
from demogen.drive.folding import fold_by_cells
from demogen.drive.pruning import HISTORY_POINTS_MAX, KEEP_S, prune
from demogen.record.tally import Tally

START = 1_800_000_000


@pytest.fixture
def table():
    """Locust's statistics, fed like in a run: a delta a second, a point of history every five, a cut every ten."""
    stats = RequestStats()
    runner = SimpleNamespace(stats=stats, user_count=4)

    def live(seconds, *, since=START):
        for now_s in range(since, since + seconds):
            delta = Tally()
            for request in range(5):
                key = ("GET", f"page {request}", Fault.TIMEOUT.label if request == 4 else "")
                delta.task(key, asked_ns=0, sent_ns=1, answered_ns=1 + now_s % 60 * 1_000_000)
            for _ in fold_by_cells(delta, [], stats, now_s=float(now_s)):
                pass
            if now_s % 5 == 0:
                update_stats_history(runner, str(now_s))
            if now_s % 10 == 0:
                prune(stats)

    stats.live = live
    return stats


def test_tables_keep_what_locust_reads_and_no_more(table):
    table.live(3_000)
    for entry in (table.total, *table.entries.values()):
        assert len(entry.num_reqs_per_sec) <= KEEP_S + 11
        assert len(entry.num_fail_per_sec) <= KEEP_S + 11
    assert table.total.num_requests == 15_000
    assert table.total.num_failures == 3_000
    assert table.total.current_rps == pytest.approx(5, rel=0.2)


def test_history_keeps_its_width_and_its_newest_point(table):
    table.live(5 * HISTORY_POINTS_MAX * 3)
    times = [int(point["time"]) for point in table.history]
    assert HISTORY_POINTS_MAX / 2 <= len(times) <= HISTORY_POINTS_MAX + 2
    assert times == sorted(times)
    assert times[-1] == START + 5 * (HISTORY_POINTS_MAX * 3 - 1)
    assert times[0] <= START + 5 * 8


def test_memory_is_flat_from_the_second_hour_on(table):
    tracemalloc.start()
    try:
        table.live(3_590)
        full, _ = tracemalloc.get_traced_memory()
        table.live(2 * 3_600, since=START + 3_590)
        later, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert full > 500_000
    assert later < full + 100_000
