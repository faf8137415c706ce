"""On a worker: makes the part of a population that it is given, and hands its manifest in.

It tells the master each second how it goes and is told to go on. One that hears nothing for a while stops by itself,
before the master gives its part to another. May import: population, client, clock, gevent.
"""

from __future__ import annotations

import tempfile
import zlib
from pathlib import Path
from typing import Any

import gevent
import msgspec

from demogen.client.crew import Crew
from demogen.client.retry import RetryPolicy
from demogen.clock import NS_PER_S, SystemClock
from demogen.drive.hub import open_hub_pump
from demogen.errors import DemogenError, PreflightFailed, UsageError
from demogen.population.plan import plan
from demogen.population.provision import provision
from demogen.population.spec import PopulationSpec

#: Master to worker.
MAKE, GO_ON = "demogen.part.make", "demogen.part.go_on"
#: Worker to master.
NEWS, PIECE, FAILED = "demogen.part.news", "demogen.part.piece", "demogen.part.failed"

#: A worker that has not been told to go on for so long stops; the master gives its part away only after more.
LEASE_NS = 4 * NS_PER_S

_PIECE_BYTES = 1 << 20
_REASONS_TOLD = 5


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """All a worker needs to make part `part` of `parts`; travels as MessagePack."""

    part: int = 1
    parts: int = 1
    spec: bytes
    seed: int
    digest: str
    url: str
    concurrency: int
    attempts: int
    deadline_s: float
    rate_per_s: float | None = None
    token: str = ""
    ca_file: str = ""
    client_cert: str = ""
    client_key: str = ""


class Hand:
    """On a worker: makes the part it is given and hands its manifest in."""

    def __init__(self, runner: Any) -> None:
        self._send = runner.send_message
        self._clock = SystemClock()
        self._told_ns = 0
        self._news_ns = 0
        self._order: Order | None = None
        self._ok = self._failed = 0
        self._notes: list[str] = []
        runner.register_message(MAKE, self._on_make)
        runner.register_message(GO_ON, self._on_go_on)

    def _on_make(self, environment: Any, msg: Any, **_: Any) -> None:  # noqa: ARG002  (Locust calls by keyword)
        # Off the message loop: heartbeats must go on.
        gevent.spawn(self._make, msgspec.convert(msg.data["order"], Order))

    def _on_go_on(self, environment: Any, msg: Any, **_: Any) -> None:  # noqa: ARG002
        if self._order is not None and msg.data["part"] == self._order.part:
            self._told_ns = self._clock.now_ns()

    def _make(self, order: Order) -> None:
        self._order, self._told_ns = order, self._clock.now_ns()
        try:
            with tempfile.TemporaryDirectory(prefix="demogen-") as folder:
                manifest = Path(folder) / "part.sqlite"
                complete = self._provision(order, manifest)
                self._hand_in(order.part, manifest, complete=complete)
        except DemogenError as error:
            told = {"message": error.message, "hint": error.hint, "exit_code": error.exit_code}
            self._send(FAILED, {"part": order.part, **told})

    def _provision(self, order: Order, manifest: Path) -> bool:
        planned = plan(PopulationSpec.model_validate_json(order.spec), order.seed)
        if planned.digest != order.digest:
            raise UsageError("worker and master plan differently", hint="run one version of demogen everywhere")
        cert = (order.client_cert, order.client_key or order.client_cert)
        pump = open_hub_pump(
            order.url,
            clock=self._clock,
            max_connections=order.concurrency,
            token=order.token or None,
            ca_file=order.ca_file or None,
            client_cert=cert if order.client_cert else None,
        )
        crew = Crew(
            pump,
            clock=self._clock,
            concurrency=order.concurrency,
            timeout_s=order.deadline_s,
            rate_per_s=order.rate_per_s,
            breathe=self._breathe,
        )
        try:
            report = provision(
                planned,
                crew,
                manifest=manifest,
                url=order.url,
                clock=self._clock,
                policy=RetryPolicy(attempts=order.attempts),
                part=(order.part, order.parts),
                progress=self,
            )
        finally:
            pump.close()
        for reason, count in report.by_weight()[:_REASONS_TOLD]:
            self.note(f"not made: {count:,} × {reason}")
        self._tell()
        return report.complete

    def _hand_in(self, part: int, manifest: Path, *, complete: bool) -> None:
        size, at = manifest.stat().st_size, 0
        with manifest.open("rb") as file:
            while piece := file.read(_PIECE_BYTES):
                last = at + len(piece) == size
                told = {"part": part, "at": at, "bytes": zlib.compress(piece, 1), "last": last, "complete": complete}
                self._send(PIECE, told)
                at += len(piece)
                gevent.sleep(0)

    def _breathe(self) -> None:
        gevent.sleep(0)
        now_ns = self._clock.now_ns()
        if now_ns >= self._news_ns:
            self._tell()
        if now_ns - self._told_ns > LEASE_NS:
            raise PreflightFailed("the master is silent: this part is another's now")

    def _tell(self) -> None:
        """The news of the last second."""
        assert self._order is not None, "news are of an order"
        self._news_ns = self._clock.now_ns() + NS_PER_S
        told = {"part": self._order.part, "ok": self._ok, "failed": self._failed, "notes": self._notes}
        self._ok, self._failed, self._notes = 0, 0, []
        self._send(NEWS, told)

    # -- the Progress of its part --------------------------------------------------------------------------------

    def started(self, kind: str, total: int) -> None:
        """Told in sums only."""

    def done(self, kind: str, *, ok: bool, elapsed_ns: int) -> None:  # noqa: ARG002  (the protocol's shape)
        if ok:
            self._ok += 1
        else:
            self._failed += 1

    def finished(self, kind: str) -> None:
        """Told in sums only."""

    def note(self, text: str) -> None:
        self._notes.append(text)
