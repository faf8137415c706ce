"""Every metric, named once. Built from the merged tally when somebody scrapes, so the hot path pays nothing.

Base units, `_total` on counters, no ids as labels, exact histograms of the whole cluster in one target. Counters only
grow while the process lives, whatever runs it plays; all that may be summed over exists from the start, as 0. Where
calls are traced a bucket carries an exemplar, which only OpenMetrics shows. The snapshot is handed in. May import:
`tally`, `histogram`, `earlier`, `exemplars`, `sight`, contract, prometheus-client.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar as Shown

from demogen.contract.exchange import Fault
from demogen.contract.outcome import Outcome
from demogen.record.earlier import Earlier
from demogen.record.exemplars import BOUNDS_US, READ, RESPONSE, SERVICE, Exemplar
from demogen.record.histogram import Histogram
from demogen.record.journal import DropReason
from demogen.record.sight import Sight
from demogen.record.tally import MEASURE, PHASES, Cell, CellKey, Tally

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

Bucket = tuple[str, float] | tuple[str, float, Shown]

_BOUNDS = tuple(f"{bound / 1e6}" for bound in BOUNDS_US)
LATE_AFTER_US = 10_000

VERDICTS = ("HOLDS", "VIOLATED", "UNKNOWN")
#: What a run is doing: those of the tally lie in the middle.
STAGES = ("idle", "bootstrap", *PHASES, "drain", "audit", "done")
IDLE = STAGES[0]
#: Insufficient funds: the refusal that patterns ask for on purpose, so it is there before the first one.
_ALWAYS_CODES = ("0018",)


class WorkerState(msgspec.Struct, frozen=True, kw_only=True):
    """One load process. Counts are of the run under way."""

    up: bool
    in_flight: int = 0
    offered: int = 0
    answered: int = 0
    cpu_seconds: float = 0.0


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What a scrape shows. `info` becomes labels of `demogen_run_info`; `patterns` are names by number.

    `tally` stands still, since a scrape is made in turns; `stage` is one of STAGES; `reading` the patterns that only
    read; `invariants` maps a name to its verdict; `ended_ns` is when the run was over on the clock's monotonic scale, 0
    while it lasts.
    """

    tally: Tally
    patterns: tuple[str, ...]
    target_tps: float
    in_flight: int = 0
    load_processes: int = 0
    load_processes_lost: int = 0
    users: int = 0
    verdict: str = "UNKNOWN"
    info: Mapping[str, str] = {}
    stage: str = PHASES[MEASURE]
    reading: frozenset[str] = frozenset()
    workers: Mapping[str, WorkerState] = {}
    invariants: Mapping[str, str] = {}
    findings: Mapping[str, int] = {}
    sight: Sight | None = None
    started_s: float = 0.0
    ended_ns: int = 0


