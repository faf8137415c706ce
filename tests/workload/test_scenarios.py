"""Every shipped scenario: whole, played against the sandbox without a surprise, and its books hold."""

import random
from types import SimpleNamespace

import pytest
from playhouse import TOWN, Playhouse

from demogen.audit.verdict import Verdict
from demogen.errors import InvalidSettings
from demogen.patterns import find_patterns
from demogen.patterns.mixing import scaled
from demogen.population.skew import HotSet
from demogen.population.spec import presets
from demogen.record.measurement import Latency, Measurement, Outcomes, Slice, Spread
from demogen.workload.mix import Mix
from demogen.workload.scenario import Scenario, find_scenario, read_scenario, shipped_scenarios
from demogen.workload.threshold import ThresholdSpec

SCENARIOS = shipped_scenarios()
PROMISED = {
    "smoke", "retail", "endofday", "payroll", "marketplace", "fx", "hotspot", "reads", "onboarding", "soak", "spike",
    "chaos",
}  # fmt: skip


def test_what_was_promised_is_shipped():
    assert set(SCENARIOS) >= PROMISED


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_names_what_exists_and_judges_what_it_plays(name):
    scenario = SCENARIOS[name]
    Mix(scenario.mix, find_patterns(), drift=scenario.drift, arrivals=1)
    assert scenario.preset in presets()
    assert "unexpected_share" in {threshold.metric for threshold in scenario.thresholds}
    assert sum(scenario.phases(scenario.schedule.seconds)) < scenario.schedule.seconds


@pytest.mark.parametrize("dialect", ["v3.8", "v4"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_plays_as_meant_and_its_books_hold(tmp_path, name, dialect):
    scenario = SCENARIOS[name]
    schedule = scenario.schedule.build(tps=40 if name == "onboarding" else 120, seconds=4, seed=7)
    warm_up_s, cool_down_s = scenario.phases(4)
    house = Playhouse(
        tmp_path / "run", scenario.mix, drift=scenario.drift, spec=TOWN, dialect=dialect, schedule=schedule,
        skew=scenario.skews(), thresholds=scenario.thresholds, warm_up_s=warm_up_s, cool_down_s=cool_down_s,
    )  # fmt: skip
    measured = house.play()
    assert house.surprises() == []
    assert all(threshold.passed for threshold in measured.thresholds), measured.thresholds
    assert measured.mix.p_value is None or measured.mix.p_value > 0.0001
    report = house.audit()
    assert (report.findings, report.doubts) == ((), ())
    assert report.verdict is Verdict.HOLDS


class BadLine:
    """One answer in ten is a server error: half of them before the ledger acts, half after."""

    def __init__(self, app, *, seed=5):
        self._app = app
        self._dice = random.Random(seed)

    def handle(self, method, target, headers, body=b""):
        throw = self._dice.random()
        if throw < 0.05:
            return SimpleNamespace(status=503, headers={}, body=b"{}")
        reply = self._app.handle(method, target, headers, body)
        return SimpleNamespace(status=500, headers={}, body=b"{}") if throw < 0.1 else reply


@pytest.mark.parametrize("dialect", ["v3.8", "v4"])
def test_chaos_on_a_bad_line_leaves_doubt_and_no_wrong_book(tmp_path, dialect):
    mix = SCENARIOS["chaos"].mix | {"exchange": 5, "marketplace": 5, "household": 5, "block": 5}
    house = Playhouse(tmp_path / "run", mix, dialect=dialect, tps=200, seconds=4, line=BadLine)
    measured = house.play()
    assert measured.outcomes.indeterminate > 40
    report = house.audit()
    assert report.violated == frozenset(), report.findings
    assert report.verdict is Verdict.HOLDS


def test_in_the_hotspot_one_merchant_takes_every_payment(tmp_path):
    scenario = SCENARIOS["hotspot"]
    house = Playhouse(tmp_path / "run", scenario.mix, skew=scenario.skews(), tps=50)
    stage = house.session._player._stage
    # Where there is no pick of its own, all are alike.
    picks = [stage.pick(role) or scaled for role in ("merchant", "market", "customer")]
    assert [pick(2**63, 40) for pick in picks] == [0, 0, 20]


def read(**data):
    return read_scenario({"sentence": "s", "mix": {"payment": 1}, **data}, source="own.toml")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        pytest.param({"skew": "zpif"}, "unknown account choice", id="skew"),
        pytest.param({"skew": {"merchant": "hot:200%:1%"}}, "hot", id="skew of a role"),
        pytest.param({"thresholds": [{"metric": "p99", "at_most": 1}]}, "no such metric", id="metric"),
        pytest.param(
            {"thresholds": [{"metric": "service.p99", "pattern": "split", "at_most": 1}]},
            "not in the mix",
            id="pattern",
        ),
        pytest.param(
            {"thresholds": [{"metric": "delivered_tps", "phase": "measure", "at_most": 1}]}, "whole run", id="phase"
        ),
        pytest.param({"thresholds": [{"metric": "service.p99"}]}, "either at_most or at_least", id="no bound"),
        pytest.param({"colour": "red"}, "unknown name", id="an unknown name"),
        pytest.param({"preset": "gigantic"}, "no such preset", id="preset"),
        pytest.param({"mix": {"payment": 0}}, "no pattern has a weight", id="a mix of nothing"),
        pytest.param({"drift": {"payment": -1}}, "drift.payment", id="drift"),
        pytest.param(
            {"thresholds": [{"metric": "unexpected_share", "at_most": 2}]}, "between 0 and 1", id="a share of 2"
        ),
        pytest.param(
            {"thresholds": [{"metric": "service.p99", "at_most": -1}]}, "never below 0", id="a negative bound"
        ),
    ],
)
def test_what_is_wrong_in_a_scenario_is_said(data, says):
    with pytest.raises(InvalidSettings) as raised:
        read(**data)
    assert says in str(raised.value) + repr(raised.value.__dict__)


