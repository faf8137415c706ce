"""The lens sees the lag that the sandbox was given, within 5 %, and what a sandbox without lag does not have."""

from __future__ import annotations

import random

import pytest

from demogen.audit.probes.settlement import VIEWS, Lens
from demogen.audit.probes.workbench import Workbench
from demogen.client.crew import Crew
from demogen.client.in_memory import InMemoryCarrier
from demogen.clock import FakeClock
from demogen.sandbox import SandboxApp


class SlowClock(FakeClock):
    """Every look at it costs twenty microseconds, so that requests take time."""

    def now_ns(self) -> int:
        self.advance_ns(20_000)
        return super().now_ns()


def views(*, lag_ms=0, samples=40, patience_s=30.0):
    clock = SlowClock(now_ns=1)
    app = SandboxApp(clock=clock, rng=random.Random(1))
    app.world.lag_us = lag_ms * 1000
    crew = Crew(InMemoryCarrier(app, clock=clock), clock=clock, concurrency=4, ahead=0)
    lens = Lens(Workbench(crew, tag="t1", dice=random.Random(1)), clock=clock, patience_s=patience_s)
    return {view.name: view for view in lens.measure(samples)}


def test_a_ledger_that_shows_at_once_has_no_lag():
    found = views()
    assert tuple(found) == VIEWS
    for view in found.values():
        assert (view.samples, view.unread, view.undone, view.never) == (40, 0, 0, 0)
        assert view.max_ms == 0.0


@pytest.mark.parametrize("lag_ms", [50, 400])
def test_lists_that_lag_are_measured_within_five_percent(lag_ms):
    found = views(lag_ms=lag_ms)
    for name in ("in the list", "in the operations"):
        view = found[name]
        assert view.unread == view.samples == 40
        for quantile in (view.p50_ms, view.p95_ms, view.p99_ms):
            assert quantile == pytest.approx(lag_ms, rel=0.05)
    for name in ("by id", "in the balance"):
        assert found[name].unread == 0


def test_what_never_shows_is_counted():
    view = views(lag_ms=5_000, samples=6, patience_s=0.5)["in the list"]
    assert (view.never, view.p99_ms, view.max_ms) == (6, None, None)
