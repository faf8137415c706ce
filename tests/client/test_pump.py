"""A pump on real sockets: connections are reused, grown, kept to a bound and shared by whoever waits."""

from __future__ import annotations

import os
import resource
import socket
import statistics
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from nasty import CLOCK, OK, Gate, Line, ask, dead_end, gather, later, let_pass, polite, pumping, serving, until

from demogen.client.engine import open_pump
from demogen.client.engine.opening import descriptors_for
from demogen.clock import NS_PER_MS
from demogen.contract.exchange import Fault, Request, Response
from demogen.errors import UsageError

GET = Request(b"GET", b"/")


def test_a_request_goes_out_as_it_was_spelled():
    with serving(polite) as server, pumping(server.url + "/base/", token="secret") as pump:
        ask(pump, Request(b"POST", b"/v1/x?limit=1", b'{"a":1}', key=b"r-1-2", headers=b"X-TTL: 60\r\n"))
        ask(pump, Request(b"POST", b"/v1/t/commit"))
        ask(pump, Request(b"GET", b"/v1/y"))
        ask(pump, Request(b"POST", b"/v1/dsl", b"x" * 5000, content_type=b"multipart/form-data; boundary=b"))
    fixed = b"Host: 127.0.0.1:%d\r\nUser-Agent: demogen\r\nAccept: application/json\r\nAuthorization: Bearer secret\r\n"
    fixed %= server.port
    assert server.heard[0] == (
        b"POST /base/v1/x?limit=1 HTTP/1.1\r\n" + fixed + b"Content-Type: application/json\r\nContent-Length: 7\r\n"
        b'X-Idempotency: r-1-2\r\nX-TTL: 60\r\n\r\n{"a":1}'
    )
    assert server.heard[1] == b"POST /base/v1/t/commit HTTP/1.1\r\n" + fixed + b"Content-Length: 0\r\n\r\n"
    assert server.heard[2] == b"GET /base/v1/y HTTP/1.1\r\n" + fixed + b"\r\n"
    assert b"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 5000\r\n\r\nxxx" in server.heard[3]


def test_one_connection_carries_one_request_after_another():
    with serving(polite) as server, pumping(server.url) as pump:
        for _ in range(20):
            assert ask(pump)[1].body == b"ok"
        assert (server.accepted, pump.connections) == (1, 1)


def test_connections_are_grown_for_what_is_asked_at_once_and_not_beyond_the_bound():
    gate = Gate()
    with serving(gate) as server, pumping(server.url, max_connections=3) as pump:
        offers = [pump.offer(GET, number, later()) for number in range(5)]
        assert offers == [True, True, True, False, False]
        assert pump.in_flight == 3
        pump.launch()
        let_pass(pump, 0.05)
        assert len(server.heard) == 3
        gate.open()
        assert {ticket for ticket, *_ in gather(pump, 3)} == {0, 1, 2}
        assert (pump.in_flight, pump.connections) == (0, 3)


def test_nothing_leaves_between_offer_and_launch():
    with serving(polite) as server, pumping(server.url) as pump:
        ask(pump)
        assert pump.offer(GET, "on a free connection", later())
        assert pump.offer(GET, "on a new one", later())
        let_pass(pump, 0.05)
        assert len(server.heard) == 1
        pump.launch()
        assert len(gather(pump, 2)) == 2


def test_a_request_that_waits_takes_the_connection_that_comes_first():
    gate = Gate()
    with dead_end() as port, serving(gate) as server:

        class Detour(socket.socket):
            """Every connection but the first goes where nobody accepts."""

            def connect_ex(self, address: tuple[str, int]) -> int:
                return super().connect_ex(("127.0.0.1", port) if server.accepted else address)

        sockets = SimpleNamespace(socket=Detour, getaddrinfo=socket.getaddrinfo)
        with pumping(server.url, sockets=sockets) as pump:
            assert pump.offer(GET, 0, later())
            pump.launch()
            until(lambda: bool(server.heard), pump)
            assert pump.offer(GET, 1, later())
            pump.launch()
            gate.open()
            assert [ticket for ticket, *_ in gather(pump, 2)] == [0, 1]
            assert (server.accepted, pump.connections) == (1, 2)


def test_the_last_freed_connection_is_used_first():
    heard: list[int] = []

    def behave(line: Line) -> None:
        while line.request():
            heard.append(line.number)
            line.say(OK)

    with serving(behave) as server, pumping(server.url) as pump:
        pump.open(4)
        until(lambda: server.accepted == 4, pump)
        let_pass(pump, 0.05)
        for _ in range(10):
            ask(pump)
        assert len(set(heard)) == 1


