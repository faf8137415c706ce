"""A crew runs jobs side by side, holds back when the ledger labours, and never repeats a request itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from carriers import NS_PER_MS, DecidedCarrier, ok

from demogen.client.breaker import Breaker, State
from demogen.client.crew import Crew, Job, Wait
from demogen.contract.exchange import Fault, Request, Response
from demogen.errors import LedgerUnreachable


def asking(*targets: bytes) -> Job[list[bytes]]:
    """Ask for each target in turn; the result is what came."""
    answers = []
    for target in targets:
        answer = yield Request(b"GET", target)
        answers.append(answer.body if isinstance(answer, Response) else answer.label.encode())
    return answers


def test_results_come_as_jobs_end(clock):
    def napping(seconds: float) -> Job[float]:
        assert (yield Wait(seconds)) is None
        return seconds

    crew = Crew(DecidedCarrier(ok, clock=clock), clock=clock)
    assert list(crew.run([napping(3.0), napping(1.0), napping(2.0)])) == [1.0, 2.0, 3.0]
    assert clock.now_ns() == 3_000 * NS_PER_MS


def test_each_job_gets_its_own_answers(clock):
    carrier = DecidedCarrier(ok, clock=clock)
    crew = Crew(carrier, clock=clock, concurrency=4)
    results = list(crew.run(asking(b"/%d/a" % n, b"/%d/b" % n) for n in range(50)))
    assert sorted(results) == sorted([b"/%d/a" % n, b"/%d/b" % n] for n in range(50))
    assert carrier.in_flight_max == 4


def test_jobs_are_pulled_only_when_there_is_room(clock):
    """As many as may be in flight, and as many again whose requests are ready when answers come."""
    pulled = 0

    def endless() -> Iterator[Job[list[bytes]]]:
        nonlocal pulled
        while True:
            pulled += 1
            yield asking(b"/")

    crew = Crew(DecidedCarrier(ok, clock=clock), clock=clock, concurrency=4)
    results = crew.run(endless())
    assert next(results) == [b"/"]
    assert pulled == 8
    results.close()


def test_no_jobs_no_results(clock):
    assert list(Crew(DecidedCarrier(ok, clock=clock), clock=clock).run([])) == []


def test_a_job_that_asks_for_nothing_has_a_result_too(clock):
    def idle() -> Job[str]:
        return "done"
        yield

    assert list(Crew(DecidedCarrier(ok, clock=clock), clock=clock).run([idle(), idle()])) == ["done", "done"]


def test_an_exception_in_a_job_ends_the_run_and_the_other_jobs(clock):
    closed = []

    def failing() -> Job[None]:
        yield Request(b"GET", b"/")
        raise LedgerUnreachable("gone")

    def watching() -> Job[None]:
        try:
            yield Wait(100)
        finally:
            closed.append("watching")

    carrier = DecidedCarrier(ok, clock=clock)
    crew = Crew(carrier, clock=clock)
    with pytest.raises(LedgerUnreachable):
        list(crew.run([watching(), failing(), asking(b"/a")]))
    assert closed == ["watching"]
    # What the first run left behind is not delivered to the second.
    assert list(crew.run([asking(b"/b")])) == [[b"/b"]]


def test_requests_wait_while_no_connection_is_free(clock):
    carrier = DecidedCarrier(ok, clock=clock, room=1)
    assert len(list(Crew(carrier, clock=clock, concurrency=8).run(asking(b"/") for _ in range(20)))) == 20
    assert carrier.in_flight_max == 1


def test_what_others_hang_on_goes_before_creates(clock):
    """A look-up and a setting, asked for last, overtake the creates that are waiting for their turn."""

    def doing(method: bytes, target: bytes) -> Job[None]:
        yield Request(method, target)

    carrier = DecidedCarrier(ok, clock=clock, room=1)
    jobs = [doing(b"POST", b"/%d" % n) for n in range(4)] + [doing(b"GET", b"/look"), doing(b"PATCH", b"/settings")]
    list(Crew(carrier, clock=clock).run(jobs))
    assert [request.target for _, request in carrier.seen] == [b"/look", b"/settings", b"/0", b"/1", b"/2", b"/3"]


def test_a_job_s_time_runs_from_its_first_request(clock):
    """Not from when it was made ready: waiting for its turn is not the ledger's time."""
    clock.advance_ns(1)
    crew = Crew(DecidedCarrier(ok, clock=clock, latency_ms=10, room=1), clock=clock)
    took = [crew.took_ns // NS_PER_MS for _ in crew.run([asking(b"/a"), asking(b"/b", b"/c"), asking(b"/d")])]
    assert sorted(took)[:2] == [10, 10] and took[-1] >= 20


def test_a_rate_is_kept(clock):
    carrier = DecidedCarrier(ok, clock=clock, latency_ms=1)
    list(Crew(carrier, clock=clock, rate_per_s=100).run(asking(b"/") for _ in range(51)))
    assert clock.now_ns() / NS_PER_MS == pytest.approx(500, abs=5)


@pytest.mark.parametrize("trouble", [Response(429, b"", b""), Response(503, b"", b""), Fault.TIMEOUT])
def test_trouble_lowers_the_number_of_requests_in_flight(clock, trouble):
    troubled = False

    def decide(request: Request) -> Response | Fault:
        return trouble if troubled else ok(request)

    crew = Crew(DecidedCarrier(decide, clock=clock), clock=clock, concurrency=64)
    list(crew.run(asking(b"/") for _ in range(1000)))
    assert crew.throttle.limit == 64
    troubled = True
    list(crew.run(asking(b"/") for _ in range(200)))
    assert crew.throttle.limit < 8
    troubled = False
    list(crew.run(asking(b"/") for _ in range(1000)))
    assert crew.throttle.limit == 64


def test_growing_latency_lowers_it_and_steady_latency_does_not(clock):
    carrier = DecidedCarrier(ok, clock=clock, latency_ms=40)
    crew = Crew(carrier, clock=clock, concurrency=64)
    list(crew.run(asking(b"/") for _ in range(2000)))
    assert crew.throttle.limit == 64
    carrier.latency_ns *= 10
    list(crew.run(asking(b"/") for _ in range(100)))
    assert crew.throttle.limit < 64


def test_an_open_breaker_holds_requests_back_until_a_probe_succeeds(clock):
    up_again_ns = 7_000 * NS_PER_MS
    states: list[State] = []

    def decide(request: Request) -> Response | Fault:
        return ok(request) if clock.now_ns() >= up_again_ns else Fault.REFUSED

    carrier = DecidedCarrier(decide, clock=clock)
    breaker = Breaker(clock=clock, recovery_s=2.0, on_change=states.append)

    def insisting() -> Job[str]:
        while isinstance((yield Request(b"GET", b"/")), Fault):
            pass
        return "answered"

    assert list(Crew(carrier, clock=clock, breaker=breaker).run([insisting() for _ in range(8)])) == ["answered"] * 8
    assert states[0] is State.OPEN
    assert states[-1] is State.CLOSED
    down = [at for at, _ in carrier.seen if 10 * NS_PER_MS < at < up_again_ns]
    assert len(down) == 3, "one probe every two seconds"


def test_the_breaker_loses_patience_and_says_so(clock):
    def insisting() -> Job[None]:
        while True:
            yield Request(b"GET", b"/")

    carrier = DecidedCarrier(lambda _: Fault.REFUSED, clock=clock)
    crew = Crew(carrier, clock=clock, breaker=Breaker(clock=clock, patience_s=30))
    with pytest.raises(LedgerUnreachable, match="not answered for 30 s"):
        list(crew.run([insisting()]))
    assert clock.now_ns() < 35_000 * NS_PER_MS


def test_a_ledger_that_shows_but_never_writes_ends_the_patience_too(clock):
    def insisting() -> Job[None]:
        while True:
            yield Request(b"POST", b"/")
            yield Request(b"GET", b"/")
            yield Wait(0.1)

    carrier = DecidedCarrier(
        lambda asked: ok(asked) if asked.method == b"GET" else Response(500, b"", b""), clock=clock
    )
    crew = Crew(carrier, clock=clock, breaker=Breaker(clock=clock, patience_s=30))
    with pytest.raises(LedgerUnreachable, match="every POST has failed for 30 s"):
        list(crew.run([insisting()]))
    assert clock.now_ns() < 35_000 * NS_PER_MS


def test_refusals_do_not_open_the_breaker(clock):
    breaker = Breaker(clock=clock)
    carrier = DecidedCarrier(lambda _: Response(422, b"", b'{"code":"0018"}'), clock=clock)
    list(Crew(carrier, clock=clock, breaker=breaker).run(asking(b"/") for _ in range(20)))
    assert breaker.state is State.CLOSED


def test_others_are_let_run_every_turn(clock):
    turns = 0

    def breathe() -> None:
        nonlocal turns
        turns += 1

    list(Crew(DecidedCarrier(ok, clock=clock), clock=clock, breathe=breathe).run([asking(b"/a", b"/b", b"/c")]))
    assert turns >= 3
