"""Users' own scripts and events under Locust: every process plays the ones and tells the others."""

from __future__ import annotations

import json

import pytest
from locusts import ROOT, finish, free_port, locust, report_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


def test_both_processes_play_the_scripts_and_tell_what_was_accepted(tmp_path, monkeypatch):
    events, folder, port = tmp_path / "events.jsonl", tmp_path / "run", free_port()
    monkeypatch.setenv("DEMOGEN_EVENTS", str(events))
    process = locust(
        "--headless", "--processes", 2, "--target-tps", 100, "-t", "5s", "--dsl-dir", ROOT / "examples/scripts",
        "-u", 2, "-r", 2, "--run-dir", folder, "--master-bind-port", port, "--master-port", port, cwd=tmp_path,
    )  # fmt: skip
    code, out, err = finish(process)
    assert code in (0, 3, 6), out + err
    told = report_of(folder)
    assert told["verdict"] == "HOLDS"
    assert told["mix"]["patterns"]["commission"]["started"] > 10
    lines = [json.loads(line) for line in events.read_text(encoding="utf-8").splitlines()]
    assert len(lines) == len({one["id"] for one in lines}) == told["events"]["delivered"]
    assert told["events"]["failed"] == told["events"]["lost"] == 0
    assert {one.get("metadata", {}).get("channel") for one in lines} >= {"script"}
    # Arrival numbers alternate between the two processes.
    assert {int(one["id"].split("-")[-2]) % 2 for one in lines if one["event"] == "transaction.created"} == {0, 1}
    assert "events" in out


def test_a_wrong_script_or_place_ends_with_2_before_anything_starts(tmp_path):
    (tmp_path / "bad.gold").write_text("(transaction V1\n  (send USD 1.5|0))", encoding="utf-8")
    for words, says in (
        (("--dsl-dir", tmp_path), "bad.gold: line 2, column 4"),
        (("--events", "ftp://127.0.0.1/x"), "cannot send events"),
    ):
        process = locust("--headless", "-t", "3s", *words, "--run-dir", tmp_path / "run", cwd=tmp_path)
        code, out, err = finish(process)
        assert code == 2, out + err
        assert says in err
        assert "Traceback" not in err
        assert not (tmp_path / "run").exists()
