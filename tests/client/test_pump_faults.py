"""Every way an answer can fail to come has its own name, ends in time, and leaves the pump fit for the next request."""

from __future__ import annotations

import errno
import random
import socket
import time
from collections import Counter
from types import SimpleNamespace

import pytest
from nasty import CLOCK, OK, Line, ask, dead_end, gather, let_pass, polite, pumping, serving, until

from demogen.client.engine import open_pump
from demogen.clock import NS_PER_S
from demogen.contract.exchange import Fault, Request, Response

BIG = b"HTTP/1.1 200 OK\r\nContent-Length: 90000000\r\n\r\n"


def hold(line: Line) -> None:
    """Keep the connection until the client leaves."""
    while line.sock.recv(65536):
        pass


def says(data: bytes, *, then: str = "close"):
    """A server that reads a request, says `data`, and then closes, cuts or holds the line."""

    def behave(line: Line) -> None:
        line.request()
        line.say(data)
        if then == "cut":
            line.cut()
        elif then == "hold":
            hold(line)
        elif then == "linger":
            time.sleep(0.05)

    return behave


@pytest.mark.parametrize(
    ("behave", "fault"),
    [
        pytest.param(says(b""), Fault.RESET, id="closes without a word"),
        pytest.param(says(b"", then="cut"), Fault.RESET, id="resets without a word"),
        pytest.param(says(OK[:-1]), Fault.CLOSED, id="half a reply, then closes"),
        pytest.param(says(OK[:5], then="cut"), Fault.CLOSED, id="half a reply, then resets"),
        pytest.param(says(b"220 smtp ready\r\n", then="hold"), Fault.GARBAGE, id="speaks another protocol"),
        pytest.param(says(BIG, then="hold"), Fault.OVERSIZED, id="announces far too much"),
        pytest.param(says(b"", then="hold"), Fault.TIMEOUT, id="answers nothing"),
        pytest.param(says(OK[:-1], then="hold"), Fault.TIMEOUT, id="never says the last byte"),
    ],
)
def test_a_server_that_fails_after_the_request_was_sent(behave, fault):
    with serving(behave) as server, pumping(server.url) as pump:
        began = CLOCK.now_ns()
        ticket, result, sent_ns, ended_ns = ask(pump, timeout_s=0.3)
        assert (ticket, result) == ("ticket", fault)
        assert began < sent_ns < ended_ns
        assert result.sent
        assert pump.connections == 0
        if fault is Fault.TIMEOUT:
            assert 0.3 <= (ended_ns - began) / NS_PER_S < 1


def test_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pumping(f"http://127.0.0.1:{port}") as pump:
        for _ in range(3):
            _, result, sent_ns, _ = ask(pump)
            assert (result, sent_ns) == (Fault.REFUSED, 0)
            assert not result.sent


def test_the_name_has_no_address():
    def resolve(*_: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    with pumping("http://ledger.invalid", resolve=resolve) as pump:
        assert ask(pump)[1:3] == (Fault.UNRESOLVED, 0)


def test_a_name_that_has_an_address_later_is_looked_up_again():
    clock_ns = CLOCK.now_ns
    shift = 0
    clock = SimpleNamespace(now_ns=lambda: clock_ns() + shift, wall_ns=CLOCK.wall_ns, sleep=CLOCK.sleep)
    with serving(polite) as server:
        rows = [[], [(socket.AF_INET, 1, 6, "", ("127.0.0.1", server.port))]]
        answers = iter(rows)
        pump = open_pump("http://ledger.example", clock=clock, resolve=lambda *_: next(answers))
        assert pump.offer(Request(b"GET", b"/"), 1, clock.now_ns() + NS_PER_S)
        assert pump.collect(clock.now_ns())[0][1] is Fault.UNRESOLVED
        shift = 6 * NS_PER_S
        assert pump.offer(Request(b"GET", b"/"), 2, clock.now_ns() + NS_PER_S)
        pump.launch()
        assert isinstance(pump.collect(clock.now_ns() + NS_PER_S)[0][1], Response)
        pump.close()


def test_the_next_address_is_tried_and_the_one_that_answers_remembered():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        dead = taken.getsockname()[1]
    with serving(lambda line: line.say(OK) if line.request() else None) as server:
        rows = [(socket.AF_INET, 1, 6, "", ("127.0.0.1", port)) for port in (dead, server.port)]
        connects: list[int] = []

        def make(family: int, kind: int, protocol: int) -> SpySocket:
            return SpySocket(connects, family, kind, protocol)

        with pumping("http://ledger.example", resolve=lambda *_: rows, sockets=SimpleNamespace(socket=make)) as pump:
            for _ in range(2):
                assert isinstance(ask(pump)[1], Response)
                until(lambda: pump.connections == 0, pump)
        assert connects == [dead, server.port, server.port]


class SpySocket(socket.socket):
    """Notes which ports are tried."""

    def __init__(self, connects: list[int], *args: int) -> None:
        super().__init__(*args)
        self._connects = connects

    def connect_ex(self, address: tuple[str, int]) -> int:
        self._connects.append(address[1])
        return super().connect_ex(address)


def test_a_listener_that_never_accepts():
    with dead_end() as port:
        with pumping(f"http://127.0.0.1:{port}", connect_timeout_s=0.2) as pump:
            assert ask(pump)[1:3] == (Fault.CONNECT_TIMEOUT, 0)
        with pumping(f"http://127.0.0.1:{port}", connect_timeout_s=30) as pump:
            began = CLOCK.now_ns()
            _, result, sent_ns, ended_ns = ask(pump, timeout_s=0.2)
            assert (result, sent_ns) == (Fault.CONNECT_TIMEOUT, 0), "its own deadline passed first"
            assert (ended_ns - began) / NS_PER_S < 1


@pytest.mark.parametrize("failure", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS])
def test_out_of_descriptors(failure):
    def make(*_: int) -> socket.socket:
        raise OSError(failure, "no more")

    with pumping("http://127.0.0.1:9", sockets=SimpleNamespace(socket=make, getaddrinfo=socket.getaddrinfo)) as pump:
        assert ask(pump)[1:3] == (Fault.NO_DESCRIPTORS, 0)


