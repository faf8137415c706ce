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

from demogen.client.auth import Token
from demogen.client.engine import open_pump
from demogen.client.engine.timer import Timer
from demogen.client.transport import Carrier
from demogen.client.watched import watched
from demogen.clock import Clock


class HubPoller:
    """An epoll nested in the hub's own: `wait` parks the greenlet until it has something, and counts that in `parks`.

    Its watcher stays active between waits, since to start and stop one costs two system calls, and no timer of gevent's
    is needed where the pump's own makes the epoll readable on time. One greenlet waits at a time.
    """

    def __init__(self) -> None:
        self._epoll: Any = get_original("select", "epoll")()
        self.fileno, self.register, self.modify = self._epoll.fileno, self._epoll.register, self._epoll.modify
        self.poll = self._epoll.poll
        self.parks = 0
        self._hub = get_hub()
        self._watcher: Any = None
        self._parked: Any = None
        timer = Timer()
        self._timed = timer.exact
        timer.close()

    def wait(self, fd: int, timeout_s: float) -> None:
        """Park until `fd`, our own, is readable or the time is up."""
        if self._watcher is None:
            self._watcher = self._hub.loop.io(fd, 1)
            self._watcher.start(self._wake)
        timer = None
        if not self._timed:
            timer = self._hub.loop.timer(max(timeout_s, 0.0))
            timer.start(self._wake)
        self.parks += 1
        self._parked = gevent.getcurrent()
        try:
            self._hub.switch()
        finally:
            self._parked = None
            if timer is not None:
                timer.stop()
                timer.close()

    def close(self) -> None:
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher.close()
            self._watcher = None
        self._epoll.close()

    def _wake(self) -> None:
        # Readiness and time-out may come in one loop iteration, and readiness while nobody waits.
        parked, self._parked = self._parked, None
        if parked is not None:
            parked.switch()


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


def open_hub_pump(
    url: str, *, clock: Clock, poller: HubPoller | None = None, token: Token = None, **options: Any
) -> Carrier:
    """A pump that runs in this process's hub; `options` as for `client.engine.open_pump`. Switches greenlets.

    Where somebody wants traces or pairs it is wrapped.
    """
    nested = poller or HubPoller()
    originals = SimpleNamespace(**{name: getattr(socket, name) for name in dir(socket) if not name.startswith("__")})
    originals.socket = get_original("socket", "socket")
    pump = open_pump(
        url,
        clock=clock,
        sockets=originals,
        resolve=Resolver(url),
        poller=lambda: nested,
        wait=nested.wait,
        token=token,
        **options,
    )
    return watched(pump, clock=clock, token=token)


def off_the_loop(work: Any) -> None:
    """Run blocking work on a native thread, without waiting for it."""
    get_hub().threadpool.spawn(work)
