"""Serves the metrics: on the web UI's own server under /metrics, and on a port of their own where one is asked for.

One target for a whole cluster: the conductor's merged tally. May import: prometheus-client, gevent, `record`.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from gevent.pywsgi import WSGIServer
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, make_wsgi_app

from demogen.errors import UsageError
from demogen.record.metrics import RunCollector, Snapshot


def require_free(host: str, port: int) -> None:
    """Raises UsageError where the web UI's port is taken: Locust itself would end in a traceback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UsageError(
                f"cannot serve the web UI on port {port}: {error.strerror}", hint="name another --web-port"
            ) from error


class Exposition:
    """A registry over the run of the moment, and the servers that show it."""

    def __init__(self, snapshot: Callable[[], Snapshot | None]) -> None:
        registry = CollectorRegistry()
        registry.register(RunCollector(snapshot))
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=registry)
        self._app: Any = make_wsgi_app(registry)
        self._server: Any = None

    def listen(self, port: int) -> int:
        """Serve on that port (0: any free one) on all interfaces; returns the port. Raises UsageError where taken."""
        self._server = WSGIServer(("0.0.0.0", port), self._app, log=None, error_log=None)
        try:
            self._server.start()
        except OSError as error:
            raise UsageError(
                f"cannot serve metrics on port {port}: {error.strerror}", hint="name another --metrics-port"
            ) from error
        return int(self._server.server_port)

    def mount(self, web_ui: Any) -> None:
        """Show them under /metrics of the web UI too."""
        from werkzeug.wrappers import Response

        @web_ui.app.route("/metrics")  # type: ignore[untyped-decorator]
        def metrics() -> Any:
            from flask import request

            return Response.from_app(self._app, request.environ)

    def close(self) -> None:
        if self._server is not None:
            self._server.stop(timeout=1)
