"""Locust's own figures under the names of the well-known Locust exporter, so that its dashboards keep working.

Served apart, under /metrics/locust: some of those names break the conventions (a gauge that ends in `_count`,
milliseconds), and ours stay clean. Nothing is shown while nothing runs, so no stale values stay behind. May import:
locust, prometheus-client.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from locust.runners import STATE_RUNNING, STATE_SPAWNING, MasterRunner
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

#: Per endpoint: (name, help, how to read it off a Locust statistics entry). Times are milliseconds, as theirs are.
_PER_ENDPOINT: tuple[tuple[str, str, Callable[[Any], float | None]], ...] = (
    ("num_requests", "Requests.", lambda entry: entry.num_requests),
    ("num_failures", "Failed requests.", lambda entry: entry.num_failures),
    ("current_rps", "Requests a second, lately.", lambda entry: entry.current_rps),
    ("current_fail_per_sec", "Failures a second, lately.", lambda entry: entry.current_fail_per_sec),
    ("avg_response_time", "Mean response time, ms.", lambda entry: entry.avg_response_time),
    ("min_response_time", "Shortest response time, ms.", lambda entry: entry.min_response_time),
    ("max_response_time", "Longest response time, ms.", lambda entry: entry.max_response_time),
    ("median_response_time", "Median response time, ms.", lambda entry: entry.median_response_time),
    ("ninetieth_response_time", "P90 response time, ms.", lambda entry: entry.get_response_time_percentile(0.9)),
    ("ninety_ninth_response_time", "P99 response time, ms.", lambda entry: entry.get_response_time_percentile(0.99)),
    ("avg_content_length", "Mean size of an answer, bytes.", lambda entry: entry.avg_content_length),
)


class LocustCollector(Collector):
    """Reads Locust's runner and statistics when somebody scrapes."""

    def __init__(self, environment: Any) -> None:
        self._environment = environment

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        runner = self._environment.runner
        yield _gauge("locust_up", "1: the figures come from Locust's own process.", 1)
        yield _gauge("locust_running", "0 stopped, 1 spawning, 2 running.", _running(runner))
        if runner.state not in (STATE_SPAWNING, STATE_RUNNING):
            return
        yield _gauge("locust_users", "Users.", runner.user_count)
        yield from _workers(runner)
        yield from _requests(runner.stats)
        yield from _totals(runner.stats)
        errors = GaugeMetricFamily("locust_errors", "Failures by error.", labels=["method", "name", "error"])
        for error in runner.stats.errors.values():
            errors.add_metric([error.method, error.name, str(error.error)], error.occurrences)
        yield errors


def _running(runner: Any) -> float:
    return {STATE_SPAWNING: 1.0, STATE_RUNNING: 2.0}.get(runner.state, 0.0)


def _workers(runner: Any) -> Iterator[Metric]:
    clients = runner.clients if isinstance(runner, MasterRunner) else None
    for name, count in (
        ("count", runner.worker_count if clients is not None else 0),
        ("running_count", len(clients.running) if clients is not None else 0),
        ("hatching_count", len(clients.spawning) if clients is not None else 0),
        ("missing_count", len(clients.missing) if clients is not None else 0),
    ):
        yield _gauge(f"locust_workers_{name}", "Workers.", count)


def _requests(stats: Any) -> Iterator[Metric]:
    for name, says, read in _PER_ENDPOINT:
        family = GaugeMetricFamily(f"locust_requests_{name}", says, labels=["method", "name"])
        for entry in [*stats.entries.values(), stats.total]:
            family.add_metric([entry.method or "", entry.name], float(read(entry) or 0))
        yield family


def _totals(stats: Any) -> Iterator[Metric]:
    total = stats.total
    yield _gauge("locust_requests_fail_ratio", "Failed share of all requests.", total.fail_ratio)
    for percent in (50, 95):
        value = total.get_current_response_time_percentile(percent / 100) or 0
        name = f"locust_requests_current_response_time_percentile_{percent}"
        yield _gauge(name, f"P{percent} response time of the last seconds, ms.", value)


def _gauge(name: str, says: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, says, value=value)
