"""Every rendering tells the same run: figures of report.json as design 9 fixes them, the sentence, the verdict."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from report_runs import BROKEN, CLEAN, make_run

from demogen import report
from demogen.errors import RunFolderError
from demogen.report import as_json, as_text
from demogen.report.phrases import milliseconds, plural


def test_report_json_has_at_least_the_fixed_fields(tmp_path: Path) -> None:
    told = json.loads(as_json.render(report.build(make_run(tmp_path / "run", audit=CLEAN))))
    assert told["run_id"] == "r20260102-030405-abcd"
    assert told["verdict"] == "HOLDS"
    assert (told["promised_tps"], told["delivered_tps"]) == (200.0, 199.9)
    assert {"offered": 6000, "sent": 6000, "late": 3, "dropped": 0}.items() <= told["arrivals"].items()
    assert {"accepted": 5988, "rejected": 12, "indeterminate": 0}.items() <= told["outcomes"].items()
    assert {"p50": 2.1, "p95": 3.0, "p99": 4.1, "max": 9.7}.items() <= told["latency_ms"]["service"].items()
    assert {"p50": 2.2, "p95": 3.1, "p99": 4.3, "max": 9.9}.items() <= told["latency_ms"]["response"].items()
    assert {"cpu_seconds": 1.9, "limited": False}.items() <= told["generator"].items()
    assert told["audit"]["verdict"] == "HOLDS"
    assert told["audit"]["invariants"]["conserved"] == "HOLDS"
    assert told["audit"]["findings"] == []
    assert isinstance(told["population"], dict)


def test_report_json_is_read_back_as_the_same_report(tmp_path: Path) -> None:
    told = report.build(make_run(tmp_path / "run", audit=BROKEN))
    assert as_json.parse(as_json.render(told).encode()) == told


def test_one_screen_says_the_sentence(tmp_path: Path) -> None:
    screen = as_text.render(report.build(make_run(tmp_path / "run", audit=CLEAN)))
    assert (
        "HOLDS: promised 200 TPS, delivered 199.9; P99 4.30 ms; "
        "5,988 of 5,988 acknowledged transactions found exactly once; books balanced to the last cent"
    ) in screen
    for word in ("P50", "P95", "P99", "service", "response", "5,988 accepted", "report.html", "exit code   0"):
        assert word in screen
    assert len(screen.splitlines()) <= 24


def test_a_violation_is_shown_first_with_its_witness(tmp_path: Path) -> None:
    screen = as_text.render(report.build(make_run(tmp_path / "run", audit=BROKEN)))
    assert "VIOLATED: " in screen
    assert "exit 4: the books are wrong: conserved" in screen
    assert "lacks 0.01" in screen
    assert "balanced" not in screen


def test_without_an_audit_nothing_is_claimed(tmp_path: Path) -> None:
    screen = as_text.render(report.build(make_run(tmp_path / "run")))
    assert "UNKNOWN" in screen
    assert "balanced to the last cent" not in screen


@pytest.mark.parametrize("name", ["measurement.json", "audit.json", "settings.json"])
def test_a_torn_file_is_an_error_not_a_guess(tmp_path: Path, name: str) -> None:
    folder = make_run(tmp_path / "run", audit=CLEAN)
    (folder.path / name).write_text('{"run_id": "r1", "x')
    with pytest.raises(RunFolderError, match=name):
        report.build(folder)


@pytest.mark.parametrize(
    ("value", "said"),
    [(None, "—"), (0.123, "0.12 ms"), (4.34, "4.34 ms"), (43.21, "43.2 ms"), (902.4, "902 ms"), (15_000.0, "15.0 s")],
)
def test_milliseconds_keep_three_digits(value: float | None, said: str) -> None:
    assert milliseconds(value) == said


@pytest.mark.parametrize(
    ("count", "noun", "said"),
    [
        (1, "ledgers", "1 ledger"),
        (2, "ledger", "2 ledgers"),
        (1173, "entity", "1,173 entities"),
        (1, "entities", "1 entity"),
    ],
)
def test_plural(count: int, noun: str, said: str) -> None:
    assert plural(count, noun) == said


@pytest.mark.parametrize(
    ("p_value", "says"),
    [pytest.param(0.4, "as asked", id="a fair draw"), pytest.param(0.00001, "WARNING", id="hardly the mix")],
)
def test_the_mix_is_judged_in_words(p_value, says):
    from demogen.report.phrases import mix_line

    assert says in mix_line(12.3, p_value)
