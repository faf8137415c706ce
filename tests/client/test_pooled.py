"""One request at a time over requests: spelled as given, and every failure explained."""

from __future__ import annotations

import socket
import time

import pytest
from nasty import OK, Line, polite, serving

from demogen.client.pooled import PooledTransport
from demogen.contract.exchange import Request, Response
from demogen.errors import LedgerUnreachable, UsageError


def test_a_request_goes_out_exactly_as_spelled_and_the_connection_is_kept():
    with serving(polite) as server, PooledTransport(server.url + "/base/", token=lambda: "secret") as transport:
        target = b"/v1/accounts/alias/@a%40b?limit=1&cursor=e30%3D"
        for _ in range(3):
            response = transport.send(Request(b"POST", target, b"{}", key=b"k", headers=b"X-TTL: 60\r\n"))
            assert response == Response(200, b"Content-Length: 2", b"ok")
        assert server.accepted == 1
    heard = server.heard[0].decode()
    assert heard.startswith("POST /base" + target.decode() + " HTTP/1.1\r\n")
    for line in ("Authorization: Bearer secret", "X-Idempotency: k", "X-TTL: 60", "Content-Length: 2"):
        assert f"\r\n{line}\r\n" in heard
    assert heard.endswith("\r\n\r\n{}")


def test_a_redirect_is_an_answer():
    def behave(line: Line) -> None:
        line.request()
        line.say(b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere.invalid/\r\nContent-Length: 0\r\n\r\n")

    with serving(behave) as server, PooledTransport(server.url) as transport:
        assert transport.send(Request(b"GET", b"/")).status == 302


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def ask(url: str, **options: float) -> Response:
    with PooledTransport(url, **options) as transport:
        return transport.send(Request(b"GET", b"/"))


def test_nobody_listens():
    with pytest.raises(LedgerUnreachable, match="no ledger at") as caught:
        ask(f"http://127.0.0.1:{free_port()}")
    assert "demogen sandbox" in caught.value.hint


def test_the_name_has_no_address():
    with pytest.raises(LedgerUnreachable, match="has no address"):
        ask("http://ledger.invalid")


@pytest.mark.parametrize(
    ("behave", "message"),
    [
        pytest.param(lambda line: time.sleep(1), "did not answer within 0.2 s", id="silence"),
        pytest.param(lambda line: line.request() and None, "no answer from", id="closes without a word"),
        pytest.param(lambda line: line.say(b"220 smtp\r\n"), "no answer from", id="another protocol"),
        pytest.param(lambda line: line.request() and line.say(OK[:-1]), "no answer from", id="half a reply"),
    ],
)
def test_a_server_that_does_not_answer_properly(behave, message):
    with serving(behave) as server, pytest.raises(LedgerUnreachable, match=message):
        ask(server.url, timeout_s=0.2)


def test_a_server_without_tls():
    def behave(line: Line) -> None:
        line.sock.recv(1000)
        line.say(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    with serving(behave) as server, pytest.raises(LedgerUnreachable, match="does not speak TLS"):
        ask(server.url.replace("http", "https"))


def test_an_unusable_address_is_refused():
    with pytest.raises(UsageError, match="cannot use the address"):
        PooledTransport("localhost:3002")
