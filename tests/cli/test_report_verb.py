"""`demogen report` and `demogen runs`: what they print, write and end with."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from report_runs import BROKEN, CLEAN, UNSURE, make_run

from demogen.audit.findings import AuditReport
from demogen.cli.app import main


@pytest.fixture(autouse=True)
def _no_ci(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("audit", "code"), [(CLEAN, 0), (BROKEN, 4), (UNSURE, 5), (None, 5)])
@pytest.mark.parametrize("kind", ["text", "json", "html", "md", "junit"])
def test_each_rendering_is_printed_and_the_exit_code_is_the_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], audit: AuditReport | None, code: int, kind: str
) -> None:
    folder = make_run(tmp_path / "run", audit=audit)
    assert main(["report", str(folder.path), "--format", kind]) == code
    out = capsys.readouterr().out
    told = json.loads(folder.report_json.read_text())
    assert told["exit_code"] == code
    assert folder.report_html.read_text().startswith("<!doctype html>")
    assert told["verdict"] in out
    if kind == "json":
        assert json.loads(out) == told
    if kind == "junit":
        ET.fromstring(out)


def test_a_report_can_be_told_without_failing_the_job(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run", audit=BROKEN)
    assert main(["report", str(folder.path), "--exit-zero"]) == 0


def test_what_a_ci_server_picks_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("# earlier step\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    folder = make_run(tmp_path / "run", audit=BROKEN)
    junit = tmp_path / "junit.xml"
    assert main(["report", str(folder.path), "--junit", str(junit), "--format", "json"]) == 4
    told = capsys.readouterr()
    json.loads(told.out)
    assert "::error title=demogen r20260102-030405-abcd exit 4::the books are wrong: conserved" in told.err
    assert summary.read_text().startswith("# earlier step\n## ❌ VIOLATED")
    assert ET.parse(junit).getroot().get("failures") == "1"


def test_an_output_file_that_cannot_be_written_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_run(tmp_path / "run", audit=CLEAN)
    assert main(["report", str(folder.path), "--output", str(tmp_path / "no" / "where")]) == 1
    assert "cannot write" in capsys.readouterr().err


def test_a_torn_audit_is_said_and_nothing_is_claimed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_run(tmp_path / "run", audit=CLEAN)
    folder.audit.write_text('{"run_id": "r1", "verd')
    assert main(["report", str(folder.path)]) == 1
    told = capsys.readouterr()
    assert "HOLDS" not in told.out
    assert "audit it again" in told.err
    assert not folder.report_json.exists()


def test_runs_are_listed_oldest_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hour_ns = 3_600_000_000_000
    for place, name in enumerate(("late", "early")):
        folder = make_run(tmp_path / "runs" / name, audit=CLEAN, run_id=name, started_wall_ns=(10 - place) * hour_ns)
        main(["report", str(folder.path), "--quiet"])
    (tmp_path / "runs" / "torn").mkdir()
    (tmp_path / "runs" / "torn" / "report.json").write_text("{")
    assert main(["runs", "history"]) == 0
    told = capsys.readouterr()
    assert [line.split()[0] for line in told.out.splitlines()] == ["run", "early", "late"]
    assert "skipped" in told.err
    assert main(["runs", "history", "--json"]) == 0
    assert [json.loads(line)["run_id"] for line in capsys.readouterr().out.splitlines()] == ["early", "late"]


def test_runs_that_were_asked_for_different_things_are_not_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = make_run(tmp_path / "one", audit=CLEAN)
    other = make_run(tmp_path / "other", audit=CLEAN, run_id="other", scenario="soak", promised_tps=500.0)
    for folder in (one, other):
        main(["report", str(folder.path), "--quiet"])
    capsys.readouterr()
    assert main(["runs", "compare", str(one.path), str(other.path)]) == 2
    said = capsys.readouterr().err
    assert "scenario differs: retail and soak" in said
    assert "promised tps differs: 200.0 and 500.0" in said
