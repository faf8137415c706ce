"""Schedules as people write them: every shape, what stands in for what was left out, and what is refused."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demogen.errors import UsageError
from demogen.pacing.schedule import NS_PER_S, Schedule
from demogen.pacing.spelling import FORMS, SHAPES, parse

FILES = {
    "day.csv": "seconds,tps\n10,100\n# the night\n5,0\n2.5,40  # and on\n",
    "words.csv": "10,100\nten,100\n",
    "three.csv": "1,2,3\n",
    "back.csv": "-1,100\n",
    "empty.csv": "seconds,tps\n",
}


def built(text: str, *, tps: float = 200.0, seconds: float | None = 60.0) -> Schedule:
    return parse(text, read=FILES.__getitem__).build(tps=tps, seconds=seconds, seed=7)


@pytest.mark.parametrize(
    ("text", "arrivals", "seconds"),
    [
        pytest.param("constant", 12_000, 60, id="target and duration stand in"),
        pytest.param("constant:50", 3_000, 60, id="duration stands in"),
        pytest.param("constant:50:2m", 6_000, 120, id="all is said"),
        pytest.param("ramp", 6_000, 60, id="from nothing to the target"),
        pytest.param("ramp:0-500:60s", 15_000, 60, id="a climb"),
        pytest.param("ramp:500-0:60s", 15_000, 60, id="a descent"),
        pytest.param("ramp:0-500:60s:30s", 30_000, 90, id="a climb, then level"),
        pytest.param("steps", 7_500, 60, id="quarters of the target"),
        pytest.param("steps:100,200,400:30s", 21_000, 90, id="levels"),
        pytest.param("spike", 28_000, 60, id="five times the target for a third"),
        pytest.param("spike:100-1000:1m:10s:1m", 22_000, 130, id="a peak"),
        pytest.param("diurnal:200:10m", 120_000, 600, id="a day"),
        pytest.param("soak:100:1h", 351_000, 3_600, id="a soak climbs for three minutes"),
        pytest.param("soak:100:10h", 3_585_000, 36_000, id="but never for more than five"),
        pytest.param("trace:day.csv", 1_100, 17.5, id="a trace with a silence"),
    ],
)
def test_each_shape_offers_what_it_says(text, arrivals, seconds):
    schedule = built(text)
    assert schedule.seconds == pytest.approx(seconds)
    assert schedule.accumulated(schedule.seconds) == pytest.approx(arrivals)


def test_poisson_is_a_shape_and_an_addition():
    assert built("poisson:50:2m") == built("constant:50:2m+poisson")
    assert built("ramp:0-10:60s+poisson").segments == built("ramp:0-10:60s").segments
    assert built("poisson").seed == 7
    assert built("constant").arrivals == "even"


@pytest.mark.parametrize("text", ["constant", "poisson", "constant:70"])
def test_a_level_may_go_on_until_somebody_stops_it(text):
    assert math.isinf(built(text, seconds=None).seconds)


@pytest.mark.parametrize("text", ["ramp", "steps", "spike", "diurnal", "soak"])
def test_a_shape_that_ends_must_know_when(text):
    with pytest.raises(UsageError, match="how long"):
        built(text, seconds=None)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("sawtooth", "sawtooth", id="no such shape"),
        pytest.param("", "no schedule", id="nothing"),
        pytest.param("ramp:0..500", "two rates", id="no dash"),
        pytest.param("ramp:0-fast", "'fast' is no number", id="no rate"),
        pytest.param("constant:-5", "no number", id="below nothing"),
        pytest.param("constant:nan", "no number", id="not a number"),
        pytest.param("constant:1e9", "no number", id="too much"),
        pytest.param("constant:0", "cannot be driven", id="nothing at all"),
        pytest.param("ramp:0-0:60s", "nothing would", id="a ramp of nothing"),
        pytest.param("steps:0,0:60s", "nothing would", id="steps of nothing"),
        pytest.param("constant:5:soon", "span of time", id="no time"),
        pytest.param("constant:5:0s", "span of time", id="no time at all"),
        pytest.param("constant:5:inf", "span of time", id="for ever"),
        pytest.param("constant:5:6:7", "more than", id="too many values"),
        pytest.param("spike:1-2:3s", "three times", id="a spike with one time"),
        pytest.param("diurnal:10:1h:1.5", "swing", id="below nothing at night"),
        pytest.param("trace", "needs a file", id="a trace of nothing"),
        pytest.param("trace:words.csv", "line 2", id="a trace with words"),
        pytest.param("trace:three.csv", "line 1", id="a trace with three columns"),
        pytest.param("trace:back.csv", "line 1", id="a trace back in time"),
        pytest.param("trace:empty.csv", "no trace", id="an empty trace"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_an_example(text, says):
    with pytest.raises(UsageError, match=says) as refused:
        built(text)
    assert refused.value.hint


@pytest.mark.parametrize("shape", SHAPES)
def test_the_examples_in_the_hints_are_right(shape):
    for example in FORMS[shape].split(", or "):
        text = example.split(" ")[0].replace("FILE", "day.csv")
        assert built(text).mean_tps > 0


rates = st.floats(0.5, 2_000).map(lambda rate: round(rate, 2))
times = st.integers(1, 60)
spellings = st.one_of(
    st.builds("constant:{}:{}s".format, rates, times),
    st.builds("ramp:{}-{}:{}s:{}s".format, rates, rates, times, times),
    st.builds("spike:{}-{}:{}s:{}s:{}s".format, rates, rates, times, times, times),
    st.builds("diurnal:{}:{}s".format, rates, times),
    st.builds("soak:{}:{}s".format, rates, times),
    st.lists(rates, min_size=1, max_size=5).map(lambda levels: f"steps:{','.join(map(str, levels))}:7s"),
)


@given(spellings, st.integers(1, 4))
def test_any_schedule_offers_its_rate_in_order_and_is_shared_without_loss(text, workers):
    schedule = built(text)
    whole = list(schedule.due_times())
    assert abs(len(whole) - schedule.accumulated(schedule.seconds)) <= 1
    assert [index for index, _ in whole] == list(range(len(whole)))
    due = [due_ns for _, due_ns in whole]
    assert due == sorted(due)
    assert all(0 <= due_ns <= schedule.seconds * NS_PER_S for due_ns in due)
    assert sorted(pair for k in range(workers) for pair in schedule.due_times(k, workers)) == whole


@given(st.text(max_size=40))
def test_no_text_breaks_it(text):
    try:
        schedule = built(text)
    except (UsageError, KeyError):
        return  # KeyError: a file that is not there, which is the reader's to tell
    assert schedule.mean_tps > 0