def test_as_many_connections_as_were_asked_for_are_opened_and_kept_open():
    def behave(line: Line) -> None:
        if line.number < 5:
            time.sleep(0.05)
            return
        polite(line)

    with serving(behave) as server, pumping(server.url) as pump:
        pump.open(10)
        until(lambda: server.accepted >= 15, pump)
        until(lambda: pump.connections == 10, pump)
        pump.open(4)
        assert pump.connections == 4
        assert ask(pump)[1].body == b"ok"


def test_more_than_the_bound_are_never_opened():
    with serving(polite) as server, pumping(server.url, max_connections=2) as pump:
        pump.open(10)
        let_pass(pump, 0.1)
        assert server.accepted == 2


def test_a_server_that_refuses_is_asked_again_once_a_second_for_connections_ahead():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pumping(f"http://127.0.0.1:{port}") as pump:
        pump.open(4)
        before = time.process_time()
        let_pass(pump, 0.3)
        assert time.process_time() - before < 0.15, "it must not spin"
        assert pump.connections == 0


def test_a_large_request_is_sent_as_the_server_reads_it():
    def behave(line: Line) -> None:
        time.sleep(0.1)
        polite(line)

    body = os.urandom(1 << 23)
    with serving(behave) as server, pumping(server.url) as pump:
        assert pump.offer(Request(b"POST", b"/big", body), 1, later())
        pump.launch()
        assert isinstance(gather(pump, 1)[0][1], Response)
        assert server.heard[0].endswith(body)
        assert ask(pump)[1].body == b"ok"
        assert server.accepted == 1


def test_an_answer_before_the_request_was_read_is_an_answer():
    def behave(line: Line) -> None:
        line.sock.recv(1000)
        line.say(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        time.sleep(0.2)

    with serving(behave) as server, pumping(server.url) as pump:
        _, result, *_ = ask(pump, Request(b"POST", b"/big", b"x" * (1 << 24)))
        assert isinstance(result, Response)
        assert result.status == 413
        assert pump.connections == 0


@pytest.mark.parametrize("size", [0, 1, 65_400, 65_536, 300_000])
@pytest.mark.parametrize("step", [1 << 20, 4096])
def test_an_answer_of_any_size_in_any_pieces(size, step):
    body = os.urandom(size)
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + body

    def behave(line: Line) -> None:
        line.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while line.request():
            for at in range(0, len(answer), step):
                line.say(answer[at : at + step])

    with serving(behave) as server, pumping(server.url) as pump:
        assert [ask(pump)[1].body for _ in range(3)] == [body] * 3
        assert server.accepted == 1


def test_a_chunked_answer_after_an_interim_one():
    answer = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: CHUNKED\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    with serving(lambda line: [line.say(answer) for _ in iter(line.request, b"")]) as server:
        with pumping(server.url) as pump:
            assert [ask(pump)[1].body for _ in range(3)] == [b"ok"] * 3
        assert server.accepted == 1


def test_head_is_answered_without_a_body_and_the_connection_lives_on():
    def behave(line: Line) -> None:
        while request := line.request():
            line.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + (b"" if request.startswith(b"HEAD") else b"ok"))

    with serving(behave) as server, pumping(server.url) as pump:
        assert ask(pump, Request(b"HEAD", b"/count"))[1].body == b""
        assert ask(pump)[1].body == b"ok"
        assert server.accepted == 1


def test_the_token_may_change_while_running():
    tokens = ["one"]
    with serving(polite) as server, pumping(server.url, token=lambda: tokens[-1]) as pump:
        ask(pump)
        tokens.append("two")
        let_pass(pump, 0.01)
        ask(pump)
    assert [b"Bearer two" in heard for heard in server.heard] == [False, True]


def test_waiting_ends_on_time_and_never_early():
    with pumping("http://127.0.0.1:9") as pump:
        late = []
        for delay_ns in [50_000, 700_000, 2_400_000, 5_200_000] * 15:
            until_ns = CLOCK.now_ns() + delay_ns
            assert pump.collect(until_ns) == []
            late.append(CLOCK.now_ns() - until_ns)
        assert min(late) >= 0
        assert statistics.median(late) < NS_PER_MS


def test_waiting_for_ever_ends_when_something_finishes():
    with serving(polite) as server, pumping(server.url) as pump:
        assert pump.offer(GET, 1, 1 << 62)
        pump.launch()
        assert isinstance(pump.collect(1 << 62)[0][1], Response)


