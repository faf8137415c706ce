"""`demogen run --schedule`: what is written is what is played, and what cannot be meant costs nothing."""

from __future__ import annotations

import pytest

from demogen.cli.app import main
from demogen.record import measurement

pytestmark = pytest.mark.timeout(120)


@pytest.mark.parametrize(
    ("schedule", "arrivals", "promised"),
    [
        pytest.param("ramp:0-100:2s:1s", 200, 200 / 3, id="ramp"),
        pytest.param("spike:20-120:1s:1s:1s", 160, 160 / 3, id="spike"),
        pytest.param("trace:day.csv", 90, 30, id="trace"),
    ],
)
def test_a_schedule_is_played_as_written(tmp_path, monkeypatch, schedule, arrivals, promised):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "day.csv").write_text("1,60\n1,0\n1,30\n")
    # 6: a machine that is busy with other tests may hold the generator up, which it then says.
    code = main(["run", "--schedule", schedule, "--scenario", "smoke", "--run-dir", str(tmp_path / "r"), "--quiet"])
    assert code in (0, 3, 6)
    told = measurement.load(tmp_path / "r" / "measurement.json")
    assert told.window_s <= 3
    assert abs(told.arrivals.offered - arrivals) <= 1
    assert told.arrivals.dropped == 0
    if told.window_s == 3:
        assert told.promised_tps == pytest.approx(promised)


@pytest.mark.parametrize("schedule", ["ramp:up", "trace:nowhere.csv", "sawtooth"])
def test_what_cannot_be_meant_is_said_before_anything_is_made(tmp_path, monkeypatch, capsys, schedule):
    monkeypatch.chdir(tmp_path)
    assert main(["run", "--schedule", schedule, "--run-dir", "r"]) == 2
    assert schedule.partition(":")[2] in capsys.readouterr().err
    assert not (tmp_path / "r").exists()
