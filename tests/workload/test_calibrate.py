"""The search for what a machine can drive, on machines of known strength; the workbench on a ledger in memory."""

from __future__ import annotations

import pytest
from stages import Theatre

from demogen.clock import FakeClock
from demogen.workload.calibrate import LAG_MS_P99_MAX, Calibration, Probe, Workbench, search


class Machine:
    """Keeps every rate up to `limit`; each probe takes a second. `quiet_ms` is its lag when nothing is asked for."""

    def __init__(self, limit: float, *, quiet_ms: float = 0.1, hiccups: int = 0) -> None:
        self.clock = FakeClock()
        self.limit = limit
        self.quiet_ms = quiet_ms
        self.hiccups = hiccups
        self.tried: list[float] = []

    def probe(self, rate_tps: float) -> Probe:
        self.clock.sleep(1.0)
        self.tried.append(rate_tps)
        strained = rate_tps > self.limit
        if not strained and rate_tps > 500 and self.hiccups:
            self.hiccups -= 1
            strained = True
        lag_ms = self.quiet_ms + (50.0 if strained else 0.0)
        return Probe(rate_tps=rate_tps, delivered=0.9 if strained else 1.0, lag_ms_p99=lag_ms, cpu_us=30.0, busy=0.95)

    def search(self, within_s: float = 24.0) -> Calibration:
        return search(self.probe, clock=self.clock, within_s=within_s, told=lambda _: None)


@pytest.mark.parametrize("limit", [700, 1_000, 5_300, 31_000])
def test_the_limit_is_found_within_a_tenth(limit):
    machine = Machine(limit)
    found = machine.search()
    assert 0.9 * limit <= found.drives_tps <= limit
    assert found.missed is not None
    assert limit < found.missed.rate_tps <= 1.15 * limit
    assert "its processor" in found.bound_by


def test_what_keeps_everything_is_not_asked_for_ever():
    found = Machine(10**9).search()
    assert found.drives_tps == 64_000
    assert found.missed is None
    assert "nothing that was tried" in found.bound_by


def test_a_machine_too_busy_for_anything_says_so():
    found = Machine(0).search()
    assert found.kept is None
    assert found.drives_tps == 0
    assert found.workers_for(100) == 0


def test_one_bad_second_is_not_the_limit():
    assert Machine(5_300, hiccups=1).search().drives_tps >= 0.9 * 5_300


def test_a_busy_machine_is_held_to_its_own_measure():
    found = Machine(5_300, quiet_ms=4.0).search()
    assert found.disturbed
    assert found.lag_ms_max == 8.0
    assert found.drives_tps >= 0.9 * 5_300
    assert Machine(5_300).search().lag_ms_max == LAG_MS_P99_MAX


def test_the_time_is_bounded():
    machine = Machine(31_000)
    machine.search(within_s=6)
    assert machine.clock.now_ns() <= 7.5e9


@pytest.mark.parametrize(("target", "workers"), [(100, 1), (7_999, 1), (8_000, 1), (8_001, 2), (40_000, 5)])
def test_workers_leave_headroom(target, workers):
    probe = Probe(rate_tps=10_000, delivered=1, lag_ms_p99=0.1, cpu_us=30, busy=0.9)
    assert Calibration(kept=probe, missed=None, probes=()).workers_for(target) == workers


def test_the_workbench_drives_what_it_is_told(tmp_path):
    theatre = Theatre(tmp_path)
    bench = Workbench(theatre.carrier, folder=tmp_path, clock=theatre.clock)
    before = set(tmp_path.iterdir())
    probe = bench.probe(100.0, seconds=2.0)
    assert set(tmp_path.iterdir()) == before
    # Its accounts exist nowhere, so this ledger refuses: that is an answer too.
    assert probe.delivered == pytest.approx(1.0)
    assert probe.lag_ms_p99 < LAG_MS_P99_MAX
