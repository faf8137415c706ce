"""A measurement is a plain value: it survives the disk, and its series can be drawn whatever the run's length."""

from __future__ import annotations

from pathlib import Path

import pytest

from demogen.errors import RunFolderError
from demogen.record.measurement import (
    Arrivals,
    Judged,
    Latency,
    Measurement,
    Mix,
    Series,
    Share,
    Spread,
    dumps,
    load,
    merged,
)


def test_what_is_saved_is_read_back_unchanged(tmp_path: Path) -> None:
    saved = Measurement(
        run_id="r1",
        promised_tps=200.0,
        delivered_tps=199.9,
        arrivals=Arrivals(offered=10, sent=9, dropped=1, dropped_by_reason={"no_slot": 1}),
        latency_ms=Latency(service=Spread(count=9, p50=2.0, p99=4.0, max=5.0)),
        mix=Mix(patterns={"payment": Share(asked=0.4, started=4, intents=5)}, p_value=0.5),
        thresholds=[Judged(name="p99", limit="< 5 ms", observed=None, passed=False)],
    )
    path = tmp_path / "measurement.json"
    path.write_text(dumps(saved))
    assert load(path) == saved


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param(None, "No such file", id="absent"),
        pytest.param('{"run_id": "r1", "arriv', "not a measurement", id="torn"),
        pytest.param('{"run_id": 7}', "not a measurement", id="of another type"),
    ],
)
def test_what_is_no_measurement_is_said_plainly(tmp_path: Path, text: str | None, says: str) -> None:
    path = tmp_path / "measurement.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(RunFolderError, match=says):
        load(path)


def test_a_long_series_is_merged_without_losing_a_count_or_a_peak() -> None:
    seconds = 86_400
    long = Series(
        offered=[200] * seconds,
        answered=[199] * seconds,
        p50_ms=[2.0] * seconds,
        p99_ms=[*[4.0] * 5000, 900.0, *[4.0] * (seconds - 5001)],
    )
    short = merged(long)
    assert len(short.offered) <= 600
    assert {len(short.answered), len(short.p50_ms), len(short.p99_ms)} == {len(short.offered)}
    assert sum(short.offered) == 200 * seconds
    assert sum(short.answered) == 199 * seconds
    assert max(p for p in short.p99_ms if p is not None) == 900.0
    assert short.step_s == 144.0


def test_a_merged_median_is_weighted_by_answers_and_skips_silence() -> None:
    series = Series(offered=[1] * 4, answered=[1, 3, 0, 0], p50_ms=[10.0, 2.0, None, None], p99_ms=[None] * 4)
    short = merged(series, points_max=2)
    assert short.p50_ms == [4.0, None]
    assert short.p99_ms == [None, None]


def test_a_short_series_is_left_alone() -> None:
    series = Series(offered=[1], answered=[1], p50_ms=[1.0], p99_ms=[1.0])
    assert merged(series) is series
