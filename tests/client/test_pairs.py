"""Pairs of request and answer: there where somebody debugs, bounded, and without anything that proves who we are."""

from __future__ import annotations

import logging

import pytest

from demogen.client.in_memory import InMemoryCarrier
from demogen.client.pairs import MASK, PAIRS_PER_S, TEXT_MAX, masked, pair, talkative
from demogen.clock import NS_PER_MS, NS_PER_S
from demogen.contract.exchange import Fault, Request, Response

SECRET = "s3cr3t-Value.of=mine"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"Authorization: Bearer {SECRET}", id="header"),
        pytest.param(f"x-request-id: 1\r\nset-cookie: sid={SECRET}; Path=/\r\nvia: x", id="cookie"),
        pytest.param(f"X-Api-Key: {SECRET}", id="a gateway's key"),
        pytest.param(f"Proxy-Authorization:Basic {SECRET}", id="no space"),
        pytest.param(f'{{"access_token":"{SECRET}","token_type":"Bearer"}}', id="a token answer"),
        pytest.param(f'{{"accessToken" : "{SECRET}"}}', id="in camel case"),
        pytest.param(f'{{"client":{{"clientSecret":"{SECRET}"}}}}', id="nested"),
        pytest.param(f'{{"password":"\\"{SECRET}"}}', id="behind a quote of its own"),
        pytest.param(f'{{"credentials":{{"user":"u","value":"{SECRET}"}}}}', id="an object"),
        pytest.param(f'{{"api_keys":["{SECRET}","b"]}}', id="a list"),
        pytest.param(f'{{"password":"{SECRET}', id="cut in the middle"),
        pytest.param(f"grant_type=client_credentials&client_secret={SECRET}&client_id=me", id="a form"),
        pytest.param(f"GET /v1/x?limit=3&access_token={SECRET}", id="a query"),
        pytest.param(f'{{"message":"the token Bearer {SECRET} has expired"}}', id="in a sentence"),
    ],
)
def test_what_proves_who_we_are_is_masked(text):
    said = masked(text)
    assert SECRET not in said
    assert MASK in said


def test_the_token_is_masked_wherever_it_stands():
    assert masked(f'{{"detail":"no such {SECRET}"}}', secrets=(SECRET, "")) == f'{{"detail":"no such {MASK}"}}'


def test_a_signed_token_is_known_by_its_shape():
    assert masked('{"said":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"}') == f'{{"said":"{MASK}"}}'


@pytest.mark.parametrize(
    "text",
    [
        '{"amount":"12.50","asset":"USD","metadata":{"demogen_key":"r1-1-7"}}',
        "x-idempotency-replayed: true\r\ncontent-type: application/json",
        '{"token_type":"Bearer"}',
        "POST /v1/organizations?metadata.demogen_key=p1-o0&limit=10",
    ],
)
def test_all_else_stays_as_it_is(text):
    assert masked(text) == text


def test_a_pair_reads_like_the_wire():
    request = Request(b"POST", b"/v1/x", b'{"a":1}', key=b"r1-1-7", headers=b"X-Extra: 1\r\n")
    answer = Response(201, b"content-type: application/json\r\nx-request-id: 9", b'{"id":"7"}')
    assert pair(request, answer, took_ns=5 * NS_PER_MS, secrets=(SECRET,)).splitlines() == [
        "> POST /v1/x", "> X-Idempotency: r1-1-7", f"> Authorization: {MASK}", "> X-Extra: 1", '> {"a":1}',
        "< 201", "< content-type: application/json", "< x-request-id: 9", '< {"id":"7"}', "  (5.00 ms)",
    ]  # fmt: skip


def test_a_long_body_is_cut_after_it_was_masked():
    body = (
        b'{"fill":"' + b"x" * (TEXT_MAX - 30) + b'","password":"' + SECRET.encode() * 20 + b'","rest":"' + b"y" * 9000
    )
    said = pair(Request(b"GET", b"/"), Response(200, b"", body), took_ns=0)
    assert "s3cr3t" not in said
    assert "more characters" in said
    assert len(said) < TEXT_MAX + 200


class App:
    def handle(self, method, target, headers, body):
        return type("Reply", (), {"status": 201, "headers": {}, "body": b'{"token":"' + SECRET.encode() + b'"}'})()


@pytest.fixture
def at_debug(caplog):
    caplog.set_level(logging.DEBUG, logger="demogen.pairs")
    return caplog


def test_nobody_debugs_nothing_is_put_around(clock):
    carrier = InMemoryCarrier(App(), clock=clock)
    assert talkative(carrier, clock=clock, token=None) is carrier


def test_each_pair_is_told_once(clock, at_debug):
    carrier = talkative(InMemoryCarrier(App(), clock=clock), clock=clock, token=SECRET)
    assert carrier.offer(Request(b"POST", b"/v1/x", b"{}"), "ticket", NS_PER_S)
    assert carrier.in_flight == 1
    carrier.launch()
    ((ticket, answer, _, _),) = carrier.collect(0)
    assert (ticket, answer.status, carrier.in_flight) == ("ticket", 201, 0)
    (line,) = at_debug.messages
    assert line.startswith("> POST /v1/x")
    assert SECRET not in line


def test_no_answer_is_told_with_its_reason(clock, at_debug):
    carrier = talkative(InMemoryCarrier(App(), clock=clock), clock=clock, token=None)
    carrier.offer(Request(b"POST", b"/v1/x"), "ticket", NS_PER_S)
    carrier.close()
    carrier.collect(0)
    assert f"< cancelled: {Fault.CANCELLED.says}" in at_debug.messages[-1]


def test_a_second_has_room_for_so_many(clock, at_debug):
    carrier = talkative(InMemoryCarrier(App(), clock=clock), clock=clock, token=None)

    def play(count):
        for number in range(count):
            carrier.offer(Request(b"GET", b"/%d" % number), number, 99 * NS_PER_S)
            carrier.launch()
            carrier.collect(0)

    play(PAIRS_PER_S + 30)
    assert len(at_debug.messages) == PAIRS_PER_S
    clock.advance_ns(NS_PER_S)
    play(1)
    assert at_debug.messages[PAIRS_PER_S:-1] == ["30 more pairs in that second"]
    assert at_debug.messages[-1].startswith("> GET /0")
