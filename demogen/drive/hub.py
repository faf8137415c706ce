"""How the engine lives inside gevent: the original sockets and poller, and a wait that parks the greenlet.

Patching removes `select.epoll` and makes sockets cooperative; the pump wants neither, since its one epoll descriptor
nests in the hub's own (design 4.3). May import: gevent, client.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import gevent
from gevent import get_hub
from gevent.monkey import get_original

from demogen.client.engine import open_pump
from demogen.client.transport import Carrier
from demogen.clock import Clock
from demogen.drive.otel import traced


class HubWait:
    """Parks the calling greenlet until a descriptor is readable or the time is up.

    The watcher is kept, since the descriptor is always the same epoll.
    """

    def __init__(self) -> None:
        self._watcher: Any = None
        self._fd = -1

    def __call__(self, fd: int, timeout_s: float) -> None:
        if fd != self._fd:
            self._fd = fd
            self._watcher = get_hub().loop.io(fd, 1)
        current = gevent.getcurrent()
        timer = get_hub().loop.timer(max(timeout_s, 0.0))
        wake = _Once(current)
        self._watcher.start(wake)
        timer.start(wake)
        try:
            get_hub().switch()
        finally:
            wake.spent = True
            self._watcher.stop()
            timer.stop()
            timer.close()


class _Once:
    """Switches to a greenlet at most once: readiness and time-out may come in one loop iteration."""

    __slots__ = ("_greenlet", "spent")

    def __init__(self, greenlet: Any) -> None:
        self._greenlet = greenlet
        self.spent = False

    def __call__(self) -> None:
        if not self.spent:
            self.spent = True
            self._greenlet.switch()


class Resolver:
    """Looks names up without ever switching greenlets inside the pump, which is not made for that.

    The address is looked up once before the pump begins; when it is asked for again (none answers any more), the last
    rows are given and fresh ones fetched behind its back for the next time.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._place = (parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
        self._rows: Sequence[Any] = ()
        self._look_up()
        self._asked = False

    def __call__(self, *_: Any) -> Sequence[Any]:
        """Rows as of getaddrinfo; empty where the name has no address."""
        if self._asked or not self._rows:
            gevent.spawn(self._look_up)
        self._asked = True
        return self._rows

    def _look_up(self) -> None:
        try:
            self._rows = socket.getaddrinfo(*self._place, type=socket.SOCK_STREAM)
        except OSError:
            self._rows = ()


def open_hub_pump(url: str, *, clock: Clock, **options: Any) -> Carrier:
    """A pump that runs in this process's hub; `options` as for `client.engine.open_pump`. Switches greenlets.

    Where traces are wanted it is wrapped: each call is a span.
    """
    originals = SimpleNamespace(**{name: getattr(socket, name) for name in dir(socket) if not name.startswith("__")})
    originals.socket = get_original("socket", "socket")
    pump = open_pump(
        url,
        clock=clock,
        sockets=originals,
        resolve=Resolver(url),
        poller=get_original("select", "epoll"),
        wait=HubWait(),
        **options,
    )
    return traced(pump, clock=clock)


def off_the_loop(work: Any) -> None:
    """Run blocking work on a native thread, without waiting for it."""
    get_hub().threadpool.spawn(work)
