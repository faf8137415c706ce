"""The engine's twins in C frame, wait and tell as their plain files do; those that only read are in test_compiled."""

from __future__ import annotations

import errno
import os
import select
import signal
import socket
from types import SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from test_compiled import needs_compiled, plain

import demogen.client.engine.frames as frames
import demogen.client.engine.watch as watch
from demogen.client.engine.endpoint import Endpoint
from demogen.clock import NS_PER_MS, NS_PER_S, FakeClock, SystemClock
from demogen.contract.exchange import JSON, Request

WATCH = plain(watch)


class OtherRequest(Request, frozen=True):
    """Not exactly a Request, so not for the quick way."""


@needs_compiled
@given(
    method=st.sampled_from([b"GET", b"HEAD", b"POST", b"PATCH"]) | st.binary(max_size=5),
    target=st.binary(max_size=60),
    body=st.binary(max_size=20) | st.integers(0, 12_000).map(bytes),
    content_type=st.sampled_from([JSON, JSON, b"text/plain"]),
    key=st.sampled_from([b""]) | st.binary(max_size=40),
    headers=st.sampled_from([b"", b"X-TTL: 60\r\n"]),
    token=st.sampled_from(["", "secret"]),
)
@example(b"POST", b"/", bytes(9), JSON, b"", b"", "")
@example(b"POST", b"/", bytes(10), JSON, b"k", b"", "")
def test_requests_are_framed_alike(method, target, body, content_type, key, headers, token):
    letterhead = Endpoint("http://ledger/base", resolve=lambda *_: ()).letterhead(token)
    request = Request(method, target, body, content_type, key, headers)
    slowly = letterhead._spelled(request)
    assert letterhead.frame(request) == slowly
    assert letterhead.frame(OtherRequest(method, target, body, content_type, key, headers)) == slowly
    quickly = frames.everyday_frame(request, b" ", b"", b"")
    assert (quickly is None) == (body != b"" and content_type is not JSON)


@needs_compiled
def test_a_request_of_other_than_bytes_is_left_to_the_slow_way():
    request = Request(b"POST", b"/", bytearray(b"{}"))
    assert frames.everyday_frame(request, b" ", b"", b"") is None
    letterhead = Endpoint("http://ledger", resolve=lambda *_: ()).letterhead("")
    assert letterhead.frame(request).endswith(b"Content-Length: 2\r\n\r\n{}")


