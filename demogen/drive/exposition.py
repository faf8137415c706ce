"""Serves the metrics: on the web UI's own server under /metrics, and on a port of their own where one is asked for.

One target for a whole cluster: the conductor's merged tally. What a run shows vanishes a while after its end, and a
process that is being watched stays until its last figures were fetched, but never long. May import:
prometheus-client, gevent, `client.otel`, `record`, `locust_names`.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import gevent
from gevent.pywsgi import WSGIServer
from prometheus_client import CollectorRegistry, Metric, make_wsgi_app

from demogen.client.otel import metric_exporter, metric_interval_s, resource
from demogen.clock import NS_PER_S, Clock, SystemClock
from demogen.drive.locust_names import LocustCollector
from demogen.errors import UsageError
from demogen.record.audience import Audience
from demogen.record.collecting import registry_of
from demogen.record.metrics import RunCollector, Snapshot
from demogen.record.otlp import Pushing

#: As long as a family takes to be made, so that the load makes up for it before the next one.
_LET_CATCH_UP_S = 1e-3

#: How long a finished run stays visible: two scrapes at the usual slowest interval.
GRACE_S = 60


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


class _InTurns:
    """A registry as scrapes take it: after each family the load, which lives in the same thread, has its turn."""

    def __init__(self, registry: CollectorRegistry, names: Iterable[str] = ()) -> None:
        self._registry = registry
        self._names = tuple(names)

    def collect(self) -> Iterator[Metric]:
        registry = self._registry.restricted_registry(self._names) if self._names else self._registry
        for family in registry.collect():
            yield family
            gevent.sleep(_LET_CATCH_UP_S)

    def restricted_registry(self, names: Iterable[str]) -> _InTurns:
        """The samples of those names only, as of a CollectorRegistry."""
        return _InTurns(self._registry, names)


class Exposition:
    """A registry over the run of the moment, and the servers that show it. `environment` is Locust's, if any."""

    def __init__(
        self, snapshot: Callable[[], Snapshot | None], *, environment: Any = None, clock: Clock | None = None
    ) -> None:
        self._snapshot = snapshot
        self._clock = clock or SystemClock()
        self._runs = RunCollector(self._current)
        self._registry = registry_of(self._runs)
        # Uncompressed: to pack them takes longer than to send them, and the load would wait.
        self._app: Any = make_wsgi_app(_InTurns(self._registry), disable_compression=True)
        self._locust_app: Any = None
        if environment is not None:
            names = CollectorRegistry()
            names.register(LocustCollector(environment))
            self._locust_app = make_wsgi_app(_InTurns(names), disable_compression=True)
        self._server: Any = None
        self._audience = Audience(self._clock)
        self._pushing: Pushing | None = None

    def keep(self) -> None:
        """A further run begins: the counters go on from where the last one leaves them."""
        over = self._snapshot()
        if over is not None:
            self._runs.keep(over)

    def listen(self, port: int) -> int:
        """Serve on that port (0: any free one) on all interfaces; returns the port. Raises UsageError where taken."""
        self._server = WSGIServer(("0.0.0.0", port), self.serve, log=None, error_log=None)
        try:
            self._server.start()
        except OSError as error:
            raise UsageError(
                f"cannot serve metrics on port {port}: {error.strerror}", hint="name another --metrics-port"
            ) from error
        return int(self._server.server_port)

    def push(self) -> None:
        """Send them to a collector too, now and then and at the end, where OTEL_* asks for it."""
        exporter = metric_exporter()
        if exporter is not None:
            self._pushing = Pushing(
                exporter,
                self._registry.collect,
                resource=resource(),
                interval_s=metric_interval_s(),
                clock=self._clock,
            )

    def mount(self, web_ui: Any) -> None:
        """Show them under /metrics of the web UI too."""
        from flask import request
        from werkzeug.wrappers import Response

        def metrics() -> Any:
            return Response.from_app(self.serve, request.environ)

        for path in ("/metrics", "/metrics/locust"):
            web_ui.app.add_url_rule(path, path.replace("/", "_"), metrics)

    def serve(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """The WSGI application: ours under /metrics, the other exporter's names under /metrics/locust."""
        if environ.get("PATH_INFO", "").rstrip("/") == "/metrics/locust" and self._locust_app is not None:
            return list(self._locust_app(environ, start_response))
        answer = list(self._app(environ, start_response))
        self._audience.scraped()
        return answer

    def close(self) -> None:
        """Stop serving; where somebody has been scraping our own port, not before they had the last figures."""
        if self._pushing is not None:
            self._pushing.close()
        if self._server is None:
            return
        self._audience.linger(gevent.sleep)
        self._server.stop(timeout=1)

    def hurry(self) -> None:
        """Wait for nobody's last scrape."""
        self._audience.leave()

    def _current(self) -> Snapshot | None:
        now = self._snapshot()
        if now is None or (now.ended_ns and self._clock.now_ns() - now.ended_ns > GRACE_S * NS_PER_S):
            return None
        return now
