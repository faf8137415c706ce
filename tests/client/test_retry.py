"""What is sent again: only where it is safe, in growing pauses, always under the same key."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from carriers import NS_PER_MS, DecidedCarrier

from demogen.client.crew import Crew, Job
from demogen.client.retry import RetryPolicy, may_repeat, persist
from demogen.contract.exchange import Fault, Request, Response

KEYED = Request(b"POST", b"/transactions/json", b"{}", key=b"r-1-1")
BARE = Request(b"POST", b"/accounts", b"{}")
READ = Request(b"GET", b"/balances")


def refused(status: int, code: str = "") -> Response:
    return Response(status, b"", b'{"code":"%s"}' % code.encode())


@pytest.mark.parametrize(
    ("answer", "keyed", "bare", "read"),
    [
        pytest.param(Response(201, b"", b"{}"), False, False, False, id="done"),
        pytest.param(refused(409, "0084"), True, True, True, id="first try still running"),
        pytest.param(refused(422, "0174"), True, True, True, id="stale balance"),
        pytest.param(refused(400, "0086"), True, True, True, id="race"),
        pytest.param(refused(429), True, True, True, id="too many requests"),
        pytest.param(refused(422, "0018"), False, False, False, id="no funds"),
        pytest.param(refused(409, "0486"), False, False, False, id="locked for minutes"),
        pytest.param(refused(404), False, False, False, id="not there"),
        pytest.param(refused(500), True, False, True, id="server error"),
        pytest.param(refused(503), True, False, True, id="not ready"),
        pytest.param(refused(408), True, False, True, id="server gave up waiting"),
        pytest.param(Fault.REFUSED, True, True, True, id="nobody listens"),
        pytest.param(Fault.UNRESOLVED, True, True, True, id="no such name, yet"),
        pytest.param(Fault.CONNECT_TIMEOUT, True, True, True, id="no connection in time"),
        pytest.param(Fault.TIMEOUT, True, False, True, id="no answer in time"),
        pytest.param(Fault.RESET, True, False, True, id="connection cut"),
        pytest.param(Fault.CANCELLED, False, False, False, id="we are stopping"),
    ],
)
def test_what_may_be_sent_again(answer, keyed, bare, read):
    assert [may_repeat(request, answer) for request in (KEYED, BARE, READ)] == [keyed, bare, read]


def insist(request: Request, policy: RetryPolicy, dice: random.Random) -> Job[Response | Fault]:
    return (yield from persist(request, policy=policy, dice=dice))


def play(request: Request, answers: list[Response | Fault], clock, **policy) -> tuple[Response | Fault, list[int]]:
    """The final answer, and the pauses in ms before each further try."""
    left = iter(answers)
    carrier = DecidedCarrier(lambda _: next(left), clock=clock, latency_ms=1)
    (result,) = Crew(carrier, clock=clock).run([insist(request, RetryPolicy(**policy), random.Random(7))])
    times = [at for at, _ in carrier.seen]
    assert all(sent == request for _, sent in carrier.seen)
    return result, [(later - at) // NS_PER_MS - 1 for at, later in pairwise(times)]


def test_pauses_double_and_are_cut_at_random(clock):
    result, pauses = play(KEYED, [Fault.RESET] * 6, clock)
    assert result is Fault.RESET
    assert len(pauses) == 5
    for pause, full in zip(pauses, [100, 200, 400, 800, 1600], strict=True):
        assert full / 2 - 1 <= pause <= full


def test_it_ends_with_the_first_answer_that_settles_it(clock):
    booked = Response(201, b"X-Idempotency-Replayed: true", b'{"id":"1"}')
    result, pauses = play(KEYED, [refused(409, "0084"), refused(409, "0084"), booked], clock)
    assert result == booked
    assert len(pauses) == 2


def test_retry_after_is_obeyed_within_reason(clock):
    wait = Response(429, b"Retry-After: 3", b"")
    absurd = Response(429, b"Retry-After: 86400", b"")
    by_date = Response(429, b"Retry-After: Wed, 21 Oct 2026 07:28:00 GMT", b"")
    _, pauses = play(READ, [wait, absurd, by_date, Response(200, b"", b"")], clock, retry_after_s_max=10.0)
    assert pauses[:2] == [3000, 10_000]
    assert pauses[2] <= 400


def test_an_entity_is_not_created_twice(clock):
    assert play(BARE, [Fault.TIMEOUT], clock) == (Fault.TIMEOUT, [])
