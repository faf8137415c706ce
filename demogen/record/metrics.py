"""Every metric, named once. Built from the merged tally when somebody scrapes, so the hot path pays nothing.

Base units, `_total` on counters, no ids as labels, exact histograms of the whole cluster in one target. Counters only
grow while a run lasts. The registry is passed in. May import: `tally`, `histogram`, prometheus-client.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector

from demogen.contract.outcome import Outcome
from demogen.record.histogram import Histogram
from demogen.record.tally import PHASES, Cell, CellKey, Tally

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

#: Upper bounds in microseconds, from a fast reply on loopback to the longest deadline; about three a decade.
BOUNDS_US = (
    250, 500, 1_000, 2_000, 3_000, 5_000, 7_500, 10_000, 15_000, 20_000, 30_000, 50_000, 75_000, 100_000, 150_000,
    200_000, 300_000, 500_000, 750_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000, 30_000_000,
)  # fmt: skip
LATE_AFTER_US = 10_000

VERDICTS = ("HOLDS", "VIOLATED", "UNKNOWN")


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What a scrape shows. `info` becomes labels of `demogen_run_info`; `patterns` are names by number."""

    tally: Tally
    patterns: tuple[str, ...]
    target_tps: float
    in_flight: int
    load_processes: int
    load_processes_lost: int
    users: int
    verdict: str
    info: Mapping[str, str]


class RunCollector(Collector):
    """Turns the snapshot of the moment into metric families; an empty answer while no run has begun."""

    def __init__(self, snapshot: Callable[[], Snapshot | None]) -> None:
        self._snapshot = snapshot

    def describe(self) -> Iterator[Metric]:
        """Nothing ahead of time: the registry need not scrape to know names."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        now = self._snapshot()
        if now is None:
            return
        yield from _arrivals(now.tally)
        yield from _outcomes(now.tally, now.patterns)
        yield from _latencies(now.tally, now.patterns)
        yield from _money(now.tally)
        yield from _state(now)


def _arrivals(tally: Tally) -> Iterator[Metric]:
    offered, dropped = tally.counts["offered"], sum(tally.dropped.values())
    late = tally.lag.total - tally.lag.at_most([LATE_AFTER_US])[0]
    yield _counter("demogen_arrivals_offered", "Arrivals whose due time has come.", offered)
    yield _counter("demogen_arrivals_sent", "Arrivals that became a request.", offered - dropped)
    yield _counter("demogen_arrivals_late", "Arrivals sent more than 10 ms after they were due.", late)
    family = CounterMetricFamily(
        "demogen_arrivals_dropped", "Arrivals that were never sent, by reason.", labels=["reason"]
    )
    for reason in ("no_slot", "deadline", "target_down", "worker_lost"):
        family.add_metric([reason], tally.dropped[reason])
    yield family


def _outcomes(tally: Tally, patterns: tuple[str, ...]) -> Iterator[Metric]:
    for name, says, cells in (
        ("demogen_transactions", "Writes that have ended, by pattern, outcome and phase.", tally.cells),
        ("demogen_reads", "Reads that have ended, by pattern, outcome and phase.", tally.reads),
    ):
        family = CounterMetricFamily(name, says, labels=["pattern", "outcome", "phase"])
        for (pattern, outcome, phase), cell in cells.items():
            family.add_metric([patterns[pattern], Outcome(outcome).label, PHASES[phase]], cell.response.total)
        yield family
    unexpected = CounterMetricFamily(
        "demogen_unexpected", "Writes that ended otherwise than their pattern asked for.", labels=["pattern"]
    )
    for pattern, count in _by_pattern(tally.cells).items():
        unexpected.add_metric([patterns[pattern]], count)
    yield unexpected
    yield _labelled("demogen_refusals", "Refusals by the ledger's error code.", "code", tally.codes)
    yield _labelled("demogen_faults", "Requests without an answer, by what went wrong.", "fault", tally.faults)


def _by_pattern(cells: Mapping[CellKey, Cell]) -> Counter[int]:
    counts: Counter[int] = Counter()
    for (pattern, _, _), cell in cells.items():
        counts[pattern] += cell.unexpected
    return counts


def _latencies(tally: Tally, patterns: tuple[str, ...]) -> Iterator[Metric]:
    for kind, says in (
        ("service", "From sent to answered, in seconds."),
        ("response", "From due to answered, in seconds."),
    ):
        family = HistogramMetricFamily(f"demogen_{kind}_seconds", says, labels=["pattern", "outcome"])
        merged: dict[tuple[int, int], Histogram] = {}
        for (pattern, outcome, _), cell in tally.cells.items():
            merged.setdefault((pattern, outcome), Histogram()).merge(getattr(cell, kind))
        for (pattern, outcome), histogram in merged.items():
            family.add_metric([patterns[pattern], Outcome(outcome).label], *_buckets(histogram))
        yield family
    family = HistogramMetricFamily("demogen_send_lag_seconds", "From due to sent, in seconds.", labels=[])
    family.add_metric([], *_buckets(tally.lag))
    yield family


def _buckets(histogram: Histogram) -> tuple[list[tuple[str, float]], float]:
    counts = histogram.at_most(BOUNDS_US)
    buckets = [(f"{bound / 1e6:g}", float(count)) for bound, count in zip(BOUNDS_US, counts, strict=True)]
    return [*buckets, ("+Inf", float(histogram.total))], histogram.sum_us / 1e6


def _money(tally: Tally) -> Iterator[Metric]:
    family = CounterMetricFamily(
        "demogen_money_moved", "Acknowledged value of new transactions, in the asset's major units.", labels=["asset"]
    )
    moved: Counter[str] = Counter()
    for key, units in tally.moved.items():
        asset, _, scale = key.partition("/")
        moved[asset] += units / 10 ** int(scale)  # a figure for plots, never booked
    for asset, value in moved.items():
        family.add_metric([asset], value)
    yield family


def _state(now: Snapshot) -> Iterator[Metric]:
    yield GaugeMetricFamily("demogen_target_tps", "Transactions a second that are promised.", value=now.target_tps)
    yield GaugeMetricFamily("demogen_in_flight", "Requests waiting for their answer.", value=now.in_flight)
    yield GaugeMetricFamily("demogen_users", "Locust users, each an open connection.", value=now.users)
    processes = GaugeMetricFamily("demogen_load_processes", "Load processes by state.", labels=["state"])
    processes.add_metric(["playing"], now.load_processes)
    processes.add_metric(["lost"], now.load_processes_lost)
    yield processes
    verdict = GaugeMetricFamily(
        "demogen_verdict", "1 for the audit's verdict; UNKNOWN until the books are judged.", labels=["verdict"]
    )
    for name in VERDICTS:
        verdict.add_metric([name], 1.0 if name == now.verdict else 0.0)
    yield verdict
    cpu = now.tally.counts["cpu_ns"] / 1e9
    yield _counter("demogen_generator_cpu_seconds", "Processor time of all load processes.", cpu)
    yield InfoMetricFamily("demogen_run", "Facts about the run.", value=dict(now.info))


def _counter(name: str, says: str, value: float) -> CounterMetricFamily:
    return CounterMetricFamily(name, says, value=value)


def _labelled(name: str, says: str, label: str, counts: Counter[str]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, says, labels=[label])
    for value, count in sorted(counts.items()):
        family.add_metric([value], count)
    return family
