"""The metrics of a scrape as OpenTelemetry has them, and the thread that takes them to a collector now and then.

Names and labels stay, so that a collector which hands them on to Prometheus shows what a scrape would have shown.
Collector, exporter and resource are handed in. May import: prometheus-client, opentelemetry's SDK, clock.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from demogen.clock import Clock

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import HistogramDataPoint, Metric, MetricExporter, MetricsData
    from opentelemetry.sdk.resources import Resource
    from prometheus_client.metrics_core import Metric as Family
    from prometheus_client.samples import Sample

_PATIENCE_S = 15.0


class Pushing:
    """Exports what `collect` gives, every `interval_s` and once more at the end."""

    def __init__(
        self,
        exporter: MetricExporter,
        collect: Callable[[], Iterable[Family]],
        *,
        resource: Resource,
        interval_s: float,
        clock: Clock,
    ) -> None:
        self._exporter = exporter
        self._collect = collect
        self._resource = resource
        self._interval_s = interval_s
        self._clock = clock
        self._start_ns = clock.wall_ns()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._push, name="otlp metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Send the last figures and end; a collector that does not answer is waited for a while at most."""
        self._over.set()
        self._thread.join(_PATIENCE_S)

    def _push(self) -> None:
        while not self._over.wait(self._interval_s):
            self._export()
        self._export()
        self._exporter.shutdown()

    def _export(self) -> None:
        now_ns = self._clock.wall_ns()
        told = as_otlp(self._collect(), resource=self._resource, start_ns=self._start_ns, now_ns=now_ns)
        self._exporter.export(told)


def as_otlp(families: Iterable[Family], *, resource: Resource, start_ns: int, now_ns: int) -> MetricsData:
    """Metric families as cumulative OTLP metrics; times are unix time."""
    from opentelemetry.sdk.metrics.export import MetricsData, ResourceMetrics, ScopeMetrics
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope

    metrics = [_metric(family, start_ns, now_ns) for family in families if family.samples]
    scope = ScopeMetrics(InstrumentationScope("demogen"), metrics, "")
    return MetricsData([ResourceMetrics(resource, [scope], "")])


def _metric(family: Family, start_ns: int, now_ns: int) -> Metric:
    from opentelemetry.sdk.metrics.export import (
        AggregationTemporality,
        Gauge,
        Histogram,
        Metric,
        NumberDataPoint,
        Sum,
    )

    points = [NumberDataPoint(s.labels, start_ns, now_ns, float(s.value)) for s in family.samples]
    data: Sum | Gauge | Histogram
    name = family.name
    if family.type == "counter":
        data = Sum(points, AggregationTemporality.CUMULATIVE, is_monotonic=True)
    elif family.type == "histogram":
        data = Histogram(_histograms(family.samples, start_ns, now_ns), AggregationTemporality.CUMULATIVE)
    else:
        # What is information for Prometheus is a gauge of 1 elsewhere, and keeps the name that it is stored under.
        name = family.samples[0].name
        data = Gauge(points)
    return Metric(name, family.documentation, "", data)


def _histograms(samples: Sequence[Sample], start_ns: int, now_ns: int) -> list[HistogramDataPoint]:
    """One point for each combination of labels: cumulative buckets become counts of their own."""
    from opentelemetry.sdk.metrics.export import HistogramDataPoint

    grouped: dict[tuple[tuple[str, str], ...], list[Sample]] = {}
    for sample in samples:
        labels = tuple((name, value) for name, value in sample.labels.items() if name != "le")
        grouped.setdefault(labels, []).append(sample)
    points = []
    for labels, group in grouped.items():
        buckets = [sample for sample in group if sample.name.endswith("_bucket")]
        counts = [round(bucket.value) for bucket in buckets]
        # Nobody knows the extremes any more; the message has them as optional, the SDK's type has not.
        unknown: Any = None
        points.append(
            HistogramDataPoint(
                attributes=dict(labels),
                start_time_unix_nano=start_ns,
                time_unix_nano=now_ns,
                count=counts[-1],
                sum=next(sample.value for sample in group if sample.name.endswith("_sum")),
                bucket_counts=[count - below for below, count in zip([0, *counts], counts, strict=False)],
                explicit_bounds=[float(bucket.labels["le"]) for bucket in buckets[:-1]],
                min=unknown,
                max=unknown,
                exemplars=[_exemplar(bucket) for bucket in buckets if bucket.exemplar is not None],
            )
        )
    return points


def _exemplar(bucket: Sample) -> Any:
    from opentelemetry.sdk.metrics import Exemplar

    shown = bucket.exemplar
    assert shown is not None
    at_ns = round(float(shown.timestamp or 0) * 1e9)
    return Exemplar({}, shown.value, at_ns, int(shown.labels["span_id"], 16), int(shown.labels["trace_id"], 16))
