"""The report for a terminal: one screen, the sentence that matters first. Plain text, no colours.

May import: `run_report`, `phrases`, `assemble`.
"""

from __future__ import annotations

from collections.abc import Iterator

from demogen.audit.verdict import Verdict
from demogen.record.measurement import Spread
from demogen.report.assemble import ALWAYS_COUNTED
from demogen.report.phrases import (
    about,
    events_line,
    figure,
    headline,
    milliseconds,
    mix_line,
    outcomes_line,
    plural,
    reads_line,
)
from demogen.report.run_report import RunReport

_FINDINGS_SHOWN = 5


def render(report: RunReport) -> str:
    """Text of about twenty lines, each at most a terminal wide except the sentences."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: RunReport) -> Iterator[str]:
    yield about(report)
    yield ""
    yield f"  {report.verdict}: {headline(report)}"
    for gate in report.gates:
        yield f"  exit {gate.exit_code}: {gate.says}"
    yield ""
    if report.measured:
        yield from _load(report)
    yield from _money(report)
    if report.population:
        counts = " · ".join(plural(report.population.get(kind, 0), kind) for kind in ALWAYS_COUNTED)
        yield f"  population  {counts}"
    yield f"  report      {report.folder}/report.html"
    yield f"  exit code   {report.exit_code}"


def _load(report: RunReport) -> Iterator[str]:
    yield "  latency          P50        P95        P99        max"
    yield _latency("service", report.latency_ms.service)
    yield _latency("response", report.latency_ms.response)
    arrivals = report.arrivals
    yield (
        f"  arrivals    {arrivals.offered:,} offered · {arrivals.sent:,} sent · {arrivals.late:,} late"
        f" · {arrivals.dropped:,} dropped{_reasons(arrivals.dropped_by_reason)}"
    )
    yield f"  outcomes    {outcomes_line(report.outcomes)}"
    if report.reads.count:
        yield f"  reads       {reads_line(report.reads)}"
    if report.events is not None:
        yield f"  events      {events_line(report.events)}"
    if report.mix.chi2 is not None and report.mix.p_value is not None:
        yield f"  mix         {mix_line(report.mix.chi2, report.mix.p_value)}"
    generator = report.generator
    lag = f" · loop lag P99 {milliseconds(generator.loop_lag_ms_p99)}" if generator.loop_lag_ms_p99 is not None else ""
    yield f"  generator   {generator.cpu_seconds:.2f} CPU seconds{lag}{' · LIMITED' if generator.limited else ''}"
    for judged in report.thresholds:
        passed = "passed" if judged.passed else "MISSED"
        yield f"  threshold   {judged.name} {judged.limit}: {figure(judged.observed)} {passed}"


def _latency(name: str, spread: Spread) -> str:
    cells = "".join(f"{milliseconds(value):>11}" for value in (spread.p50, spread.p95, spread.p99, spread.max))
    return f"  {name:<9}{cells}"


def _reasons(by_reason: dict[str, int]) -> str:
    known = [f"{count:,} {reason.replace('_', ' ')}" for reason, count in by_reason.items() if count]
    return f" ({', '.join(known)})" if known else ""


def _money(report: RunReport) -> Iterator[str]:
    verdicts = report.audit.invariants
    holding = sum(verdict == Verdict.HOLDS for verdict in verdicts.values())
    yield f"  audit       {holding} of {len(verdicts)} invariants hold"
    for name, verdict in verdicts.items():
        if verdict != Verdict.HOLDS:
            yield f"              {verdict} {name}"
    for finding in report.audit.findings[:_FINDINGS_SHOWN]:
        yield f"  finding     {finding.invariant}: {finding.explanation}"
    hidden = len(report.audit.findings) - _FINDINGS_SHOWN
    if hidden > 0:
        yield f"              and {plural(hidden, 'finding')} more, all in report.json"
