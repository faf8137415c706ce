"""Counts what a carrier sends and receives, for who wants to know what a bootstrap costs the network.

Bytes as they are on the wire before TLS; connections that were tried and refused count nothing. Spells each request a
second time, so it is not for the load. May import: `transport`, the engine's spelling, contract.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from demogen.client.engine.endpoint import Endpoint, Letters
from demogen.client.transport import Carrier, Delivery
from demogen.contract.exchange import Request, Response

#: `HTTP/1.1 201 Created` and the empty line: what a Response no longer has.
_AROUND_HEAD = 26


class Traffic:
    """Bytes so far."""

    __slots__ = ("received", "sent")

    def __init__(self) -> None:
        self.sent = self.received = 0


class MeteredCarrier:
    """A Carrier around another that adds to `traffic`."""

    def __init__(self, carrier: Carrier, traffic: Traffic, *, url: str, token: Callable[[], str] | str | None) -> None:
        self._carrier = carrier
        self._traffic = traffic
        told = token if callable(token) else (lambda: token or "")
        self._letters = Letters(Endpoint(url, resolve=lambda *_: ()), token=told)

    @property
    def in_flight(self) -> int:
        return self._carrier.in_flight

    def offer(self, request: Request, ticket: object, deadline_ns: int) -> bool:
        taken = self._carrier.offer(request, ticket, deadline_ns)
        if taken:
            self._traffic.sent += len(self._letters.frame(request))
        return taken

    def launch(self) -> None:
        self._carrier.launch()

    def collect(self, until_ns: int) -> Sequence[Delivery]:
        self._letters.refresh()
        deliveries = self._carrier.collect(until_ns)
        for _, answer, _, _ in deliveries:
            if isinstance(answer, Response):
                self._traffic.received += _AROUND_HEAD + len(answer.head) + len(answer.body)
        return deliveries

    def open(self, count: int) -> None:
        self._carrier.open(count)

    def close(self) -> None:
        self._carrier.close()
