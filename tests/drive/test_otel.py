"""With the standard variables set, a real run sends its spans and metrics to a collector, by OTLP over HTTP."""

from __future__ import annotations

import importlib.util
import time

import pytest
from locusts import finish, free_port, locust, report_of

if importlib.util.find_spec("opentelemetry.proto") is None:
    pytest.skip("opentelemetry is missing: install the extra otel", allow_module_level=True)

from collectors import Collector, labels

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

CUMULATIVE = 2


@pytest.fixture
def collector(monkeypatch):
    with Collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        yield collector


def marks_of(spans, run_id):
    """The marks of the load's writes; those of the bootstrap are others."""
    return {mark for span in spans if (mark := labels(span).get("demogen.mark", "")).startswith(run_id)}


def assert_told_as_reported(collector, report):
    """The last export is of the run that is over: its counts are the report's, its verdict too."""
    transactions = collector.metrics["demogen_transactions"].sum
    assert transactions.is_monotonic
    for outcome in ("accepted", "rejected", "indeterminate"):
        counted = [point.as_double for point in transactions.data_points if labels(point)["outcome"] == outcome]
        assert sum(counted) == report["outcomes"][outcome]
    histogram = collector.metrics["demogen_response_seconds"].histogram
    assert histogram.aggregation_temporality == CUMULATIVE
    assert sum(point.count for point in histogram.data_points) == report["arrivals"]["sent"]
    assert all(sum(point.bucket_counts) == point.count for point in histogram.data_points)
    assert all(len(point.bucket_counts) == len(point.explicit_bounds) + 1 for point in histogram.data_points)
    verdicts = collector.metrics["demogen_verdict"].gauge.data_points
    assert [labels(point)["verdict"] for point in verdicts if point.as_double] == [report["verdict"]]
    (info,) = collector.metrics["demogen_run_info"].gauge.data_points
    assert labels(info)["run_id"] == report["run_id"]
    exemplars = {exemplar.trace_id for point in histogram.data_points for exemplar in point.exemplars}
    assert exemplars
    assert exemplars <= {span.trace_id for span in collector.spans}


def test_a_run_is_traced_and_told_where_somebody_asks(collector, tmp_path):
    process = locust("--headless", "--target-tps", 20, "-t", "3s", "--run-dir", tmp_path / "run", cwd=tmp_path)
    code, out, err = finish(process)
    assert code in (0, 6), out + err
    report = report_of(tmp_path / "run")
    calls = [span for span in collector.spans if "/transactions/" in span.name]
    sent = report["arrivals"]["sent"]
    assert sent == 60
    # Every write of the load, by a mark of its own; deliberate duplicates share theirs.
    assert 0.7 * sent <= len(marks_of(calls, report["run_id"])) <= sent
    assert len({span.trace_id for span in calls}) == len(calls)
    assert collector.services == {"demogen"}
    assert_told_as_reported(collector, report)
    (whole,) = [span for span in collector.spans if span.name == "bootstrap"]
    kinds = [span for span in collector.spans if span.parent_span_id == whole.span_id]
    assert {span.name for span in kinds} >= {"bootstrap organizations", "bootstrap accounts"}
    assert {span.trace_id for span in kinds} == {whole.trace_id}


def test_forked_workers_trace_too(collector, tmp_path, monkeypatch):
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.3")
    cluster = free_port()
    process = locust(
        "--headless", "--processes", 2, "--target-tps", 60, "-t", "4s", "-u", 2, "-r", 2, "--run-dir", tmp_path / "run",
        "--master-bind-port", cluster, "--master-port", cluster, cwd=tmp_path,
    )  # fmt: skip
    code, out, err = finish(process)
    assert code in (0, 6), out + err
    report = report_of(tmp_path / "run")
    marks = marks_of(collector.spans, report["run_id"])
    assert 0.15 * 240 <= len(marks) <= 0.45 * 240
    # Arrivals are dealt out in turn: even and odd ones are different workers'.
    assert {int(mark.rsplit("-", 1)[1]) % 2 for mark in marks} == {0, 1}
    assert_told_as_reported(collector, report)


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        pytest.param("OTEL_SDK_DISABLED", "true", "", id="switched off"),
        pytest.param("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "demogen speaks http/protobuf", id="a protocol we lack"),
    ],
)
def test_else_nothing_is_told(collector, tmp_path, monkeypatch, variable, value, says):
    monkeypatch.setenv(variable, value)
    process = locust("--headless", "--target-tps", 20, "-t", "1s", "--run-dir", tmp_path / "run", cwd=tmp_path)
    code, out, err = finish(process)
    assert code in (0, 6), out + err
    assert (collector.spans, collector.metrics) == ([], {})
    assert not says or err.count(says) == 1


def test_a_collector_that_is_down_costs_no_run(tmp_path, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "500")
    began = time.monotonic()
    process = locust("--headless", "--target-tps", 50, "-t", "3s", "--run-dir", tmp_path / "run", cwd=tmp_path)
    code, out, err = finish(process)
    assert code in (0, 6), out + err
    assert report_of(tmp_path / "run")["verdict"] == "HOLDS"
    assert "Traceback" not in err
    assert time.monotonic() - began < 60
