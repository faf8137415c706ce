"""A session: one process plays a run and says what it delivered, interrupted or not."""

import pytest
from stages import Theatre

from demogen.pacing.schedule import constant, ramp
from demogen.population.directory import Population
from demogen.population.extras import Extras
from demogen.record.folder import RunFolder
from demogen.record.measurement import load
from demogen.workload.scenario import find_scenario
from demogen.workload.session import Run, Session
from demogen.workload.threshold import ThresholdSpec


def make_session(tmp_path, schedule, **details):
    theatre = Theatre(tmp_path)
    folder = RunFolder.create(tmp_path / "run")
    about = {"id": "p1", "seed": "1", "preset": "custom"}
    ledgers = [theatre.accounts[0].ledger]
    population = Population(about=about, ledgers=ledgers, accounts=theatre.accounts, counts={}, extras=Extras())
    run = Run(
        run_id="r2", scenario="test", seed=3, host="memory", server="v3.8.0", schedule=schedule, mix_spelling="mixed",
        deadline_s=5.0, **details,
    )  # fmt: skip
    session = Session(
        run, folder=folder, population=population, mix=theatre.mix, carrier=theatre.carrier, clock=theatre.clock
    )
    return session, folder


def test_what_was_promised_is_delivered_and_saved(tmp_path):
    session, folder = make_session(tmp_path, constant(150, 4))
    measurement = session.play()
    assert measurement.promised_tps == 150
    assert measurement.delivered_tps == pytest.approx(150, rel=0.005)
    assert (measurement.arrivals.offered, measurement.arrivals.sent, measurement.arrivals.dropped) == (600, 600, 0)
    assert measurement.outcomes.total == 600
    assert sum(measurement.series.offered) == 600
    assert load(folder.measurement) == measurement


def test_warm_up_and_cool_down_lie_outside_the_window(tmp_path):
    session, _ = make_session(tmp_path, ramp(0, 200, seconds=2, hold_seconds=4), warm_up_s=2, cool_down_s=1)
    measurement = session.play()
    assert measurement.window_s == pytest.approx(3)
    assert measurement.promised_tps == 200
    assert measurement.delivered_tps == pytest.approx(200, rel=0.01)
    assert set(measurement.phases) == {"warm-up", "measure", "cool-down"}


def test_an_interrupted_run_is_measured_as_far_as_it_went(tmp_path):
    session, _ = make_session(tmp_path, constant(100, 60))

    def interrupt(gathering):
        if gathering.total.counts["offered"] >= 300:
            session.stop()

    session._on_second = interrupt
    measurement = session.play()
    assert measurement.interrupted
    assert measurement.delivered_tps == pytest.approx(100, rel=0.02)
    assert measurement.outcomes.indeterminate == 0


@pytest.mark.parametrize(
    ("metric", "bound", "passed"),
    [
        pytest.param("unexpected_share", {"at_most": 0.0}, True, id="nothing unexpected"),
        pytest.param("delivered_tps", {"at_least": 149}, True, id="delivered"),
        pytest.param("delivered_tps", {"at_least": 200}, False, id="not delivered"),
        pytest.param("response.p99", {"at_most": 1e9}, True, id="fast enough"),
    ],
)
def test_thresholds_are_judged(tmp_path, metric, bound, passed):
    session, _ = make_session(tmp_path, constant(150, 2), thresholds=(ThresholdSpec(metric=metric, **bound),))
    (judged,) = session.play().thresholds
    assert judged.passed is passed


@pytest.mark.parametrize("name", ["smoke", "retail"])
def test_shipped_scenarios_are_whole(name):
    scenario = find_scenario(name)
    assert scenario.sentence
    assert scenario.schedule.build(tps=10, seconds=5, seed=1).seconds == pytest.approx(5)
