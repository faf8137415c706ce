"""What `make fast` compiles does what the plain files do: some of them have a twin in another language, compared here.

Without a compiled hot path there is nothing to compare, and the tests say so.
"""

from __future__ import annotations

import os
import re
import socket

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from twins import INTENTS, LEDGER, ROOT, U64, needs_compiled, plain

import demogen.client.engine.answers as answers
import demogen.client.engine.descriptors as descriptors
import demogen.client.engine.heads as heads
import demogen.contract.bodies as bodies
import demogen.patterns.mixing as mixing
import demogen.patterns.steps as steps
from demogen.contract.exchange import Request, Response
from demogen.contract.outcome import Receipt
from demogen.contract.transactions import AccountRef, Intent, LedgerRef, Leg
from demogen.contract.wire import Renderer
from demogen.errors import CannotSpell

HEADS, MIXING, ANSWERS = plain(heads), plain(mixing), plain(answers)

LINES = st.lists(
    st.sampled_from(
        [
            b"Content-Length: 5",
            b"content-length:12 ",
            b"CONTENT-LENGTH: 0000000000000000000000000000007",
            b"Content-Length: 99999999999999999999999",
            b"Content-Length: -1",
            b"Content-Length:",
            b"Content-Lengthy: 3",
            b"content-length",
            b"Connection: keep-alive",
            b"connection:Keep-Alive",
            b"Connection:  keep-alive",
            b"Connection: close",
            b"Connection: keep-alive, x",
            b"Transfer-Encoding: chunked",
            b"transfer-encodings: x",
            b"X: y\n\nz",
            b"X: y\nContent-Length: 4",
            b"c",
            b"t",
            b"",
            b"Date: now",
            b"X-Idempotency-Replayed: true",
        ]
    )
    | st.binary(max_size=12),
    max_size=6,
)
STARTS = st.sampled_from(
    [b"HTTP/1.1 201 Created", b"HTTP/1.1 200", b"HTTP/1.0 200 OK", b"HTTP/1.1 204 No", b"HTTP/1.1 600 X", b"HTTP/1.1 2"]
) | st.binary(max_size=16)


@needs_compiled
@given(STARTS, LINES)
@example(b"HTTP/1.1 201 Created", [b"Content-Length: 5", b"Connection: keep-alive"])
def test_heads_are_judged_alike(start, lines):
    data = b"\r\n".join([start, *lines]) + b"\r\n\r\nhello"
    end = heads.head_end(data)
    assert end == HEADS.head_end(data)
    assert heads.says_true(data) == HEADS.says_true(data)
    length = heads.plain_length(data, end)
    assert length == HEADS.plain_length(data, end)
    if length >= 0:
        assert heads.status_of(data) == HEADS.status_of(data)


@needs_compiled
@given(STARTS, LINES, st.sampled_from([b"", b"hello", b"hello world!"]))
@example(b"HTTP/1.1 201 Created", [b"Content-Length: 5", b"Connection: keep-alive"], b"hello")
@example(b"HTTP/1.1 599\r", [b"Content-Length: 0"], b"")
def test_answers_are_taken_whole_alike_and_else_come_as_bytes(start, lines, body):
    data = b"\r\n".join([start, *lines]) + b"\r\n\r\n" + body
    whole = ANSWERS.whole_response(data)
    assert answers.whole_response(data) == whole
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for module in (answers, ANSWERS):
            theirs.sendall(data)
            heard = module.hear(ours.fileno())
            assert heard == (data if whole is None else whole)
            assert type(heard) is (bytes if whole is None else Response)


def test_an_answer_that_does_not_come_is_an_error_or_the_end():
    for module in (answers, ANSWERS):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            with pytest.raises(BlockingIOError):
                module.hear(ours.fileno())
            theirs.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n" + b"x" * 20_000)
            assert len(module.hear(ours.fileno())) == descriptors.RECV_BYTES
            module.hear(ours.fileno())
            theirs.close()
            assert module.hear(ours.fileno()) == b""