def test_a_connection_that_closes_while_idle_is_not_used_again():
    with serving(says(OK)) as server, pumping(server.url) as pump:
        for _ in range(5):
            assert isinstance(ask(pump)[1], Response)
            until(lambda: pump.connections == 0, pump)
        assert server.accepted == 5


def test_rubbish_on_an_idle_connection_ends_it():
    def behave(line: Line) -> None:
        line.request()
        line.say(OK)
        time.sleep(0.05)
        line.say(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged")
        hold(line)

    with serving(behave) as server, pumping(server.url) as pump:
        assert ask(pump)[1].body == b"ok"
        until(lambda: pump.connections == 0, pump)
        assert ask(pump)[1].body == b"ok"


def test_an_answer_nobody_asked_for_is_not_taken_for_the_next_one():
    with serving(says(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged", then="hold")) as server:
        with pumping(server.url) as pump:
            assert [ask(pump)[1].body for _ in range(3)] == [b"ok"] * 3
        assert server.accepted == 3


def test_a_reset_known_before_sending_costs_nothing():
    """The kernel refuses the bytes: nothing has left, so another connection carries the request."""
    with serving(lambda line: (line.request(), line.say(OK), line.cut())) as server, pumping(server.url) as pump:
        for _ in range(3):
            assert isinstance(ask(pump)[1], Response)
            time.sleep(0.05)  # the reset arrives; the pump does not look
        assert len(server.heard) == 3


def test_a_good_bye_not_yet_seen_leaves_the_request_open():
    with serving(says(OK, then="linger")) as server, pumping(server.url) as pump:
        assert isinstance(ask(pump)[1], Response)
        time.sleep(0.15)  # the good-bye arrives; the pump does not look
        # Sent into a connection that the peer has closed: whether it was read, only the peer knows.
        assert ask(pump)[1] in (Fault.RESET, Fault.CLOSED)
        assert len(server.heard) == 1


def test_a_late_answer_is_not_given_to_the_next_request():
    def behave(line: Line) -> None:
        while line.request():
            if line.number == 0:
                time.sleep(0.3)
            line.say(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % line.number)

    with serving(behave) as server, pumping(server.url) as pump:
        assert ask(pump, timeout_s=0.1)[1] is Fault.TIMEOUT
        assert ask(pump)[1].body == b"1"
        let_pass(pump, 0.3)
        assert ask(pump)[1].body == b"1"


def test_closing_cancels_what_is_in_flight():
    with serving(hold) as server, pumping(server.url, max_connections=2) as pump:
        for number in range(2):
            assert pump.offer(Request(b"GET", b"/"), number, CLOCK.now_ns() + NS_PER_S)
        pump.launch()
        let_pass(pump, 0.05)
        pump.close()
        deliveries = pump.collect(CLOCK.now_ns() + NS_PER_S)
        assert sorted((ticket, result) for ticket, result, *_ in deliveries) == [
            (0, Fault.CANCELLED),
            (1, Fault.CANCELLED),
        ]
        assert pump.in_flight == 0
        assert not pump.offer(Request(b"GET", b"/"), 3, CLOCK.now_ns() + NS_PER_S)
        assert pump.collect(CLOCK.now_ns() + NS_PER_S) == []


def test_whatever_a_server_does_each_request_ends_once_and_is_carried_out_at_most_once():
    dice = random.Random(11)
    moods = [dice.choice(["ok"] * 8 + ["close", "cut", "half", "rubbish", "drip", "bye", "extra"]) for _ in range(5000)]
    mood = iter(moods)

    def behave(line: Line) -> None:
        while request := line.request():
            name = request.split(b" ")[1]
            answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(name), name)
            match next(mood):
                case "ok":
                    line.say(answer)
                case "close":
                    return
                case "cut":
                    line.cut()
                    return
                case "half":
                    line.say(answer[:-2])
                    return
                case "rubbish":
                    line.say(b"lorem ipsum\r\n\r\n")
                case "drip":
                    for at in range(0, len(answer), 9):
                        line.say(answer[at : at + 9])
                        time.sleep(0.0005)
                case "bye":
                    line.say(answer.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n"))
                    return
                case "extra":
                    line.say(answer + b"extra")

    count = 1500
    offered = 0
    ended: Counter[object] = Counter()
    kinds: Counter[object] = Counter()
    with serving(behave) as server, pumping(server.url, max_connections=16) as pump:
        while sum(ended.values()) < count:
            while offered < count and pump.in_flight < 24:
                if not pump.offer(Request(b"GET", b"/%d" % offered), offered, CLOCK.now_ns() + 10 * NS_PER_S):
                    break
                offered += 1
            pump.launch()
            for ticket, result, sent_ns, ended_ns in gather(pump, 1):
                ended[ticket] += 1
                kinds[result if isinstance(result, Fault) else "answer"] += 1
                assert 0 < sent_ns <= ended_ns
                if isinstance(result, Response):
                    assert result.body == b"/%d" % ticket
        assert set(ended.values()) == {1}
        assert max(Counter(server.heard).values()) == 1
    assert set(kinds) == {"answer", Fault.RESET, Fault.CLOSED, Fault.GARBAGE}
