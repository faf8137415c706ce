"""Tokens are there before they are needed, renewed before they expire, and never block who asks."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs

import pytest

from demogen.client.auth import ClientCredentials, StaticToken
from demogen.clock import NS_PER_S
from demogen.contract.exchange import Request, Response
from demogen.errors import LedgerUnreachable, PreflightFailed


class TokenServer:
    """Grants token-1, token-2, … unless told otherwise."""

    def __init__(self, *, body: str = '{{"access_token":"token-{0}","expires_in":100}}') -> None:
        self.granted = 0
        self.asked: list[Request] = []
        self.troubles: list[Response | Exception] = []
        self._body = body

    def send(self, request: Request) -> Response:
        self.asked.append(request)
        if self.troubles:
            trouble = self.troubles.pop(0)
            if isinstance(trouble, Exception):
                raise trouble
            return trouble
        self.granted += 1
        return Response(200, b"", self._body.format(self.granted).encode())


def now(work: Callable[[], None]) -> None:
    work()


def source(server: TokenServer, clock, beside=now, **options: str) -> ClientCredentials:
    return ClientCredentials(
        server,
        target="/oauth/token",
        client_id="me",
        client_secret="s3&cret",
        clock=clock,
        beside=beside,
        **options,
    )


def test_a_fixed_token_is_what_it_is():
    assert StaticToken("abc")() == "abc"


def test_credentials_are_exchanged_by_the_book(clock):
    server = TokenServer()
    assert source(server, clock, scope="ledger:write")() == "token-1"
    (request,) = server.asked
    assert (request.method, request.target) == (b"POST", b"/oauth/token")
    assert request.content_type == b"application/x-www-form-urlencoded"
    assert parse_qs(request.body.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["me"],
        "client_secret": ["s3&cret"],
        "scope": ["ledger:write"],
    }


def test_a_token_is_renewed_before_it_expires(clock):
    token = source(TokenServer(), clock)
    seen = []
    for _ in range(10):
        seen.append(token())
        clock.advance_ns(25 * NS_PER_S)
    # A hundred seconds each, renewed once eighty have passed and somebody asks.
    assert seen == ["token-1"] * 4 + ["token-2"] * 4 + ["token-3"] * 2


def test_whoever_asks_while_a_renewal_runs_gets_the_old_token_at_once(clock):
    pending: list[Callable[[], None]] = []
    token = source(TokenServer(), clock, beside=pending.append)
    clock.advance_ns(90 * NS_PER_S)
    assert [token() for _ in range(3)] == ["token-1"] * 3
    assert len(pending) == 1
    pending.pop()()
    assert token() == "token-2"


def test_a_failed_renewal_is_noted_and_tried_again(clock):
    server = TokenServer()
    token = source(server, clock)
    clock.advance_ns(90 * NS_PER_S)
    server.troubles = [Response(401, b"", b"")]
    token()
    assert "refuses these credentials" in token.trouble
    clock.advance_ns(6 * NS_PER_S)
    token()
    assert (token(), token.trouble) == ("token-2", "")


def test_a_token_server_that_stumbles_is_asked_again(clock):
    server = TokenServer()
    server.troubles = [LedgerUnreachable("down"), Response(503, b"", b"")]
    assert source(server, clock)() == "token-1"
    assert len(server.asked) == 3


def test_a_token_server_that_stays_down_ends_the_preflight(clock):
    server = TokenServer()
    server.troubles = [LedgerUnreachable("down")] * 9
    with pytest.raises(LedgerUnreachable, match="down"):
        source(server, clock)
    assert len(server.asked) == 4


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Response(401, b"", b'{"error":"invalid_client"}'), "refuses these credentials"),
        (Response(200, b"", b"<html>"), "no access token"),
        (Response(200, b"", b"{}"), "no access token"),
    ],
)
def test_no_token_no_run_and_the_secret_is_not_told(clock, answer, message):
    server = TokenServer()
    server.troubles = [answer]
    with pytest.raises(PreflightFailed, match=message) as caught:
        source(server, clock)
    assert "s3" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    ['{{"accessToken":"token-{0}","expiresIn":"100"}}', '{{"access_token":"token-{0}"}}'],
    ids=["another spelling", "no lifetime"],
)
def test_other_ways_to_grant(clock, body):
    token = source(TokenServer(body=body), clock)
    assert token() == "token-1"
    clock.advance_ns(1000 * NS_PER_S)
    token()
    assert token() == "token-2"