@needs_compiled
@given(seed=st.integers(), number=U64, bits=U64, bound=st.integers(0, 2**70), narrow=st.integers(0, 2**63 - 1))
def test_chance_falls_alike(seed, number, bits, bound, narrow):
    assert mixing.seeded(seed, number) == MIXING.seeded(seed, number)
    assert mixing.following(bits) == MIXING.following(bits)
    assert mixing.mix64(bits) == MIXING.mix64(bits)
    assert mixing.scaled(bits, bound) == MIXING.scaled(bits, bound)
    assert mixing.left_over(bits, narrow) == MIXING.left_over(bits, narrow)
    assert mixing.place(bits, narrow) == MIXING.place(bits, narrow)


def test_structs_are_described_as_they_lie_in_memory():
    shapes = (ROOT / "demogen/contract/shapes.pxd").read_text(encoding="utf-8")
    for struct in (Intent, Leg, AccountRef, LedgerRef, Request, Response, Receipt):
        laid_out = sorted(struct.__struct_fields__)
        (in_c,) = re.findall(rf"PyObject_HEAD([^}}]*)}} Demogen{struct.__name__};", shapes)
        assert re.findall(r"\*(\w+)", in_c) == laid_out, struct
        fields = rf"ctypedef class [\w.]+\.{struct.__name__} [^:]*:\n((?: {{8}}cdef object .*\n)*)"
        (in_cython,) = re.findall(fields, shapes)
        assert re.findall(r"\w+", in_cython.replace("cdef object", "")) == laid_out, struct


@pytest.mark.parametrize("module", [descriptors, plain(descriptors)], ids=["as imported", "plain"])
def test_bytes_cross_a_descriptor(module):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        with pytest.raises(BlockingIOError):
            module.receive(ours.fileno())
        assert module.transmit(ours.fileno(), b"hello") == 5
        assert theirs.recv(10) == b"hello"
        theirs.sendall(b"x" * 20_000)
        assert module.receive(ours.fileno()) == b"x" * module.RECV_BYTES
        with pytest.raises(BlockingIOError):
            while True:
                module.transmit(ours.fileno(), b"y" * 100_000)
        # What the other side never read is lost with it, and that is said.
        theirs.close()
        while True:
            try:
                module.receive(ours.fileno())
            except ConnectionResetError:
                break


def test_a_closed_descriptor_is_an_error():
    read, write = os.pipe()
    os.close(read)
    os.close(write)
    for module in (descriptors, plain(descriptors)):
        with pytest.raises(OSError):
            module.receive(read)


def test_a_length_of_thousands_of_digits_is_only_too_large():
    data = b"HTTP/1.1 201 Created\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n"
    for module in (heads, HEADS):
        assert module.plain_length(data, module.head_end(data)) == 1 << 62


@needs_compiled
@given(intent=INTENTS)
def test_everyday_bodies_are_spelled_as_wire_spells_them(intent):
    renderer = Renderer("json")
    slowly = renderer._body(intent, "r1-1-7")
    quickly = bodies.everyday_body(intent, "r1-1-7", renderer._heads, renderer._texts)
    assert quickly is None or quickly == slowly


@needs_compiled
@pytest.mark.parametrize("units", [0, 1, 10, 105, 1200, 10**15, 2**63 - 1])
@pytest.mark.parametrize("scale", [0, 2, 8, 18])
def test_an_everyday_body_takes_the_quick_way_once_its_accounts_are_known(units, scale):
    payer, payee = (AccountRef(index, f"id-{index}", f"@a{index}", "USD", scale, LEDGER) for index in (1, 2))
    intent, renderer = Intent.move(units, payer, payee, description="card payment"), Renderer("json")
    assert bodies.everyday_body(intent, "m", renderer._heads, renderer._texts) is None
    slowly = renderer._body(intent, "m")
    assert bodies.everyday_body(intent, "m", renderer._heads, renderer._texts) == slowly


def test_a_step_is_what_the_script_yields_or_none_and_its_errors_pass():
    def script():
        told = yield "first"
        assert told == "receipt"
        raise CannotSpell("no", hint="yes")

    for module in (steps, plain(steps)):
        one = script()
        assert module.next_step(one, None) == "first"
        with pytest.raises(CannotSpell):
            module.next_step(one, "receipt")
        assert module.next_step(one, "receipt") is None
