"""The report for a CI job summary or a pull request: Markdown, verdict first, one table a question.

May import: `run_report`, `phrases`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from demogen.audit.verdict import Verdict
from demogen.record.measurement import Spread
from demogen.report.phrases import about, figure, headline, milliseconds, outcomes_line
from demogen.report.run_report import RunReport

_SIGNS = {Verdict.HOLDS: "✅", Verdict.VIOLATED: "❌", Verdict.UNKNOWN: "❔"}
_FINDINGS_SHOWN = 20


def render(report: RunReport) -> str:
    """GitHub-flavoured Markdown, ending in a newline."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: RunReport) -> Iterator[str]:
    yield f"## {_SIGNS[report.verdict]} {report.verdict} · {_escaped(about(report))}"
    yield ""
    yield f"**{_escaped(headline(report))}**"
    yield ""
    for gate in report.gates:
        yield f"- exit code {gate.exit_code}: {_escaped(gate.says)}"
    if report.measured:
        yield from _load(report)
    yield from _money(report)


def _load(report: RunReport) -> Iterator[str]:
    latency, arrivals = report.latency_ms, report.arrivals
    yield from _table(
        ("latency", "P50", "P95", "P99", "max"),
        [_percentiles("service", latency.service), _percentiles("response", latency.response)],
    )
    yield from _table(
        ("offered", "sent", "late", "dropped", "outcomes"),
        [
            (
                f"{arrivals.offered:,}",
                f"{arrivals.sent:,}",
                f"{arrivals.late:,}",
                f"{arrivals.dropped:,}",
                outcomes_line(report.outcomes),
            )
        ],
    )
    if report.thresholds:
        yield from _table(
            ("threshold", "limit", "observed", ""),
            [(one.name, one.limit, figure(one.observed), "✅" if one.passed else "❌") for one in report.thresholds],
        )


def _money(report: RunReport) -> Iterator[str]:
    audit = report.audit
    yield from _table(("invariant", "verdict"), [(n, f"{_SIGNS[v]} {v}") for n, v in audit.invariants.items()])
    for finding in audit.findings[:_FINDINGS_SHOWN]:
        yield f"- **{_escaped(finding.invariant)}**: {_escaped(finding.explanation)}"
    if len(audit.findings) > _FINDINGS_SHOWN:
        yield f"- … and {len(audit.findings) - _FINDINGS_SHOWN} more in `report.json`"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield ""
    yield "| " + " | ".join(head) + " |"
    yield "|" + " --- |" * len(head)
    for row in rows:
        yield "| " + " | ".join(_escaped(cell) for cell in row) + " |"
    yield ""


def _percentiles(name: str, spread: Spread) -> tuple[str, ...]:
    return (name, *(milliseconds(value) for value in (spread.p50, spread.p95, spread.p99, spread.max)))


def _escaped(text: str) -> str:
    """Nothing from a ledger may become markup or break a table."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")
    return text.replace("`", "\\`").replace("*", "\\*").replace("\n", " ")