class RunCollector(Collector):
    """Turns the snapshot of the moment into metric families; says only "idle" while there is no run to show."""

    def __init__(self, snapshot: Callable[[], Snapshot | None]) -> None:
        self._snapshot = snapshot
        self._earlier = Earlier()

    def keep(self, over: Snapshot) -> None:
        """A run is over and another may come: its counts stay in the counters."""
        workers = {
            name: {"offered": w.offered, "answered": w.answered, "cpu_seconds": w.cpu_seconds}
            for name, w in over.workers.items()
        }
        self._earlier.add(over.tally, over.patterns, workers=workers)

    def describe(self) -> Iterator[Metric]:
        """Nothing ahead of time: the registry need not scrape to know names."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        now = self._snapshot()
        yield _state_set("demogen_phase", "1 for what the run is doing.", STAGES, now.stage if now else IDLE)
        if now is None:
            return
        tally, patterns = self._earlier.with_run(now.tally, now.patterns)
        yield from _arrivals(tally)
        yield from _outcomes(tally, patterns, now.reading)
        yield from _latencies(tally, patterns, now.reading)
        yield from _tasks(tally)
        yield from _money(tally, now.tally)
        yield from _conservation(now.sight)
        yield from _state(now)
        yield from _workers(now, self._earlier.workers)
        yield from _verdicts(now)
        cpu_s = tally.counts["cpu_ns"] / 1e9
        yield _counter("demogen_generator_cpu_seconds", "Processor time of all load processes.", cpu_s)


def _arrivals(tally: Tally) -> Iterator[Metric]:
    offered, dropped = tally.counts["offered"], sum(tally.dropped.values())
    late = tally.lag.total - tally.lag.at_most([LATE_AFTER_US])[0]
    yield _counter("demogen_arrivals_offered", "Arrivals whose due time has come.", offered)
    yield _counter("demogen_arrivals_sent", "Arrivals that became a request.", max(0, offered - dropped))
    yield _counter("demogen_arrivals_late", "Arrivals sent more than 10 ms after they were due.", late)
    reasons = [reason.label for reason in DropReason]
    says = "Arrivals that were never sent, by reason."
    yield _labelled("demogen_arrivals_dropped", says, "reason", tally.dropped, always=reasons)


def _outcomes(tally: Tally, patterns: Sequence[str], reading: frozenset[str]) -> Iterator[Metric]:
    for name, what, cells in (
        ("demogen_transactions", "Writes", _writes(tally, patterns, reading)),
        ("demogen_reads", "Reads", _reads(tally, patterns, reading)),
    ):
        says = f"{what} that were sent and have ended, by pattern, outcome and phase."
        family = CounterMetricFamily(name, says, labels=["pattern", "outcome", "phase"])
        for key, cell in cells.items():
            # What was never sent is a dropped arrival, not an outcome: as in the report.
            family.add_metric(_labels(key, patterns), cell.service.total)
        yield family
    unexpected: Counter[str] = Counter()
    for (pattern, _, _), cell in (*tally.cells.items(), *tally.reads.items()):
        unexpected[patterns[pattern]] += cell.unexpected
    says = "Writes and reads that ended otherwise than their pattern asked for."
    yield _labelled("demogen_unexpected", says, "pattern", unexpected, always=patterns)
    yield _labelled(
        "demogen_refusals", "Refusals by the ledger's error code.", "code", tally.codes, always=_ALWAYS_CODES
    )
    faults = [fault.label for fault in Fault]
    yield _labelled(
        "demogen_faults", "Requests without an answer, by what went wrong.", "fault", tally.faults, always=faults
    )


def _writes(
    tally: Tally, patterns: Sequence[str], reading: frozenset[str], *, outcomes: Iterable[Outcome] = Outcome
) -> dict[CellKey, Cell]:
    """The tally's cells, and an empty one wherever the first count is still to come: rates need a zero to start at."""
    writing = [number for number, name in enumerate(patterns) if name not in reading]
    return {(number, outcome, MEASURE): Cell() for number in writing for outcome in outcomes} | tally.cells


def _reads(tally: Tally, patterns: Sequence[str], reading: frozenset[str]) -> dict[CellKey, Cell]:
    numbers = [number for number, name in enumerate(patterns) if name in reading]
    return {(number, int(Outcome.ACCEPTED), MEASURE): Cell() for number in numbers} | tally.reads


def _labels(key: CellKey, patterns: Sequence[str]) -> list[str]:
    pattern, outcome, phase = key
    return [patterns[pattern], Outcome(outcome).label, PHASES[phase]]


def _latencies(tally: Tally, patterns: Sequence[str], reading: frozenset[str]) -> Iterator[Metric]:
    writes = _writes(tally, patterns, reading, outcomes=(Outcome.ACCEPTED,))
    reads = _reads(tally, patterns, reading)
    for name, says, kind, of, cells in (
        ("demogen_service_seconds", "Writes, from sent to answered.", "service", SERVICE, writes),
        ("demogen_response_seconds", "Writes, from due to answered.", "response", RESPONSE, writes),
        ("demogen_read_seconds", "Reads, from sent to answered.", "service", READ, reads),
    ):
        family = HistogramMetricFamily(name, says, labels=["pattern", "outcome", "phase"])
        traced = _traced(tally, of)
        for key, cell in cells.items():
            family.add_metric(_labels(key, patterns), *_buckets(getattr(cell, kind), traced.get(key)))
        yield family
    for name, says, histogram in (
        ("demogen_send_lag_seconds", "From due to sent: includes waiting for a free connection.", tally.lag),
        ("demogen_loop_lag_seconds", "From due to noticed: the generator's own doing.", tally.loop_lag),
    ):
        family = HistogramMetricFamily(name, says, labels=[])
        family.add_metric([], *_buckets(histogram))
        yield family


