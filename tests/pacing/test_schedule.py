"""Schedules: due times are exact, start anywhere, and never drift."""

from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demogen.errors import UsageError
from demogen.pacing import schedule as s

SCHEDULES = [
    pytest.param(s.constant(200, 10), 2000, id="constant"),
    pytest.param(s.constant(33.3, 10), 333, id="constant, not whole"),
    pytest.param(s.ramp(0, 100, seconds=10), 500, id="ramp from nothing"),
    pytest.param(s.ramp(100, 100, seconds=10, hold_seconds=5), 1500, id="level ramp, then level"),
    pytest.param(s.steps([10, 20, 30], step_seconds=10), 600, id="steps"),
    pytest.param(s.spike(10, 1000, before_seconds=1, peak_seconds=1, after_seconds=1), 1020, id="spike"),
    pytest.param(s.diurnal(50, seconds=24), 1200, id="diurnal"),
    pytest.param(s.trace([(1, 10), (1, 0), (2, 5)]), 20, id="trace with a silence"),
]


@pytest.mark.parametrize(("schedule", "arrivals"), SCHEDULES)
def test_a_schedule_offers_its_accumulated_rate(schedule, arrivals):
    times = [due_ns for _, due_ns in schedule.due_times()]
    assert abs(len(times) - arrivals) <= 1
    assert times == sorted(times)
    assert times[-1] < schedule.seconds * s.NS_PER_S


@pytest.mark.parametrize(
    ("schedule", "arrivals"), [*SCHEDULES, pytest.param(s.poisson(50, 20, seed=3), 0, id="poisson")]
)
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_workers_share_every_arrival_once(schedule, arrivals, workers):
    whole = list(schedule.due_times())
    shared = [pair for k in range(workers) for pair in schedule.due_times(k, workers)]
    assert sorted(shared) == whole


def test_a_constant_rate_does_not_drift_in_a_day():
    (_, due_ns) = next(s.constant(500).due_times(500 * 86_400))
    assert due_ns == 86_400 * s.NS_PER_S


@given(st.floats(0.5, 5000), st.integers(0, 10**9))
def test_gaps_are_even(rate_tps, first):
    (_, one), (_, two) = islice(s.constant(rate_tps).due_times(first), 2)
    assert abs((two - one) - s.NS_PER_S / rate_tps) <= 1


def test_poisson_gaps_look_exponential():
    times = [due_ns / s.NS_PER_S for _, due_ns in s.poisson(1000, 60, seed=7).due_times()]
    gaps = [after - before for before, after in pairwise(times)]
    mean = sum(gaps) / len(gaps)
    variance = sum((gap - mean) ** 2 for gap in gaps) / len(gaps)
    assert mean == pytest.approx(0.001, rel=0.03)
    assert variance**0.5 == pytest.approx(mean, rel=0.05)


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf")])
def test_an_impossible_rate_is_refused(rate):
    with pytest.raises(UsageError, match="cannot be driven"):
        s.constant(rate)


@pytest.mark.parametrize(
    ("schedule", "arrivals"), [*SCHEDULES, pytest.param(s.poisson(50, 20, seed=3), 0, id="poisson")]
)
@pytest.mark.parametrize("seconds", [0.0, 0.5, 1.7, 100.0])
def test_the_first_arrival_after_a_moment_is_found(schedule, arrivals, seconds):
    times = list(schedule.due_times())
    expected = next((index for index, due_ns in times if due_ns >= seconds * s.NS_PER_S), len(times))
    assert schedule.first_due_after(seconds) == expected


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        pytest.param(s.constant(5), {-1: 0, 0: 5, 1e6: 5}, id="for ever"),
        pytest.param(s.ramp(0, 100, seconds=10, hold_seconds=5), {0: 0, 5: 50, 12: 100, 15: 0}, id="ramp"),
    ],
)
def test_the_rate_at_a_moment(schedule, rates):
    assert {at: schedule.rate_at(at) for at in rates} == pytest.approx(rates)
