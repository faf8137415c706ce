"""Straight into an app, without sockets: both seams to a ledger, for tests of everything above them.

The app is handed in (the sandbox's has the right shape); this room never imports one. May import: `transport`,
`contract.exchange`, `clock`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from demogen.client.transport import Delivery
from demogen.clock import NS_PER_S, Clock
from demogen.contract.exchange import Fault, Request, Response


class Reply(Protocol):
    """What an app answers with."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> bytes: ...


class App(Protocol):
    """Anything that answers requests; header names are lower case, `target` is path and query."""

    def handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes, /) -> Reply: ...


class InMemoryTransport:
    """A Transport into an app."""

    def __init__(self, app: App, *, token: str = "") -> None:
        self._app = app
        self._token = token

    def send(self, request: Request) -> Response:
        reply = self._app.handle(
            request.method.decode("ascii"), request.target.decode("ascii"), self._headers(request), request.body
        )
        lines = (f"{name}: {value}" for name, value in reply.headers.items())
        body = b"" if request.method == b"HEAD" else reply.body
        return Response(reply.status, "\r\n".join(lines).encode("latin-1"), body)

    def _headers(self, request: Request) -> dict[str, str]:
        headers = {"host": "in-memory", "content-length": str(len(request.body))}
        if request.body:
            headers["content-type"] = request.content_type.decode("ascii")
        if self._token:
            headers["authorization"] = f"Bearer {self._token}"
        if request.key:
            headers["x-idempotency"] = request.key.decode("ascii")
        for line in request.headers.decode("latin-1").splitlines():
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        return headers


class InMemoryCarrier:
    """A Carrier into an app. What was launched is answered by the next `collect`, in order."""

    def __init__(self, app: App, *, clock: Clock, max_connections: int = 1024, token: str = "") -> None:
        self._transport = InMemoryTransport(app, token=token)
        self._clock = clock
        self._max_connections = max_connections
        self._offered: list[tuple[Request, object, int]] = []
        self._launched: list[tuple[Request, object, int, int]] = []
        self._closed = False

    @property
    def in_flight(self) -> int:
        return len(self._offered) + len(self._launched)

    def offer(self, request: Request, ticket: object, deadline_ns: int) -> bool:
        if self._closed or self.in_flight >= self._max_connections:
            return False
        self._offered.append((request, ticket, deadline_ns))
        return True

    def launch(self) -> None:
        now = self._clock.now_ns()
        self._launched.extend((*offered, now) for offered in self._offered)
        self._offered.clear()

    def collect(self, until_ns: int) -> list[Delivery]:
        """Answers everything that was launched; with nothing to answer it sleeps until `until_ns`."""
        launched, self._launched = self._launched, []
        left_ns = until_ns - self._clock.now_ns()
        if not launched and left_ns > 0 and not self._closed:
            self._clock.sleep(left_ns / NS_PER_S)
        return [self._deliver(*one) for one in launched]

    def _deliver(self, request: Request, ticket: object, deadline_ns: int, sent_ns: int) -> Delivery:
        if self._closed:
            return ticket, Fault.CANCELLED, sent_ns, self._clock.now_ns()
        response = self._transport.send(request)
        answered_ns = self._clock.now_ns()
        return ticket, response if answered_ns < deadline_ns else Fault.TIMEOUT, sent_ns, answered_ns

    def open(self, count: int) -> None:
        """Nothing to open."""

    def close(self) -> None:
        self.launch()
        self._closed = True