def _tasks(tally: Tally) -> Iterator[Metric]:
    """Requests of ordinary task code; what went wrong in words is Locust's table's, a label would have no bounds."""
    counts = CounterMetricFamily(
        "demogen_task_requests", "Requests of ordinary Locust tasks.", labels=["method", "name", "result"]
    )
    times = HistogramMetricFamily(
        "demogen_task_seconds", "Requests of ordinary Locust tasks, from asked to answered.", labels=["method", "name"]
    )
    ended: Counter[tuple[str, str, str]] = Counter()
    took: dict[tuple[str, str], Histogram] = {}
    for (method, name, problem), cell in tally.tasks.items():
        ended[method, name, "failed" if problem else "ok"] += cell.response.total
        took.setdefault((method, name), Histogram()).merge(cell.response)
    for labels, count in ended.items():
        counts.add_metric(labels, count)
    for of_task, histogram in took.items():
        times.add_metric(of_task, *_buckets(histogram))
    yield counts
    yield times


def _traced(tally: Tally, of: str) -> dict[CellKey, dict[int, Exemplar]]:
    """The exemplars of one histogram: by cell, by number of the bucket."""
    found: dict[CellKey, dict[int, Exemplar]] = {}
    for (histogram, *cell, number), exemplar in tally.exemplars.items():
        if histogram == of:
            pattern, outcome, phase = cell
            found.setdefault((pattern, outcome, phase), {})[number] = exemplar
    return found


def _buckets(histogram: Histogram, traced: Mapping[int, Exemplar] | None = None) -> tuple[list[Bucket], float]:
    counts = (*histogram.at_most(BOUNDS_US), histogram.total)
    buckets: list[Bucket] = list(zip((*_BOUNDS, "+Inf"), map(float, counts), strict=True))
    for number, exemplar in (traced or {}).items():
        bound, count = buckets[number][:2]
        labels = {"trace_id": exemplar.trace_id, "span_id": exemplar.span_id}
        buckets[number] = (bound, count, Shown(labels, exemplar.us / 1e6, exemplar.wall_ns / 1e9))
    return buckets, histogram.sum_us / 1e6


def _money(tally: Tally, run: Tally) -> Iterator[Metric]:
    says = "Acknowledged value of new transactions, in the asset's major units."
    moved, doubted = _by_asset(tally.moved), _by_asset(run.doubted)
    yield _labelled("demogen_money_moved", says, "asset", moved)
    doubt = GaugeMetricFamily(
        "demogen_money_in_doubt",
        "Value of writes of this run that got no answer, in the asset's major units; the audit resolves it.",
        labels=["asset"],
    )
    for asset in sorted({*moved, *doubted}):
        doubt.add_metric([asset], float(doubted.get(asset, 0)))
    yield doubt


def _conservation(sight: Sight | None) -> Iterator[Metric]:
    """Bounds of what has appeared (above zero) or vanished, from the last look at all balances."""
    for name, place, says in (("low", 0, "at least"), ("high", 1, "at most")):
        family = GaugeMetricFamily(
            f"demogen_conservation_{name}",
            f"What all balances are worth together less what they were before the load, {says}, in major units.",
            labels=["asset"],
        )
        for asset, bounds in sight.assets.items() if sight else ():
            family.add_metric([asset], float(bounds[place]))
        yield family
    if sight is None:
        return
    says = "Pairs of ledger and asset in which money has surely appeared or vanished."
    yield GaugeMetricFamily("demogen_conservation_amiss", says, value=len(sight.amiss))
    yield GaugeMetricFamily("demogen_conservation_time_seconds", "When that was seen, in unix time.", value=sight.at_s)


