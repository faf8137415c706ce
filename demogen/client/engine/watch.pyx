"""The compiled twin of watch.py: epoll, timer and clock are asked without Python's objects in between.

Only a poller whose `poll` is select.epoll's own is passed by, only a clock that is the machine's own; others are called.
"""

from cpython.exc cimport PyErr_CheckSignals
from libc.errno cimport EINTR, errno
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, itimerspec, timespec

from collections.abc import Callable
from os import strerror
from select import EPOLLET, EPOLLIN
from types import BuiltinMethodType
from typing import Protocol

from demogen.client.engine.timer import Timer
from demogen.clock import SystemClock

cdef extern from "sys/epoll.h" nogil:
    int epoll_wait(int fd, epoll_event *events, int count, int timeout_ms)

cdef extern from "sys/timerfd.h" nogil:
    int timerfd_settime(int fd, int flags, const itimerspec *value, itimerspec *before)
    int TFD_TIMER_ABSTIME

EVENTS_MAX = 256
COARSE_NS = 3_000_000
LONGEST_NS = 3_600_000_000_000

cdef enum:
    ROOM = 256
    MS = 1_000_000
    S = 1_000_000_000
    NEVER = -1

cdef long long _COARSE_NS = COARSE_NS
cdef long long _LONGEST_NS = LONGEST_NS

Wait = Callable[[int, float], object]
Events = list[tuple[int, int]]


class Poller(Protocol):
    pass


cdef inline long long _monotonic_ns() noexcept nogil:
    cdef timespec moment
    clock_gettime(CLOCK_MONOTONIC, &moment)
    return moment.tv_sec * <long long>S + moment.tv_nsec


cdef bint _is_epolls(poll):
    """Whether this is the `poll` of a select.epoll; under gevent the class cannot be had by its name."""
    if type(poll) is not BuiltinMethodType or poll.__name__ != "poll":
        return False
    owner = type(poll.__self__)
    return owner.__module__ == "select" and owner.__name__ == "epoll"


cdef class Watch:
    def __init__(self, poller, wait, clock):
        self.fd = poller.fileno()
        self._now = clock.now_ns
        self._monotonic = self._now is SystemClock.now_ns
        self._poller = poller
        self._poll = poller.poll
        self._real = _is_epolls(self._poll)
        self._park = wait
        self._timer = Timer()
        self._timer_fd = self._timer.fd if self._timer.exact else -1
        self._armed_ns = NEVER
        if self._timer_fd >= 0:
            poller.register(self._timer_fd, EPOLLIN | EPOLLET)

    cpdef long long now(self) except? -1:
        return _monotonic_ns() if self._monotonic else self._now()

    cpdef int ready(self) except -1:
        return self._look(0)

    cpdef int wait(self, long long until_ns, long long now_ns) except -1:
        cdef long long left_ns = min(until_ns - now_ns, _LONGEST_NS)
        cdef int count
        if left_ns > _COARSE_NS and self._park is None:
            return self._look(<int>((left_ns - MS) // MS))
        if left_ns > 0 and self._park is None and self._real and self._monotonic and self._timer_fd >= 0:
            # One call where the plain file has three: the wait finds what is there, the timer is mostly set already.
            self._arm(now_ns + left_ns, left_ns)
            return self._look(-1)
        count = self._look(0)
        if count or left_ns <= 0:
            return count
        if self._timer_fd >= 0:
            self._arm(now_ns + left_ns, left_ns)
        if self._park is not None:
            self._park(self.fd, left_ns / <double>S)
            return self._look(0)
        return self._look(-1 if self._timer_fd >= 0 else 0)

    cpdef int fd_at(self, Py_ssize_t index) noexcept:
        return self._events[index].data.fd

    cpdef unsigned int mask_at(self, Py_ssize_t index) noexcept:
        return self._events[index].events

    def close(self):
        self._timer_fd = -1
        self._real = False  # its number may soon be another's
        self._timer.close()
        self._poller.close()

    cdef void _arm(self, long long at_ns, long long left_ns) noexcept:
        """Set the timer; by the machine's own clock once for each moment, until it has gone off."""
        cdef itimerspec value
        cdef long long given_ns = at_ns if self._monotonic else left_ns
        if self._monotonic and at_ns == self._armed_ns:
            return
        value.it_interval.tv_sec = value.it_interval.tv_nsec = 0
        value.it_value.tv_sec = given_ns // S
        value.it_value.tv_nsec = given_ns % S
        timerfd_settime(self._timer_fd, TFD_TIMER_ABSTIME if self._monotonic else 0, &value, NULL)
        self._armed_ns = at_ns

    cdef int _look(self, int timeout_ms) except -1:
        cdef int index, count
        # Compiled, a whole turn may run none of the interpreter's own code, which would see to signals.
        PyErr_CheckSignals()
        count = self._ask_kernel(timeout_ms) if self._real else self._ask_poller(timeout_ms)
        for index in range(count):
            if self._events[index].data.fd == self._timer_fd:
                self._armed_ns = NEVER
        return count

    cdef int _ask_poller(self, int timeout_ms) except -1:
        cdef int count = 0
        for fd, mask in self._poll(timeout_ms / 1000.0 if timeout_ms > 0 else timeout_ms, EVENTS_MAX):
            if count < ROOM:
                self._events[count].data.fd = fd
                self._events[count].events = mask
                count += 1
        return count

    cdef int _ask_kernel(self, int timeout_ms) except -1:
        cdef int count, trouble = 0
        cdef long long left_ns, end_ns = _monotonic_ns() + timeout_ms * <long long>MS if timeout_ms > 0 else 0
        while True:
            # The interpreter lock is given up even where nothing is waited for: it is other threads' turn.
            with nogil:
                count = epoll_wait(self.fd, self._events, ROOM, timeout_ms)
                if count < 0:
                    trouble = errno
            if count >= 0:
                return count
            if trouble != EINTR:
                raise OSError(trouble, strerror(trouble))
            PyErr_CheckSignals()
            if timeout_ms > 0:
                left_ns = end_ns - _monotonic_ns()
                if left_ns <= 0:
                    return 0
                timeout_ms = <int>((left_ns + MS - 1) // MS)
