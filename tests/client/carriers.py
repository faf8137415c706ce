"""A carrier whose answers a test decides, on a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable

from demogen.client.transport import Delivery
from demogen.clock import FakeClock
from demogen.contract.exchange import Fault, Request, Response

NS_PER_MS = 1_000_000


class DecidedCarrier:
    """Answers each request with what `decide` says, `latency_ms` after it was launched, in order."""

    def __init__(
        self, decide: Callable[[Request], Response | Fault], *, clock: FakeClock, latency_ms: int = 10, room: int = 1000
    ) -> None:
        self.clock = clock
        self.latency_ns = latency_ms * NS_PER_MS
        self.seen: list[tuple[int, Request]] = []
        self.in_flight_max = 0
        self._decide = decide
        self._room = room
        self._offered: list[tuple[Request, object]] = []
        self._launched: list[tuple[int, Request, object]] = []

    @property
    def in_flight(self) -> int:
        return len(self._offered) + len(self._launched)

    def offer(self, request: Request, ticket: object, deadline_ns: int) -> bool:
        assert deadline_ns > self.clock.now_ns()
        if self.in_flight >= self._room:
            return False
        self._offered.append((request, ticket))
        self.in_flight_max = max(self.in_flight_max, self.in_flight)
        return True

    def launch(self) -> None:
        now = self.clock.now_ns()
        for request, ticket in self._offered:
            self.seen.append((now, request))
            self._launched.append((now, request, ticket))
        self._offered.clear()

    def collect(self, until_ns: int) -> list[Delivery]:
        next_ns = min([until_ns, *(sent + self.latency_ns for sent, *_ in self._launched)])
        self.clock.advance_ns(max(0, next_ns - self.clock.now_ns()))
        now = self.clock.now_ns()
        ended = [one for one in self._launched if one[0] + self.latency_ns <= now]
        self._launched = [one for one in self._launched if one[0] + self.latency_ns > now]
        return [(ticket, self._decide(request), sent_ns, now) for sent_ns, request, ticket in ended]

    def open(self, count: int) -> None:
        pass

    def close(self) -> None:
        pass


def ok(request: Request) -> Response:
    return Response(200, b"", request.target)
