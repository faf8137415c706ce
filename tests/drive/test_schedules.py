"""Schedules under Locust: shaped load from the same spelling, shared by two processes."""

from __future__ import annotations

import pytest
from locusts import finish, free_port, locust, report_of

from demogen.record import measurement
from demogen.record.journal import JournalFile, Kind

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


def test_a_ramp_is_shared_by_two_processes_and_ends_by_itself(tmp_path):
    folder, port = tmp_path / "run", free_port()
    process = locust(
        "--headless", "--processes", 2, "--schedule", "ramp:0-100:4s:1s+poisson", "-u", 2, "-r", 2,
        "--run-dir", folder, "--master-bind-port", port, "--master-port", port, cwd=tmp_path,
    )  # fmt: skip
    code, out, err = finish(process)
    assert code in (0, 3, 6), out + err
    told = measurement.load(folder / "measurement.json")
    assert told.window_s == 5
    assert told.promised_tps == pytest.approx(60)
    # A Poisson count of mean 300 strays by less than six standard deviations.
    assert told.arrivals.offered == pytest.approx(300, abs=104)
    # By when they were due, whenever a busy machine came to see to them.
    due_s = sorted(
        (row + file.header["wall_offset_ns"]) / 1e9
        for file in map(JournalFile, (folder / "journal").glob("*.journal"))
        for chunk in file.chunks()
        for row in chunk[Kind.INTENT]["due_ns"][chunk[Kind.INTENT]["arrival"] < 1 << 62].tolist()
    )
    begun, ended = due_s[0] + 1.5, due_s[-1] - 1.5
    assert sum(moment < begun for moment in due_s) < sum(moment > ended for moment in due_s) / 2
    assert report_of(folder)["verdict"] == "HOLDS"


def test_a_schedule_that_cannot_be_meant_ends_with_2(tmp_path):
    process = locust("--headless", "--schedule", "ramp:0-fast:4s", "--run-dir", tmp_path / "run", cwd=tmp_path)
    code, out, err = finish(process)
    assert code == 2, out + err
    assert "fast" in err
    assert "ramp:0-500:60s" in err
    assert "Traceback" not in err
    assert not (tmp_path / "run").exists()
