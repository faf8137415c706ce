"""How figures are said, the same in every rendering. May import: `run_report`."""

from __future__ import annotations

from demogen.audit.verdict import Verdict
from demogen.record.measurement import Events, Outcomes, Reads
from demogen.report.run_report import RunReport


def headline(report: RunReport) -> str:
    """The sentence a run is remembered by: promised, delivered, P99, what was found, whether it balances."""
    parts = []
    if report.measured:
        parts.append(f"promised {rate(report.promised_tps)} TPS, delivered {report.delivered_tps:,.1f}")
        parts.append(f"P99 {milliseconds(report.latency_ms.response.p99)}")
    verdicts, coverage = report.audit.invariants, report.audit.coverage
    if verdicts.get("exactly-once") == Verdict.HOLDS:
        parts.append(f"{coverage.accepted:,} of {coverage.accepted:,} acknowledged transactions found exactly once")
    parts.append(_balance(report))
    return "; ".join(parts)


def _balance(report: RunReport) -> str:
    if report.verdict is Verdict.UNKNOWN:
        return "whether the books balance is unknown"
    if report.verdict is Verdict.VIOLATED:
        return f"the books are wrong: {', '.join(sorted(report.audit.violated))}"
    if report.audit.invariants.get("conserved") == Verdict.HOLDS:
        return "books balanced to the last cent"
    return "no finding"


def about(report: RunReport) -> str:
    """Which run this is, on one line."""
    where = f"{report.host} ({report.server})" if report.server else report.host
    words = [f"run {report.run_id}", report.scenario, f"seed {report.seed}" if report.measured else "", where]
    return " · ".join(word for word in words if word)


def outcomes_line(outcomes: Outcomes) -> str:
    """Three outcomes, never two; how many refusals were not meant."""
    meant = f" ({outcomes.unexpected:,} not meant)" if outcomes.rejected else ""
    said = f"{outcomes.accepted:,} accepted · {outcomes.rejected:,} rejected{meant}"
    return f"{said} · {outcomes.indeterminate:,} indeterminate"


def reads_line(reads: Reads) -> str:
    """How many, and how many of them did not end as their pattern asked."""
    return f"{reads.count:,} ({reads.unexpected:,} not as asked)" if reads.unexpected else f"{reads.count:,}"


def events_line(events: Events) -> str:
    """What became of the events that were told of accepted transactions."""
    return f"{events.delivered:,} delivered · {events.failed:,} failed · {events.lost:,} lost"


def milliseconds(value: float | None) -> str:
    """Three significant digits with the unit; an em dash where nothing was measured."""
    if value is None:
        return "—"
    if value >= 10_000:
        return f"{value / 1000:,.1f} s"
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} ms"


def figure(value: float | None) -> str:
    """An observed figure in four significant digits; words where it could not be observed."""
    return "not measured" if value is None else f"{value:,.4g}"


def rate(tps: float) -> str:
    """200, not 200.0; 0.5 stays 0.5."""
    return f"{tps:,.10g}" if tps < 1000 else f"{tps:,.0f}"


def plural(count: int, noun: str) -> str:
    """`1 ledger`, `2 ledgers`, `1,173 entities`; nouns may come singular or plural, with underscores."""
    words = noun.replace("_", " ")
    if count == 1:
        singular = words[:-3] + "y" if words.endswith("ies") else words.removesuffix("s")
        return f"1 {singular}"
    if not words.endswith("s"):
        words = words[:-1] + "ies" if words.endswith("y") else words + "s"
    return f"{count:,} {words}"


#: Below this the scripts started are hardly a throw of the mix that was asked for: warned of, not failed.
MIX_P_MIN = 0.0001


def mix_line(chi2: float, p_value: float) -> str:
    """The mix that was drawn against the one asked for, by Pearson's test on scripts started."""
    judged = "as asked" if p_value >= MIX_P_MIN else "WARNING: not the mix that was asked for"
    return f"χ² {chi2:.2f}, p {p_value:.3g}: {judged}"
