"""A collector as far as a test needs one: takes traces and metrics by OTLP over HTTP, and keeps them."""

from __future__ import annotations

import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Collector:
    """`spans` and `metrics` (the last message by name) are what has come in; use as a context manager."""

    def __init__(self):
        self.spans, self.resources, self.metrics, self.exports = [], [], {}, 0
        collector = self

        class Taker(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                self.send_response(collector.take(self.path, body))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def take(self, path, body):
        """The status to answer with."""
        if path == "/v1/traces":
            for told in ExportTraceServiceRequest.FromString(body).resource_spans:
                self.resources.append(told.resource)
                for scope in told.scope_spans:
                    self.spans += scope.spans
        elif path == "/v1/metrics":
            self.exports += 1
            for told in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                self.resources.append(told.resource)
                for scope in told.scope_metrics:
                    self.metrics |= {metric.name: metric for metric in scope.metrics}
        else:
            return 404
        return 200

    @property
    def services(self):
        """service.name of everybody who has told something."""
        return {a.value.string_value for told in self.resources for a in told.attributes if a.key == "service.name"}


def labels(point):
    """Attributes of a span or a data point, as a dict of text."""
    return {attribute.key: attribute.value.string_value for attribute in point.attributes}
