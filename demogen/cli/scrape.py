"""Shows the metrics of `demogen run` to who scrapes or collects them: a copy a second, so none meets half a count.

May import: `record`, `client.otel`, `workload.measure`, `report`, prometheus-client.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import msgspec

from demogen.audit.invariant import invariants
from demogen.cli.signals import Stopped
from demogen.client.otel import metric_exporter, metric_interval_s, resource
from demogen.clock import NS_PER_S, Clock
from demogen.errors import UsageError
from demogen.record.audience import Audience
from demogen.record.metrics import RunCollector, Snapshot, WorkerState
from demogen.record.otlp import Pushing
from demogen.record.sight import Sight
from demogen.report.run_report import RunReport
from demogen.workload.measure import Gathering

_HAND_OVER_S = 0.0002


class Scrape:
    """The metrics of one run in one process; nothing is copied while nobody is there to see it."""

    def __init__(self, first: Snapshot, *, clock: Clock) -> None:
        """`first` is what is known before the load."""
        self._clock = clock
        self._audience = Audience(clock)
        unjudged = {invariant.name: "UNKNOWN" for invariant in invariants()}
        self._snapshot = msgspec.structs.replace(first, stage="bootstrap", invariants=unjudged)
        self._server: Any = None
        self._pushing: Pushing | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stay for the last look, unless something went wrong."""
        if self._pushing is not None:
            self._pushing.close()
        if self._server is not None:
            if kind is None:
                with suppress(Stopped):  # somebody is in a hurry
                    self._audience.linger(self._clock.sleep)
            self._server.shutdown()
            self._server.server_close()

    def open(self, port: int | None) -> int | None:
        """Serve on that port (0: any free one) on all interfaces, and push where OTEL_* asks for it; returns the port.

        Raises UsageError where the port is taken.
        """
        exporter = metric_exporter()
        if port is None and exporter is None:
            return None
        from demogen.record.collecting import registry_of

        # Both happen on threads of their own: as they are, each time the load comes back from the kernel it would wait
        # 5 ms until they hand the interpreter over.
        sys.setswitchinterval(_HAND_OVER_S)
        if exporter is not None:
            collect = registry_of(RunCollector(lambda: self._snapshot)).collect
            self._pushing = Pushing(
                exporter, collect, resource=resource(), interval_s=metric_interval_s(), clock=self._clock
            )
        if port is None:
            return None
        from prometheus_client import start_http_server

        try:
            self._server, _ = start_http_server(port, registry=registry_of(RunCollector(self._looked_at)))
        except OSError as error:
            raise UsageError(
                f"cannot serve metrics on port {port}: {error.strerror}", hint="name another --metrics-port"
            ) from error
        return int(self._server.server_port)

    def second(self, gathering: Gathering, *, in_flight: int, target_tps: float, stage: str) -> None:
        """Show what has been gathered so far."""
        if self._server is None and self._pushing is None:
            return
        tally = gathering.total.copy()
        counts = tally.counts
        worker = WorkerState(
            up=True,
            in_flight=in_flight,
            offered=counts["offered"],
            answered=sum(cell.service.total for cell in tally.cells.values()),
            cpu_seconds=counts["cpu_ns"] / NS_PER_S,
        )
        self._change(
            tally=tally,
            in_flight=in_flight,
            target_tps=target_tps,
            load_processes=1,
            started_s=self._snapshot.started_s or self._clock.wall_ns() / NS_PER_S - 1,
            workers={"0": worker},
            stage=stage,
        )

    def saw(self, sight: Sight | None) -> None:
        """What the last look at the books has shown."""
        if sight is not None:
            self._change(sight=sight)

    def auditing(self, gathering: Gathering) -> None:
        """The load is over, to its last answer."""
        self.second(gathering, in_flight=0, target_tps=self._snapshot.target_tps, stage="audit")
        self._change(load_processes=0, users=0)

    def judged(self, told: RunReport) -> None:
        """The verdict is there."""
        self._change(
            stage="done",
            verdict=str(told.verdict),
            invariants={name: str(word) for name, word in told.audit.invariants.items()},
            findings={finding.invariant: finding.count for finding in told.audit.findings},
        )

    def _change(self, **fields: Any) -> None:
        self._snapshot = msgspec.structs.replace(self._snapshot, **fields)

    def _looked_at(self) -> Snapshot:
        self._audience.scraped()
        return self._snapshot
