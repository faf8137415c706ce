"""Comparing runs: equal ledgers are rarely called different, a slower one is found, unlike runs are refused."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from report_runs import BROKEN, CLEAN, FINE

from demogen.errors import UsageError
from demogen.record.measurement import Distribution, Generator, Latency, Measurement, Series, Spread
from demogen.report.bootstrap import drift_of, mean_rounds, percentile_rounds
from demogen.report.compare import compare
from demogen.report.run_report import RunReport

SECONDS, TPS = 60, 200


def told(number: int, *, factor: float = 1.0, drift: float = 0.0, alike: float = 0.5, **changes: Any) -> RunReport:
    """The report of a run whose latencies are log-normal, `drift` letting its level wander from second to second."""
    dice = np.random.default_rng(number)
    level, seconds = 0.0, []
    for _ in range(SECONDS):
        level = alike * level + drift * np.sqrt(1 - alike**2) * dice.standard_normal()
        seconds.append(2000 * factor * np.exp(level) * dice.lognormal(0, 0.4, TPS))
    us, count = np.unique(np.concatenate(seconds).astype(int) // 5 * 5, return_counts=True)
    ms = {share: float(np.quantile(np.concatenate(seconds), share)) / 1000 for share in (0.5, 0.95, 0.99)}
    response = Spread(count=SECONDS * TPS, p50=ms[0.5], p95=ms[0.95], p99=ms[0.99])
    measured = msgspec.structs.replace(
        FINE,
        run_id=f"run-{number}",
        latency_ms=Latency(response=response),
        distribution=Distribution(us=us.tolist(), count=count.tolist()),
        series=Series(
            offered=[TPS] * SECONDS,
            answered=[TPS] * SECONDS,
            p50_ms=[float(np.median(one)) / 1000 for one in seconds],
            p99_ms=[float(np.quantile(one, 0.99)) / 1000 for one in seconds],
        ),
    )
    shared = set(RunReport.__struct_fields__) & set(Measurement.__struct_fields__)
    fields = {name: getattr(measured, name) for name in shared} | changes
    return RunReport(**{"verdict": CLEAN.verdict, "exit_code": 0, "audit": CLEAN} | fields)


def said(before: RunReport, after: RunReport) -> dict[str, str]:
    return {one.name: one.says for one in compare(before, after).changes}


@pytest.mark.parametrize(("drift", "most"), [(0.0, 0.10), (0.05, 0.15)])
def test_the_same_ledger_twice_is_seldom_called_different(drift: float, most: float) -> None:
    pairs = [said(told(2 * i, drift=drift), told(2 * i + 1, drift=drift)) for i in range(40)]
    for name in ("response P50", "response P95", "response P99", "delivered"):
        alarms = sum(pair[name] != "no difference seen" for pair in pairs) / len(pairs)
        assert alarms <= most, name


def test_five_per_cent_slower_is_found() -> None:
    pairs = [said(told(2 * i), told(2 * i + 1, factor=1.05)) for i in range(20)]
    assert sum(pair["response P50"] == "worse" for pair in pairs) >= 19
    assert sum(pair["response P95"] == "worse" for pair in pairs) >= 18


def test_faster_is_better_and_more_delivered_is_better() -> None:
    changed = told(2, factor=0.8)
    more = msgspec.structs.replace(changed.series, answered=[TPS + i % 3 for i in range(SECONDS)])
    verdicts = said(told(1), msgspec.structs.replace(changed, series=more))
    assert verdicts["response P50"] == "better"
    assert verdicts["delivered"] == "better"


def test_a_regression_counts_only_beyond_its_whole_interval() -> None:
    found = compare(told(1), told(2, factor=1.3))
    assert {one.name for one in found.worse_than(0.05)} >= {"response P50", "response P95"}
    assert found.worse_than(0.5) == []
    assert compare(told(1, factor=1.3), told(2)).worse_than(0.05) == [], "better is no regression"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"scenario": "soak"}, "scenario differs"),
        ({"promised_tps": 500.0}, "promised tps differs"),
        ({"population": {"accounts": 11}}, "population differs"),
        ({"window_s": 60.0}, "windows differ"),
        ({"settings": {"transaction_format": "json"}}, "transaction format differs"),
        ({"interrupted": True}, "was interrupted"),
        ({"generator": Generator(limited=True)}, "measured its generator"),
        ({"measured": False}, "has no measurement"),
        ({"distribution": Distribution()}, "has no measurement"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_was_not_asked_to_do_the_same_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        compare(told(1), told(2, **changes))


def test_wrong_books_and_other_servers_are_remarked_not_hidden() -> None:
    found = compare(told(1), told(2, server="v4.0.0", verdict=BROKEN.verdict, audit=BROKEN, seed=8))
    remarks = "; ".join(found.remarks)
    assert "the servers differ: v3.8.0 and v4.0.0" in remarks
    assert "the books are VIOLATED" in remarks
    assert "the seeds differ" in remarks


def test_a_resampled_percentile_is_centred_on_the_percentile() -> None:
    one = told(3)
    steady = drift_of(one.distribution.us, one.distribution.count, share=0.5, seconds=[], seed=1)
    rounds = percentile_rounds(one.distribution.us, one.distribution.count, share=0.5, drift=steady, seed=1)
    assert one.latency_ms.response.p50 is not None
    assert np.median(rounds) / 1000 == pytest.approx(one.latency_ms.response.p50, rel=0.01)
    # The textbook's standard error of a median: 1 / (2 f(m) sqrt n); for this log-normal f(m) = 1 / (m s sqrt(2 pi)).
    expected = 2000 * 0.4 * np.sqrt(2 * np.pi) / (2 * np.sqrt(SECONDS * TPS))
    assert rounds.std() == pytest.approx(expected, rel=0.1)


def test_blocks_see_that_neighbours_are_alike() -> None:
    alternating, waves = [0.0, 1.0] * 60, ([0.0] * 5 + [1.0] * 5) * 12
    assert mean_rounds(waves, seed=1).std() > 1.5 * mean_rounds(alternating, seed=1).std()