def _by_asset(amounts: Mapping[str, int]) -> dict[str, float]:
    """Minor units by `asset/scale` as major units by asset: figures for plots, never booked."""
    total: dict[str, float] = {}
    for key, units in amounts.items():
        asset, _, scale = key.partition("/")
        total[asset] = total.get(asset, 0.0) + units / 10 ** int(scale)
    return total


def _state(now: Snapshot) -> Iterator[Metric]:
    yield GaugeMetricFamily("demogen_target_tps", "Transactions a second that are promised.", value=now.target_tps)
    yield GaugeMetricFamily("demogen_in_flight", "Requests waiting for their answer.", value=now.in_flight)
    yield GaugeMetricFamily("demogen_users", "Locust users, each an open connection.", value=now.users)
    processes = GaugeMetricFamily("demogen_load_processes", "Load processes by state.", labels=["state"])
    processes.add_metric(["playing"], now.load_processes)
    processes.add_metric(["lost"], now.load_processes_lost)
    yield processes
    if now.started_s:
        says = "When the load of this run began, in unix time."
        yield GaugeMetricFamily("demogen_run_start_time_seconds", says, value=now.started_s)
    if now.info:
        yield InfoMetricFamily("demogen_run", "Facts about the run.", value=dict(now.info))


def _workers(now: Snapshot, earlier: Mapping[str, Mapping[str, float]]) -> Iterator[Metric]:
    """By load process: its number in the run, which starts at 0 each time and so stays few."""
    up = GaugeMetricFamily("demogen_worker_up", "1 while the load process reports.", labels=["worker"])
    flight = GaugeMetricFamily("demogen_worker_in_flight", "Its requests waiting for an answer.", labels=["worker"])
    for name, worker in now.workers.items():
        up.add_metric([name], float(worker.up))
        flight.add_metric([name], worker.in_flight)
    yield up
    yield flight
    for name, says, field in (
        ("demogen_worker_arrivals", "Arrivals it was to serve.", "offered"),
        ("demogen_worker_answers", "Its writes that have ended.", "answered"),
        ("demogen_worker_cpu_seconds", "Its processor time.", "cpu_seconds"),
    ):
        counts = {number: values.get(field, 0.0) for number, values in earlier.items()}
        for number, worker in now.workers.items():
            counts[number] = counts.get(number, 0.0) + getattr(worker, field)
        yield _labelled(name, says, "worker", counts)


def _verdicts(now: Snapshot) -> Iterator[Metric]:
    says = "1 for the audit's verdict; UNKNOWN until the books are judged."
    yield _state_set("demogen_verdict", says, VERDICTS, now.verdict)
    verdicts = GaugeMetricFamily(
        "demogen_invariant_verdict", "1 for the verdict on each invariant.", labels=["invariant", "verdict"]
    )
    found = GaugeMetricFamily("demogen_audit_findings", "Counter-examples by invariant.", labels=["invariant"])
    for name, verdict in now.invariants.items():
        found.add_metric([name], now.findings.get(name, 0))
        for word in VERDICTS:
            verdicts.add_metric([name, word], float(word == verdict))
    yield verdicts
    yield found


def _state_set(name: str, says: str, states: Iterable[str], current: str) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, says, labels=[name.removeprefix("demogen_")])
    for state in states:
        family.add_metric([state], float(state == current))
    return family


def _counter(name: str, says: str, value: float) -> CounterMetricFamily:
    return CounterMetricFamily(name, says, value=value)


def _labelled(
    name: str, says: str, label: str, counts: Mapping[str, float], *, always: Iterable[str] = ()
) -> CounterMetricFamily:
    """A counter with one label; `always` are the values that are there before their first count."""
    family = CounterMetricFamily(name, says, labels=[label])
    for value in sorted({*always, *counts}):
        family.add_metric([value], counts.get(value, 0))
    return family
