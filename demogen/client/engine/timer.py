"""Wakes an epoll on time: a kernel timer that is one more descriptor in it.

epoll's own time-outs come in whole milliseconds; a nested epoll has none at all that the outer one would see. Where
the kernel timer cannot be had, `exact` is False and the pump waits short and polls the rest. Never reads time.
May import: nothing from demogen.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable

_NS_PER_S = 1_000_000_000
_CLOCK_MONOTONIC = 1
_NONBLOCK_CLOEXEC = os.O_NONBLOCK | os.O_CLOEXEC


class _Moment(ctypes.Structure):
    _fields_ = (
        ("interval_s", ctypes.c_long),
        ("interval_ns", ctypes.c_long),
        ("value_s", ctypes.c_long),
        ("value_ns", ctypes.c_long),
    )


class Timer:
    """One timer. Register `fd` edge-triggered: then an expiry is told once and need not be read."""

    def __init__(self) -> None:
        self.fd = -1
        self._moment = _Moment(0, 0, 0, 0)
        self._reference = ctypes.byref(self._moment)
        try:
            # PyDLL keeps the interpreter lock: the call takes less time than giving it up would.
            libc = ctypes.PyDLL(None)
            self._settime: Callable[..., int] = libc.timerfd_settime
            self.fd = libc.timerfd_create(_CLOCK_MONOTONIC, _NONBLOCK_CLOEXEC)
        except (OSError, AttributeError):
            return

    @property
    def exact(self) -> bool:
        return self.fd >= 0

    def arm(self, delay_ns: int) -> None:
        """Expire once, `delay_ns` (> 0) from now; replaces what was armed before."""
        self._moment.value_s, self._moment.value_ns = divmod(delay_ns, _NS_PER_S)
        self._settime(self.fd, 0, self._reference, None)

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
