"""What machines and browsers read: well formed, self-contained, and nothing of a ledger's text becomes markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest
from report_runs import BROKEN, CLEAN, FINE, UNSURE, make_run

from demogen import report
from demogen.audit.findings import AuditReport
from demogen.record.measurement import Series
from demogen.report import as_html, as_junit, as_markdown
from demogen.report.annotations import error_lines
from demogen.report.plots import Line, over_time, percentiles, steps

HOSTILE = "</p><script>alert(1)</script> | `x` & \x00 ]]> %\n::error::"


@pytest.fixture
def hostile(tmp_path: Path) -> report.RunReport:
    finding = msgspec.structs.replace(BROKEN.findings[0], explanation=HOSTILE, first=HOSTILE, worst=HOSTILE)
    audit = msgspec.structs.replace(BROKEN, findings=(finding,))
    return report.build(make_run(tmp_path / "run", audit=audit, scenario=HOSTILE, host=HOSTILE))


class _Page(HTMLParser):
    """Collects tags, attributes and whether every element that must be closed is."""

    VOID = frozenset({"meta", "link", "line", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "action", "data")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("audit", [CLEAN, BROKEN, UNSURE, None], ids=["clean", "broken", "unsure", "none"])
def test_the_page_is_whole_and_needs_nothing_from_outside(tmp_path: Path, audit: AuditReport | None) -> None:
    text = as_html.render(report.build(make_run(tmp_path / "run", audit=audit)))
    page = _Page(text)
    assert page.open == []
    assert page.links == ["data:,"]
    assert not re.search(r"https?://(?!127\.0\.0\.1:3002)|url\(|@import", text)
    assert page.tags.count("svg") == 3


def test_the_page_says_the_verdict_before_anything_else(tmp_path: Path) -> None:
    text = as_html.render(report.build(make_run(tmp_path / "run", audit=BROKEN)))
    assert "lacks 0.01" in text
    body = text[text.index("<main>") :]
    assert body.index("VIOLATED") < body.index("TPS promised") < body.index("<h2>Load") < body.index("<h2>Money")
    assert "a source has less available than it was to give" in body, "a refusal is explained, not only numbered"


def test_without_a_measurement_the_page_still_tells_the_verdict(tmp_path: Path) -> None:
    text = as_html.render(report.build(make_run(tmp_path / "run", measurement=None, audit=CLEAN)))
    assert _Page(text).open == []
    assert "the load did not finish" in text
    assert "<h2>Load" not in text


def test_nothing_from_a_ledger_becomes_markup(hostile: report.RunReport) -> None:
    assert "script" not in _Page(as_html.render(hostile)).tags
    markdown = as_markdown.render(hostile)
    assert "<script" not in markdown
    ET.fromstring(as_junit.render(hostile))
    assert all(line.startswith("::error title=") and "\n" not in line for line in error_lines(hostile))


@pytest.mark.parametrize(
    ("audit", "changes", "failures", "errors"),
    [
        pytest.param(CLEAN, {}, 0, 0, id="fine"),
        pytest.param(CLEAN, {"delivered_tps": 100.0}, 1, 0, id="threshold missed"),
        pytest.param(BROKEN, {}, 1, 0, id="violated is a failure"),
        pytest.param(UNSURE, {}, 0, 2, id="unknown is an error, never a pass"),
        pytest.param(None, {}, 0, 1, id="so is no audit"),
    ],
)
def test_junit_fails_where_the_run_does(
    tmp_path: Path, audit: AuditReport | None, changes: dict[str, float], failures: int, errors: int
) -> None:
    told = report.build(make_run(tmp_path / "run", audit=audit, **changes))
    root = ET.fromstring(as_junit.render(told))
    assert (root.get("failures"), root.get("errors")) == (str(failures), str(errors))
    assert len(root.findall(".//testcase")) == int(root.get("tests", "0"))
    assert len(root.findall(".//failure")) == failures
    assert len(root.findall(".//error")) == errors
    assert bool(failures + errors) == bool(told.exit_code)


def test_markdown_tables_have_the_cells_their_heads_promise(tmp_path: Path) -> None:
    text = as_markdown.render(report.build(make_run(tmp_path / "run", audit=BROKEN, scenario="a|b")))
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert rows
    blocks = [block.splitlines() for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)]
    for block in blocks:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block}) == 1


def test_an_interrupted_run_can_be_drawn(tmp_path: Path) -> None:
    cut = Series(offered=[200], answered=[150], p50_ms=[None], p99_ms=[None])
    told = report.build(make_run(tmp_path / "run", audit=CLEAN, series=cut, distribution=FINE.distribution))
    assert "too short to plot" in as_html.render(told)


def test_a_gap_in_a_curve_stays_a_gap() -> None:
    drawn = over_time([Line("P99", [1.0, None, 3.0, 4.0])], step_s=1.0, label=str)
    (path,) = re.findall(r' d="([^"]*)"', drawn)
    assert path.count("M") == 2
    assert path.count("L") == 1


def test_percentiles_climb_and_end_at_the_largest() -> None:
    drawn = percentiles([1000, 2000, 50_000], [900, 99, 1])
    (path,) = re.findall(r' d="([^"]*)"', drawn)
    heights = [float(part.split()[1]) for part in path.replace("M", "L").split("L")[1:]]
    assert heights == sorted(heights, reverse=True), "latency never falls with the percentile"
    assert heights[-1] == pytest.approx(10.0), "and ends at the top: 50 ms is a round axis"


@pytest.mark.parametrize(("top", "last"), [(0, 1.0), (0.7, 0.8), (9.9, 10.0), (200, 200.0), (201, 250.0), (1e6, 1e6)])
def test_axes_end_on_round_numbers(top: float, last: float) -> None:
    marks = steps(top)
    assert marks[0] == 0
    assert marks[-1] == pytest.approx(last)
    assert len(marks) <= 7
