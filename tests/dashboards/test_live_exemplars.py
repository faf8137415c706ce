"""A traced load before a real Prometheus that keeps exemplars: a bucket leads to a span that the collector has."""

from __future__ import annotations

import importlib.util
import time

import pytest
from locusts import finish, free_port, locust, report_of
from prometheus_server import Prometheus

if importlib.util.find_spec("opentelemetry.proto") is None:
    pytest.skip("opentelemetry is missing: install the extra otel", allow_module_level=True)

from collectors import Collector

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


def test_a_bucket_leads_to_its_trace(tmp_path, monkeypatch):
    port, began = free_port(), time.time()
    prometheus = Prometheus(tmp_path, "--enable-feature=exemplar-storage", target_port=port)
    with Collector() as collector:
        try:
            monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
            process = locust(
                "--headless", "--target-tps", 40, "-t", "6s", "--run-dir", tmp_path / "run", "--metrics-port", port,
                cwd=tmp_path,
            )  # fmt: skip
            code, out, err = finish(process)
            assert code in (0, 6), out + err
            series = prometheus.get(
                "/api/v1/query_exemplars", query="demogen_service_seconds_bucket", start=began, end=time.time()
            )
            counted = prometheus.last("sum(demogen_transactions_total)", start=began, end=time.time())
        finally:
            prometheus.close()
    assert counted == report_of(tmp_path / "run")["arrivals"]["sent"]
    kept = [(one["seriesLabels"], exemplar) for one in series for exemplar in one["exemplars"]]
    assert {labels["pattern"] for labels, _ in kept} >= {"payment", "transfer"}
    spans = {(span.trace_id.hex(), span.span_id.hex()) for span in collector.spans}
    for labels, exemplar in kept:
        assert (exemplar["labels"]["trace_id"], exemplar["labels"]["span_id"]) in spans
        assert float(exemplar["value"]) <= float(labels["le"])