class Pretended:
    """A poller that only wraps a real one: it is asked through its methods, and says what it was asked."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self.fileno, self.register, self.close = self._epoll.fileno, self._epoll.register, self._epoll.close
        self.asked: list[tuple[float, int]] = []

    def poll(self, timeout: float, maxevents: int) -> list[tuple[int, int]]:
        self.asked.append((timeout, maxevents))
        return self._epoll.poll(timeout, maxevents)


@pytest.mark.parametrize("module", [watch, WATCH], ids=["as imported", "plain"])
@pytest.mark.parametrize("poller", [select.epoll, Pretended], ids=["epoll", "another poller"])
def test_events_are_told_until_the_next_question(module, poller):
    epoll = poller()
    one = module.Watch(epoll, None, SystemClock())
    pairs = [socket.socketpair() for _ in range(3)]
    for ours, _ in pairs:
        epoll.register(ours.fileno(), select.EPOLLIN | select.EPOLLRDHUP)
    assert (one.fd, one.ready()) == (epoll.fileno(), 0)
    for _, theirs in pairs[:2]:
        theirs.sendall(b"x")
    pairs[2][1].close()
    for left_ns in (NS_PER_S, 2 * NS_PER_MS, 2 * NS_PER_MS, 0, -1):
        count = one.wait(one.now() + left_ns, one.now())
        assert {one.fd_at(index): one.mask_at(index) for index in range(count)} == {
            pairs[0][0].fileno(): select.EPOLLIN,
            pairs[1][0].fileno(): select.EPOLLIN,
            pairs[2][0].fileno(): select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLHUP,
        }
    assert one.ready() == 3
    one.close()
    assert getattr(epoll, "closed", True)
    for pair in pairs:
        for end in pair:
            end.close()


@pytest.mark.parametrize("module", [watch, WATCH], ids=["as imported", "plain"])
def test_a_wait_ends_on_time_and_another_poller_is_asked_the_same(module):
    clock, asked = SystemClock(), []
    for poller in (select.epoll(), Pretended()):
        one = module.Watch(poller, None, clock)
        for left_ns in (0, -5, NS_PER_MS // 2, 5 * NS_PER_MS + 7):
            began = clock.now_ns()
            count = one.wait(began + left_ns, began)
            assert count <= 1
            assert clock.now_ns() - began >= (left_ns if left_ns < 3 * NS_PER_MS else 4 * NS_PER_MS)
        asked = getattr(poller, "asked", asked)
        one.close()
    assert asked == [(0, 256), (0, 256), (0, 256), (-1, 256), (0.004, 256)]


@pytest.mark.parametrize("module", [watch, WATCH], ids=["as imported", "plain"])
@pytest.mark.parametrize("parked", [False, True], ids=["alone", "parked"])
def test_a_moment_waited_for_in_several_waits_comes_all_the_same(module, parked):
    clock, outer = SystemClock(), select.epoll()
    epoll = select.epoll()
    one = module.Watch(epoll, (lambda fd, left_s: outer.poll(5)) if parked else None, clock)
    outer.register(one.fd, select.EPOLLIN)
    ours, theirs = os.pipe()
    epoll.register(ours, select.EPOLLIN)
    for _ in range(20):
        until_ns = clock.now_ns() + 2 * NS_PER_MS
        os.write(theirs, b"x")
        assert one.wait(until_ns, clock.now_ns()) >= 1
        os.read(ours, 1)
        while (now_ns := clock.now_ns()) < until_ns:
            assert one.wait(until_ns, now_ns) <= 1
        assert clock.now_ns() - until_ns < NS_PER_S
    one.close()
    outer.close()
    os.close(ours)
    os.close(theirs)


@pytest.mark.parametrize("module", [watch, WATCH], ids=["as imported", "plain"])
def test_a_park_function_waits_and_the_clock_is_the_one_handed_in(module):
    parked, fake = [], FakeClock(now_ns=7)
    one = module.Watch(select.epoll(), lambda fd, left_s: parked.append((fd, left_s)), fake)
    assert one.now() == 7
    fake.advance_ns(1)
    assert one.now() == 8
    one.wait(5 * NS_PER_S // 2 + 8, one.now())
    one.wait(1 << 62, one.now())
    assert parked == [(one.fd, 2.5), (one.fd, 3600.0)]
    one.close()
    real = module.Watch(select.epoll(), None, SystemClock())
    assert SystemClock.now_ns() <= real.now() <= SystemClock.now_ns()
    real.close()


@pytest.mark.parametrize("module", [watch, WATCH], ids=["as imported", "plain"])
@pytest.mark.parametrize("left_ns", [30 * NS_PER_MS, 2 * NS_PER_MS], ids=["coarse", "exact"])
def test_a_signal_is_seen_to_and_the_wait_goes_on(module, left_ns):
    heard = []
    before = signal.signal(signal.SIGALRM, lambda number, frame: heard.append(number))
    one = module.Watch(select.epoll(), None, clock := SystemClock())
    try:
        signal.setitimer(signal.ITIMER_REAL, left_ns / 2 / NS_PER_S)
        began_ns = clock.now_ns()
        assert one.wait(began_ns + left_ns, began_ns) <= 1
        assert clock.now_ns() - began_ns >= left_ns - NS_PER_MS
    finally:
        signal.signal(signal.SIGALRM, before)
        one.close()
    assert heard == [signal.SIGALRM]


@pytest.mark.parametrize("module", [watch, WATCH], ids=["as imported", "plain"])
def test_what_the_kernel_refuses_is_an_error_with_its_number(module):
    one = module.Watch(epoll := select.epoll(), None, SystemClock())
    saved = os.dup(one.fd)
    os.close(one.fd)
    try:
        with pytest.raises(OSError) as refused:
            one.ready()
        assert refused.value.errno == errno.EBADF
    finally:
        os.dup2(saved, epoll.fileno())
        os.close(saved)
        one.close()


def test_a_failure_of_the_poller_is_an_error():
    def fail() -> int:
        raise OSError("no")

    for module in (watch, WATCH):
        one = module.Watch(select.epoll(), None, SimpleNamespace(now_ns=fail))
        with pytest.raises(OSError):
            one.now()
        one.close()
        with pytest.raises(ValueError):
            one.ready()


def test_the_twins_of_watch_count_alike():
    for name in ("EVENTS_MAX", "COARSE_NS", "LONGEST_NS"):
        assert getattr(watch, name) == getattr(WATCH, name)
