"""With the standard variables set, a real run sends its spans to a collector, by OTLP over HTTP."""

from __future__ import annotations

import importlib.util
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from locusts import finish, locust, report_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

if importlib.util.find_spec("opentelemetry.proto") is None:
    pytest.skip("opentelemetry is missing: install the extra otel", allow_module_level=True)


@pytest.fixture
def collector():
    """Takes traces as any collector would; `spans` are those that have come in."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                import gzip

                body = gzip.decompress(body)
            told = ExportTraceServiceRequest.FromString(body)
            server.resources += [resource.resource for resource in told.resource_spans]
            for resource in told.resource_spans:
                for scope in resource.scope_spans:
                    server.spans += scope.spans
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    server.spans, server.resources = [], []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_run_is_traced_where_somebody_asks(collector, tmp_path, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server_address[1]}")
    process = locust("--headless", "--target-tps", 20, "-t", "3s", "--run-dir", tmp_path / "run", cwd=tmp_path)
    code, out, err = finish(process)
    assert code in (0, 6), out + err
    report = report_of(tmp_path / "run")
    calls = [span for span in collector.spans if "/transactions/" in span.name]
    marks = {
        attribute.value.string_value
        for span in calls
        for attribute in span.attributes
        if attribute.key == "demogen.mark" and attribute.value.string_value.startswith(report["run_id"])
    }
    sent = report["arrivals"]["sent"]
    assert sent == 60
    # Every write of the load, by a mark of its own; deliberate duplicates share theirs.
    assert 0.7 * sent <= len(marks) <= sent + 60
    assert {span.name for span in collector.spans} >= {"bootstrap organizations", "bootstrap accounts"}
    names = {
        a.value.string_value for resource in collector.resources for a in resource.attributes if a.key == "service.name"
    }
    assert names == {"demogen"}
    assert len({span.trace_id for span in calls}) == len(calls)


def test_nobody_asks_nothing_is_traced(collector, tmp_path, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server_address[1]}")
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    process = locust("--headless", "--target-tps", 20, "-t", "1s", "--run-dir", tmp_path / "run", cwd=tmp_path)
    code, out, err = finish(process)
    assert code in (0, 6), out + err
    assert collector.spans == []
