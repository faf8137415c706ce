"""The seams without sockets: what an app is handed, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from demogen.client.in_memory import InMemoryCarrier, InMemoryTransport
from demogen.contract.exchange import Fault, Request, Response


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Mirror:
    """Answers with what it was asked."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, Mapping[str, str], bytes]] = []

    def handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        self.seen.append((method, target, headers, body))
        return Reply(200, {"x-total-count": "3"}, body or b"mirror")


def test_an_app_is_handed_what_the_wire_would_carry():
    app = Mirror()
    request = Request(b"POST", b"/a?limit=1", b"{}", key=b"r-1-2", headers=b"X-TTL: 60\r\nX-Request-Id: q\r\n")
    response = InMemoryTransport(app, token="secret").send(request)
    assert response == Response(200, b"x-total-count: 3", b"{}")
    assert response.header(b"x-total-count") == b"3"
    assert app.seen == [
        (
            "POST",
            "/a?limit=1",
            {
                "host": "in-memory",
                "content-length": "2",
                "content-type": "application/json",
                "authorization": "Bearer secret",
                "x-idempotency": "r-1-2",
                "x-ttl": "60",
                "x-request-id": "q",
            },
            b"{}",
        )
    ]


def test_the_answer_to_head_has_no_body():
    assert InMemoryTransport(Mirror()).send(Request(b"HEAD", b"/count")).body == b""


def test_nothing_reaches_the_app_before_it_is_launched(clock):
    app = Mirror()
    carrier = InMemoryCarrier(app, clock=clock, max_connections=2)
    assert [carrier.offer(Request(b"GET", b"/%d" % n), n, 10**12) for n in range(3)] == [True, True, False]
    assert (carrier.in_flight, carrier.collect(0), app.seen) == (2, [], [])
    carrier.launch()
    assert [ticket for ticket, *_ in carrier.collect(0)] == [0, 1]
    assert carrier.in_flight == 0


def test_waiting_for_nothing_takes_as_long_as_was_asked(clock):
    carrier = InMemoryCarrier(Mirror(), clock=clock)
    assert carrier.collect(5_000_000) == []
    assert clock.now_ns() == 5_000_000


def test_closing_cancels_what_was_under_way(clock):
    app = Mirror()
    carrier = InMemoryCarrier(app, clock=clock)
    carrier.offer(Request(b"GET", b"/"), "ticket", 10**12)
    carrier.close()
    assert [(ticket, result) for ticket, result, *_ in carrier.collect(0)] == [("ticket", Fault.CANCELLED)]
    assert app.seen == []
    assert not carrier.offer(Request(b"GET", b"/"), "ticket", 10**12)