def test_one_skew_is_for_all_and_a_table_is_by_role():
    assert read(skew="hot:1%:80%").skews().keys() == {""}
    by_role = read(skew={"merchant": "hot:1%:80%", "customer": "uniform"}).skews()
    assert isinstance(by_role["merchant"], HotSet)
    assert by_role.keys() == {"merchant"}


def test_a_short_run_keeps_most_of_its_time_for_measuring():
    scenario = Scenario(sentence="s", mix={"payment": 1}, warm_up_s=60, cool_down_s=1)
    assert scenario.phases(600) == (60, 1)
    assert scenario.phases(10) == (2, 1)


def test_a_file_of_one_s_own_is_a_scenario(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text('sentence = "mine"\n[mix]\npayment = 1\n', encoding="utf-8")
    assert find_scenario(str(own)).name == "own"


def measured(p99: float) -> Slice:
    return Slice(outcomes=Outcomes(accepted=10), latency_ms=Latency(service=Spread(p99=p99), response=Spread(p99=p99)))


@pytest.mark.parametrize(
    ("threshold", "observed", "passed"),
    [
        ({"metric": "service.p99", "at_most": 5, "pattern": "payment"}, 4.0, True),
        ({"metric": "service.p99", "at_most": 5, "phase": "warm-up"}, 9.0, False),
        ({"metric": "service.p99", "at_most": 5, "phase": "cool-down"}, None, False),
        ({"metric": "unexpected_share", "at_most": 0, "pattern": "payment"}, 0.0, True),
    ],
)
def test_a_threshold_is_for_the_run_a_pattern_or_a_phase(house_measurement, threshold, observed, passed):
    judged = ThresholdSpec(**threshold).judge(house_measurement)
    assert (judged.observed, judged.passed) == (observed, passed)


@pytest.fixture
def house_measurement(tmp_path) -> Measurement:
    import msgspec

    house = Playhouse(tmp_path / "run", {"payment": 1}, tps=20, seconds=1)
    return msgspec.structs.replace(house.play(), patterns={"payment": measured(4.0)}, phases={"warm-up": measured(9.0)})


def test_all_that_is_wrong_is_said_at_once():
    wrong = {
        "sentence": 5, "preset": "huge", "skew": "zipf:fast", "mix": {"paymnt": 3, "transfer": -2},
        "drift": {"hodl": 1}, "schedule": {"shape": "stairs", "tps": 0},
        "thresholds": [{"metric": "service.p98", "at_most": 1}],
    }  # fmt: skip
    with pytest.raises(InvalidSettings) as raised:
        read_scenario(wrong, source="mine.toml", patterns=find_patterns())
    told = dict(raised.value.problems)
    assert told.keys() == {
        f"mine.toml.{place}"
        for place in (
            "sentence", "preset", "skew", "mix.paymnt", "mix.transfer", "drift.hodl", "schedule.shape", "schedule.tps",
            "thresholds.0.metric",
        )
    }  # fmt: skip
    assert "did you mean 'payment'?" in told["mine.toml.mix.paymnt"]
