"""What goes over the wire is counted to the byte, by who stands at the other end of it."""

from __future__ import annotations

import socket
import threading

import pytest

from demogen.client.engine import open_pump
from demogen.client.metered import MeteredCarrier, Traffic
from demogen.clock import NS_PER_S, SystemClock
from demogen.contract.exchange import Request

ANSWER = b'HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{"id":"7"}'


@pytest.fixture
def counting():
    """A server that answers each request and counts what it was sent."""
    listener = socket.create_server(("127.0.0.1", 0))
    seen = {"bytes": 0, "port": listener.getsockname()[1]}

    def serve():
        connection, _ = listener.accept()
        with connection:
            while data := connection.recv(65536):
                seen["bytes"] += len(data)
                connection.sendall(ANSWER)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield seen
    listener.close()
    thread.join(5)


def test_bytes_to_and_fro(counting):
    clock, traffic, url = SystemClock(), Traffic(), f"http://127.0.0.1:{counting['port']}"
    pump = open_pump(url, clock=clock, max_connections=1, token="abc")
    carrier = MeteredCarrier(pump, traffic, url=url, token="abc")
    requests = [
        Request(b"GET", b"/v1/organizations?limit=10"),
        Request(
            b"POST", b"/v1/organizations", b'{"legalName":"Brightstack"}', key=b"r1-1-7", headers=b"X-Extra: 1\r\n"
        ),
        Request(b"PATCH", b"/v1/x", b"{}", content_type=b"text/plain"),
    ]
    try:
        for request in requests:
            assert carrier.offer(request, "ticket", clock.now_ns() + 5 * NS_PER_S)
            carrier.launch()
            assert carrier.collect(clock.now_ns() + 5 * NS_PER_S)[0][1].status == 201
        assert traffic.sent == counting["bytes"]
        assert traffic.received == pytest.approx(len(requests) * len(ANSWER), abs=3 * 8)
    finally:
        carrier.close()
