"""The report as one page: verdict, load, money, generator, population, provenance. Nothing is fetched from anywhere.

Everything that came from a ledger or a file is escaped. May import: `run_report`, `phrases`, `plots`, `html_parts`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from html import escape
from importlib import resources

from demogen import __version__
from demogen.audit.invariant import invariants
from demogen.audit.verdict import Verdict
from demogen.contract.refusals import meaning
from demogen.record.measurement import Slice
from demogen.report.html_parts import card, chip, note, panel, section, table
from demogen.report.phrases import (
    about,
    events_line,
    figure,
    headline,
    milliseconds,
    mix_line,
    outcomes_line,
    plural,
    rate,
    reads_line,
)
from demogen.report.plots import Line, over_time, percentiles, round_ms
from demogen.report.run_report import RunReport

_PERCENTILES = ("p50", "p90", "p95", "p99", "p999", "max")
_HEADS = ("P50", "P90", "P95", "P99", "P99.9", "max")


def render(report: RunReport) -> str:
    """A whole HTML document."""
    css = resources.files("demogen.report").joinpath("page.css").read_text(encoding="utf-8")
    body = "".join(_body(report))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(report.verdict)} · {escape(report.run_id)} · demogen</title>"
        f'<link rel="icon" href="data:,"><style>\n{css}</style></head><body><main>{body}</main></body></html>\n'
    )


def _body(report: RunReport) -> Iterator[str]:
    yield f'<header><p class="about">{escape(about(report))}</p>{_verdict(report)}</header>'
    if report.measured:
        yield f'<div class="cards">{"".join(_cards(report))}</div>'
        yield section("Load", "What was promised, what came back, and how long it took.", _load(report))
    yield section("Money", "Judged from the journal and what the ledger says now, nothing else.", _money(report))
    if report.measured:
        yield section("Generator", "Whether this machine, not the ledger, was the limit.", _generator(report))
    yield section("Population", "Who existed, and what the load moved among them.", _population(report))
    yield section("Provenance", "What it takes to do this run again.", _provenance(report))
    yield f"<footer>demogen {escape(__version__)} · the same figures stand in report.json</footer>"


def _verdict(report: RunReport) -> str:
    gates = "".join(f"<li>exit code {gate.exit_code}: {escape(gate.says)}</li>" for gate in report.gates)
    reasons = f"<ul>{gates}</ul>" if gates else ""
    word = escape(report.verdict)
    return f'<div class="verdict {word}"><strong>{word}</strong><p>{escape(headline(report))}</p>{reasons}</div>'


def _cards(report: RunReport) -> Iterator[str]:
    latency = report.latency_ms
    yield card(f"{rate(report.promised_tps)}", "TPS promised")
    yield card(f"{report.delivered_tps:,.1f}", "TPS delivered")
    yield card(milliseconds(latency.response.p99), "P99 response, from due")
    yield card(milliseconds(latency.service.p99), "P99 service, from sent")
    yield card(f"{report.outcomes.total:,}", "writes that ended")
    yield card(f"{report.exit_code}", "exit code")


def _load(report: RunReport) -> Iterator[str]:
    series = report.series
    rates = [
        Line("offered", [value / series.step_s for value in series.offered]),
        Line("answered", [value / series.step_s for value in series.answered]),
    ]
    times = [Line("P50", series.p50_ms), Line("P99", series.p99_ms)]
    plots = [
        panel("Transactions a second", over_time(rates, step_s=series.step_s, label=rate)),
        panel("Response time", over_time(times, step_s=series.step_s, label=round_ms)),
        panel("Response time by percentile", percentiles(report.distribution.us, report.distribution.count)),
        panel("Arrivals and outcomes", _arrivals(report)),
    ]
    yield f'<div class="pair">{"".join(plots)}</div>'
    yield panel("Latency", _latency(report))
    if report.thresholds:
        judged = [
            (escape(one.name), escape(one.limit), figure(one.observed), chip("passed" if one.passed else "missed"))
            for one in report.thresholds
        ]
        yield panel("Thresholds", table(("threshold", "limit", "observed", ""), judged))
    if report.patterns:
        yield panel("Patterns", _patterns(report) + _chi_squared(report))
    if len(report.phases) > 1:
        yield panel("Phases", _slices(report.phases, "phase"))
    if report.codes or report.faults:
        counted = [(escape(code), f"{count:,}", escape(meaning(code))) for code, count in report.codes.items()]
        counted += [(escape(name), f"{count:,}", "no answer came") for name, count in report.faults.items()]
        yield panel("Refusals and faults", table(("code", "count", "meaning"), counted, words={2}))


def _arrivals(report: RunReport) -> str:
    arrivals = report.arrivals
    rows = [
        ("offered", f"{arrivals.offered:,}"),
        ("sent", f"{arrivals.sent:,}"),
        ("late", f"{arrivals.late:,}"),
        ("dropped", f"{arrivals.dropped:,}"),
        *((f"dropped: {escape(why.replace('_', ' '))}", f"{n:,}") for why, n in arrivals.dropped_by_reason.items()),
        ("reads, apart", reads_line(report.reads)),
        *([("events", events_line(report.events))] if report.events else []),
    ]
    return table(("arrivals", ""), rows) + note(outcomes_line(report.outcomes))


def _latency(report: RunReport) -> str:
    spreads = {"service": report.latency_ms.service, "response": report.latency_ms.response}
    if report.reads.count:
        spreads["reads, service"] = report.reads.latency_ms.service
    rows = [
        (name, f"{spread.count:,}", *(milliseconds(getattr(spread, p)) for p in ("mean", *_PERCENTILES)))
        for name, spread in spreads.items()
    ]
    return table(("", "answers", "mean", *_HEADS), rows)


def _patterns(report: RunReport) -> str:
    shares = report.mix.patterns
    started = sum(share.started for share in shares.values()) or 1
    rows = []
    for name, part in report.patterns.items():
        share = shares.get(name)
        asked = f"{share.asked:.1%}" if share else "—"
        done = f"{share.started / started:.1%}" if share else "—"
        rows.append((escape(name), asked, done, *_slice_cells(part)))
    return table(("pattern", "asked", "started", *_SLICE_HEADS), rows)


_SLICE_HEADS = ("accepted", "rejected", "not meant", "indeterminate", "P50", "P99", "max")


def _slice_cells(part: Slice) -> tuple[str, ...]:
    outcomes, response = part.outcomes, part.latency_ms.response
    counts = (outcomes.accepted, outcomes.rejected, outcomes.unexpected, outcomes.indeterminate)
    return (*(f"{n:,}" for n in counts), *(milliseconds(value) for value in (response.p50, response.p99, response.max)))


def _slices(parts: Mapping[str, Slice], kind: str) -> str:
    return table((kind, *_SLICE_HEADS), [(escape(name), *_slice_cells(part)) for name, part in parts.items()])


def _chi_squared(report: RunReport) -> str:
    mix = report.mix
    if mix.chi2 is None or mix.p_value is None:
        return ""
    return note(f"mix asked against scripts started: {mix_line(mix.chi2, mix.p_value)}")


def _money(report: RunReport) -> Iterator[str]:
    audit = report.audit
    sentences = {invariant.name: invariant.sentence for invariant in invariants()}
    for finding in audit.findings:
        says = f"<p><b>{escape(finding.invariant)}</b> · {plural(finding.count, 'counter-example')}</p>"
        yield f'<div class="finding">{says}<p>{escape(finding.explanation)}</p></div>'
    for doubt in audit.doubts:
        yield note(f"{'' if doubt.invariant == '*' else doubt.invariant + ': '}{doubt.reason}")
    worst_first = sorted(audit.invariants.items(), key=lambda entry: _WORST_FIRST.index(entry[1]))
    rows = [(chip(v), f"<code>{escape(n)}</code>", escape(sentences.get(n, ""))) for n, v in worst_first]
    if rows:
        yield panel("Invariants", table(("verdict", "invariant", "what it claims"), rows, words={1, 2}))
    coverage = [(name.replace("_", " "), f"{getattr(audit.coverage, name):,}") for name in _COVERED]
    coverage += [(says, f"{getattr(audit.coverage, name):,.2f} s") for name, says in _TIMED.items()]
    if audit.coverage.attempts:
        yield panel("What the verdict rests on", table(("", ""), coverage))


_WORST_FIRST = (Verdict.VIOLATED, Verdict.UNKNOWN, Verdict.HOLDS)
_COVERED = (
    "attempts", "accepted", "rejected", "indeterminate", "resolved_booked", "resolved_absent",
    "ledgers", "balances", "transactions", "operations",
)  # fmt: skip
_TIMED = {"settled_s": "until the ledger was quiet", "read_s": "reading it back", "judged_s": "judging"}


def _generator(report: RunReport) -> Iterator[str]:
    generator, workers = report.generator, report.workers
    busy = "—" if generator.cpu_utilisation is None else f"{generator.cpu_utilisation:.1%}"
    limited = "; ".join(generator.reasons) if generator.limited else "no"
    rows = [
        ("CPU seconds", f"{generator.cpu_seconds:,.2f}"),
        ("of one processor each", busy),
        ("loop lag P99", milliseconds(generator.loop_lag_ms_p99)),
        ("load processes", f"{workers.count:,}" + (f", {workers.lost:,} lost" if workers.lost else "")),
        ("was it the limit?", escape(limited)),
        *([("rate re-shared while running", "yes")] if report.degraded else []),
    ]
    yield panel("", table(("", ""), rows))


def _population(report: RunReport) -> Iterator[str]:
    volumes = report.volumes
    rows = [(escape(kind.replace("_", " ")), f"{count:,}") for kind, count in report.population.items()]
    panels = [panel("Entities", table(("kind", "count"), rows))] if rows else []
    if volumes.roles:
        roles = [(escape(role or "—"), f"{count:,}") for role, count in volumes.roles.items()]
        panels.append(panel("Accounts by role", table(("role", "accounts"), roles)))
    yield f'<div class="pair">{"".join(panels)}</div>' if panels else note("this run folder holds no population")
    if volumes.assets:
        used = [
            (escape(one.asset), f"{one.accounts:,}", f"{one.legs:,}", _grouped(one.moved)) for one in volumes.assets
        ]
        yield panel("Assets: what this run moved", table(("asset", "accounts", "legs", "moved"), used))
    if volumes.accounts:
        busiest = [
            (
                escape(one.alias),
                escape(one.role),
                f"{one.legs:,}",
                escape(one.asset),
                _grouped(one.gave),
                _grouped(one.received),
            )
            for one in volumes.accounts
        ]
        yield panel("Busiest accounts", table(("alias", "role", "legs", "asset", "gave", "received"), busiest))
    if len(volumes.organizations) > 1:
        owners = [(one.organization_id, f"{one.ledgers:,}", f"{one.transactions:,}") for one in volumes.organizations]
        yield panel("Organizations", table(("organization", "ledgers", "transactions"), owners[:20]))


def _grouped(amount: str) -> str:
    """A decimal text with its thousands apart."""
    return f"{Decimal(amount):,f}"


def _provenance(report: RunReport) -> Iterator[str]:
    facts = {
        "run": report.run_id,
        "scenario": report.scenario,
        "seed": str(report.seed),
        "ledger": f"{report.host} {report.server}".strip(),
        "started": report.started_at,
        "lasted": f"{report.duration_s:,.1f} s, measured {report.window_s:,.1f} s",
        "folder": report.folder,
        "reported by": f"demogen {__version__}",
    }
    yield panel("", table(("", ""), [(name, escape(value)) for name, value in facts.items() if value], words={1}))
    machine = report.settings.get("machine")
    if isinstance(machine, dict):
        words = [(escape(str(name)), escape(str(value))) for name, value in machine.items()]
        yield panel("Where the load came from", table(("", ""), words, words={1}))
    plain = {name: value for name, value in report.settings.items() if not isinstance(value, dict)}
    settings = [(escape(str(name)), escape(_plain(value))) for name, value in sorted(plain.items())]
    if settings:
        shown = table(("setting", "value"), settings, words={1})
        yield f'<details class="panel"><summary>all settings</summary>{shown}</details>'


def _plain(value: object) -> str:
    if value is None or value in ("", []):
        return "—"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
