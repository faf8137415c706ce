"""Answers are read alike however the network cuts them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demogen.client.engine.answers import whole_response
from demogen.client.engine.parser import HEAD_BYTES_MAX, Assembler
from demogen.contract.exchange import Fault, Response

PLAIN = b'HTTP/1.1 201 Created\r\nContent-Length: 11\r\nX-Idempotency-Replayed: false\r\n\r\n{"id":"a1"}'


def assemble(pieces: list[bytes], *, bodiless: bool = False, closed: bool = False) -> Response | Fault | None:
    assembler = Assembler(bodiless=bodiless, body_bytes_max=100_000)
    for piece in pieces:
        if (answer := assembler.feed(piece)) is not None:
            return answer
    return assembler.finish() if closed else None


def test_a_plain_answer_in_one_piece_is_read_at_once():
    response = whole_response(PLAIN)
    assert response == Response(201, b"Content-Length: 11\r\nX-Idempotency-Replayed: false", b'{"id":"a1"}')
    assert response.header(b"x-idempotency-replayed") == b"false"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(PLAIN[:-1], id="a byte is missing"),
        pytest.param(PLAIN + b"H", id="a byte too many"),
        pytest.param(PLAIN.replace(b"Content-Length: 11", b"Connection: close\r\nContent-Length: 11"), id="closes"),
        pytest.param(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", id="no body by status"),
        pytest.param(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", id="an older protocol"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN, id="an interim answer before it"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\nx", id="a length with a sign"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx", id="two lengths"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\nx", id="chunked"),
    ],
)
def test_whatever_is_not_plain_goes_to_the_assembler(data):
    assert whole_response(data) is None


@pytest.mark.parametrize(
    ("data", "status", "body", "reusable"),
    [
        pytest.param(PLAIN, 201, b'{"id":"a1"}', True, id="plain"),
        pytest.param(PLAIN.replace(b"Content-L", b"cOnTeNt-l"), 201, b'{"id":"a1"}', True, id="any header case"),
        pytest.param(PLAIN + b"rubbish", 201, b'{"id":"a1"}', False, id="rubbish after a plain answer"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
            200, b"abcde", True, id="chunked",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
            200, b"a", False, id="rubbish after a chunked answer",
        ),
        pytest.param(
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: a\r\n\r\n" + PLAIN,
            201, b'{"id":"a1"}', True, id="interim answers",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nCONNECTION: Close\r\nContent-Length: 2\r\n\r\nok", 200, b"ok", False, id="closes",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
            200, b"ok", True, id="keep-alive said aloud",
        ),
        pytest.param(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, b"ok", False, id="1.0 closes"),
        pytest.param(b"HTTP/1.1 204 No Content\r\nX-Total-Count: 7\r\n\r\n", 204, b"", True, id="204 has no body"),
        pytest.param(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", 304, b"", True, id="304 has no body"),
        pytest.param(b"HTTP/1.1 500 \r\ncontent-length:0\r\n\r\n", 500, b"", True, id="nothing in it"),
    ],
)  # fmt: skip
def test_an_answer_is_read_alike_in_one_piece_and_byte_by_byte(data, status, body, reusable):
    whole = Assembler()
    answer = whole.feed(data)
    assert isinstance(answer, Response)
    assert (answer.status, answer.body, whole.reusable) == (status, body, reusable)
    drop = Assembler()
    dripped = next(answer for byte in data if (answer := drop.feed(bytes([byte]))) is not None)
    assert dripped == answer


def test_the_answer_to_a_head_request_has_no_body_whatever_it_announces():
    data = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"
    assembler = Assembler(bodiless=True)
    assert assembler.feed(data) == Response(200, b"Content-Length: 500", b"")
    assert assembler.reusable


def test_a_body_without_a_length_ends_with_the_connection():
    data = b"HTTP/1.1 200 OK\r\nDate: now\r\n\r\nhello"
    assert assemble([data[:30], data[30:]]) is None
    answer = assemble([data[:30], data[30:]], closed=True)
    assert isinstance(answer, Response)
    assert answer.body == b"hello"


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        pytest.param(b"", Fault.RESET, id="closed before a byte"),
        pytest.param(PLAIN[:10], Fault.CLOSED, id="closed in the status line"),
        pytest.param(PLAIN[:-1], Fault.CLOSED, id="closed in the body"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", Fault.CLOSED, id="closed in a chunk"
        ),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n", Fault.CLOSED, id="closed after an interim answer"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", Fault.GARBAGE, id="another protocol"),
        pytest.param(b"\x15\x03\x01\x00\x02\x02\x16", Fault.GARBAGE, id="a TLS alert"),
        pytest.param(b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", Fault.GARBAGE, id="bare line feeds"),
        pytest.param(b"HTTP/1.1 2x0 OK\r\n\r\n", Fault.GARBAGE, id="no status"),
        pytest.param(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", Fault.GARBAGE, id="another protocol, politely"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 1e3\r\n\r\n", Fault.GARBAGE, id="no number"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", Fault.GARBAGE, id="no chunk size"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 100001\r\n\r\n", Fault.OVERSIZED, id="announced too large"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_001, Fault.OVERSIZED, id="grows too large"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"x" * HEAD_BYTES_MAX, Fault.OVERSIZED, id="an endless header"),
        pytest.param(b"HTTP/1.1 100 C\n\nabcd\r\n\r\n", Fault.GARBAGE, id="an interim answer that ends in bare LF"),
        pytest.param(b"HTTP/1.1 102 P\r\n\r\n" * 5000, Fault.OVERSIZED, id="endless interim answers"),
    ],
)
def test_what_is_no_answer_has_a_name(data, fault):
    assert assemble([data] if data else [], closed=True) is fault
    # llhttp tells of a body only at the end of what it is fed, so a drip may find an excess one byte earlier.
    assert assemble([data[at : at + 7] for at in range(0, len(data), 7)], closed=True) is fault


head_lines = st.lists(
    st.sampled_from(
        [
            b"Content-Length: 4", b"content-length:4", b"Content-Length: 9", b"Content-Length: x", b"Connection: close",
            b"Connection: keep-alive", b"Transfer-Encoding: chunked", b"X-Total-Count: 3", b"X: \xc3\xa9", b"no colon",
            b"A : b", b" folded",
        ]
    ),
    max_size=4,
)  # fmt: skip
answers = st.builds(
    lambda start, lines, end, body: b"\r\n".join([start, *lines]) + end + body,
    st.sampled_from(
        [
            b"HTTP/1.1 200 OK", b"HTTP/1.1 201", b"HTTP/1.1 204 No", b"HTTP/1.0 200 OK", b"HTTP/1.1 100 C",
            b"HTP/1.1 200",
            b"HTTP/1.1 999 Far", b"HTTP/1.1 2000 Long", b"HTTP/1.1 100 C\r\n\r\nHTTP/1.1 200 OK",
        ]
    ),
    head_lines,
    st.sampled_from([b"\r\n\r\n", b"\r\n\r\n", b"\n\n", b"\r\n"]),
    st.sampled_from([b"", b"abcd", b"abcdefghi", b"4\r\nabcd\r\n0\r\n\r\n", b"4\r\nabcd\r\n0\r\n\r\nrubbish",
            b"\n\nab"]),
)  # fmt: skip


@given(data=answers, cuts=st.lists(st.integers(0, 120), max_size=6), bodiless=st.booleans())
def test_the_result_does_not_depend_on_how_the_bytes_are_split(data, cuts, bodiless):
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    pieces = [data[start:end] for start, end in pairwise(places)]
    whole = assemble([data], bodiless=bodiless, closed=True)
    assert assemble(pieces, bodiless=bodiless, closed=True) == whole
    if (at_once := whole_response(data)) is not None and not bodiless:
        assert at_once == whole
