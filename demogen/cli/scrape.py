"""Serves Prometheus metrics beside `demogen run`: a copy a second, so that a scrape never meets a count half-way.

May import: `record.metrics`, `workload.measure`, prometheus-client.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from demogen.errors import UsageError
from demogen.record.metrics import RunCollector, Snapshot
from demogen.workload.measure import Gathering


class Scrape:
    """The metrics of one run in one process; nothing is copied while nobody listens."""

    def __init__(self, *, target_tps: float, patterns: tuple[str, ...], info: Mapping[str, str]) -> None:
        self._target_tps = target_tps
        self._patterns = patterns
        self._info = info
        self._snapshot: Snapshot | None = None
        self._server: Any = None

    def listen(self, port: int) -> int:
        """Serve on that port (0: any free one), on all interfaces; returns it. Raises UsageError where it is taken."""
        from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server

        registry = CollectorRegistry()
        registry.register(RunCollector(lambda: self._snapshot))
        ProcessCollector(registry=registry)
        try:
            self._server, _ = start_http_server(port, registry=registry)
        except OSError as error:
            raise UsageError(
                f"cannot serve metrics on port {port}: {error.strerror}", hint="name another --metrics-port"
            ) from error
        return int(self._server.server_port)

    def second(self, gathering: Gathering) -> None:
        """Show what has been gathered so far."""
        if self._server is None:
            return
        self._snapshot = Snapshot(
            tally=copy.deepcopy(gathering.total),
            patterns=self._patterns,
            target_tps=self._target_tps,
            in_flight=0,
            load_processes=1,
            load_processes_lost=0,
            users=0,
            verdict="UNKNOWN",
            info=self._info,
        )

    def close(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