def test_a_wait_function_is_used_instead_of_blocking_and_wakes_on_time():
    """The pump's epoll nests in another loop: its timer makes it readable, whatever that loop's own precision."""
    import select

    outer = select.epoll()
    waits: list[float] = []

    def wait(fd: int, timeout_s: float) -> None:
        waits.append(timeout_s)
        outer.poll(10)

    with serving(polite) as server, pumping(server.url, wait=wait) as pump:
        outer.register(pump.fileno(), select.EPOLLIN)
        assert ask(pump)[1].body == b"ok"
        until_ns = CLOCK.now_ns() + 1_500_000
        pump.collect(until_ns)
        assert 0 <= CLOCK.now_ns() - until_ns < 500 * NS_PER_MS
        assert 0.0005 < waits[-1] <= 0.0015
    outer.close()


GEVENT = """
from gevent import monkey; monkey.patch_all()
import select, socket, sys, gevent
from types import SimpleNamespace
from gevent.monkey import get_original
from demogen.client.engine import open_pump
from demogen.clock import SystemClock
from demogen.contract.exchange import Request, Response
assert not hasattr(select, "epoll")
clock = SystemClock()
ticks = 0
def tick():
    global ticks
    while True:
        gevent.sleep(0.01)
        ticks += 1
gevent.spawn(tick)
def wait(fd, timeout_s):
    gevent.get_hub().wait(gevent.get_hub().loop.io(fd, 1))
pump = open_pump(sys.argv[1], clock=clock, sockets=SimpleNamespace(socket=get_original("socket", "socket")),
    resolve=get_original("socket", "getaddrinfo"), poller=get_original("select", "epoll"), wait=wait)
for _ in range(50):
    assert pump.offer(Request(b"GET", b"/"), 1, clock.now_ns() + 10**9)
    pump.launch()
    assert isinstance(pump.collect(clock.now_ns() + 10**9)[0][1], Response)
begun = clock.now_ns()
assert pump.collect(begun + 100_000_000) == []
late_ms = (clock.now_ns() - begun) / 1e6 - 100
assert 0 <= late_ms < 50, late_ms
assert ticks > 3, ticks
print("fine")
"""


def test_it_runs_under_gevent_and_lets_other_greenlets_run():
    with serving(polite) as server:
        done = subprocess.run(
            [sys.executable, "-c", GEVENT, server.url], capture_output=True, text=True, timeout=60, check=False
        )
    assert done.stdout == "fine\n", done.stderr


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("localhost:3002", "http://host:port"),
        ("ftp://localhost", "http://host:port"),
        ("http://", "http://host:port"),
        ("http://localhost:99999", "http://host:port"),
        ("http://user:word@localhost", "no user name"),
        ("http://localhost/?a=1", "no user name, query"),
        ("http://localhost/a b", "printable ASCII"),
        ("https://localhost/ü", "printable ASCII"),
    ],
)
def test_an_address_that_cannot_be_meant_is_refused_with_a_hint(url, hint):
    with pytest.raises(UsageError, match="cannot use the address") as caught:
        open_pump(url, clock=CLOCK)
    assert hint in caught.value.hint


def test_other_unusable_arguments_are_refused():
    with pytest.raises(UsageError, match="0 connections"):
        open_pump("http://localhost", clock=CLOCK, max_connections=0)
    with pytest.raises(UsageError, match="bearer token"):
        open_pump("http://localhost", clock=CLOCK, token="two\r\nlines")
    with pytest.raises(UsageError, match="no file"):
        open_pump("https://localhost", clock=CLOCK, ca_file="/nowhere/ca.pem")


def test_the_descriptor_limit_is_raised_where_it_may_be_and_bounds_the_connections():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
        assert descriptors_for(1000) == 1000
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= 1000
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_closed_pump_takes_nothing():
    pump = open_pump("http://127.0.0.1:9", clock=CLOCK)
    pump.close()
    pump.close()
    assert not pump.offer(GET, 1, later())
    assert pump.collect(later()) == []


def test_a_deadline_that_has_passed_ends_a_request_at_once():
    with serving(polite) as server, pumping(server.url) as pump:
        assert pump.offer(GET, 1, CLOCK.now_ns() - 1)
        pump.launch()
        ((ticket, result, sent_ns, _),) = gather(pump, 1)
        assert ticket == 1
        assert result in (Fault.TIMEOUT, Fault.CONNECT_TIMEOUT)
        assert result.sent == bool(sent_ns)
