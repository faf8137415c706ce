"""Serves a SandboxApp over HTTP from one thread: gather requests, run them, commit once, release the answers.

An answer leaves only after its group's commit, so an acknowledged transaction survives kill -9. May import:
demogen.clock, demogen.errors, demogen.sandbox.
"""

from __future__ import annotations

import errno
import heapq
import select
import socket
from collections.abc import Iterable
from contextlib import suppress

from demogen.clock import NS_PER_S, Clock
from demogen.errors import UsageError
from demogen.sandbox.app import SandboxApp
from demogen.sandbox.connection import Connection, Request
from demogen.sandbox.controls.faults import DROP
from demogen.sandbox.controls.gate import Gate, faulty
from demogen.sandbox.controls.panel import PREFIX, Panel
from demogen.sandbox.http import Reply

_BACKLOG = 4096
_RECEIVE_BYTES = 65_536
_READ, _WRITE = select.EPOLLIN, select.EPOLLOUT
_GONE = select.EPOLLHUP | select.EPOLLERR
_ACCEPTS = 256


class Server:
    """An event loop over one listening socket, with a gate in front of the ledger."""

    def __init__(
        self,
        app: SandboxApp,
        *,
        gate: Gate,
        clock: Clock,
        host: str = "127.0.0.1",
        port: int = 0,
        panel: Panel | None = None,
    ) -> None:
        self._app = app
        self._gate = gate
        self._panel = panel
        self._now_ns = clock.now_ns
        self._held: list[tuple[int, int, Request, Reply]] = []
        self._count = 0
        self._listener = _listen(host, port)
        self._poll = select.epoll()
        self._poll.register(self._listener.fileno(), _READ)
        self._wake_read, self._wake_write = socket.socketpair()
        self._wake_read.setblocking(False)
        self._wake_write.setblocking(False)
        self._poll.register(self._wake_read.fileno(), _READ)
        self._connections: dict[int, Connection] = {}
        self._stopping = False
        self.host, self.port = self._listener.getsockname()[:2]

    @property
    def url(self) -> str:
        """Where clients reach it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def wake_fd(self) -> int:
        """For signal.set_wakeup_fd: a byte here ends a wait."""
        return self._wake_write.fileno()

    def stop(self) -> None:
        """Serve what is in hand, then return from `serve`; callable from a signal handler."""
        self._stopping = True
        with suppress(OSError):  # It is full of wake-ups already, or closed: a second signal.
            self._wake_write.send(b"\0")

    def serve(self) -> None:
        """Until `stop`."""
        listener, wake = self._listener.fileno(), self._wake_read.fileno()
        while not self._stopping:
            group: list[Request] = []
            touched: list[Connection] = []
            for fd, events in self._poll.poll(self._patience_s()):
                if fd == listener:
                    self._accept()
                elif fd == wake:
                    self._wake_read.recv(4096)
                else:
                    connection = self._connections.get(fd)
                    if connection is not None:
                        touched.append(connection)
                        if events & (_READ | _GONE):
                            group += self._receive(connection)
            if group:
                self._run(group)
            if self._held:
                touched += self._release()
            self._send(touched)
        self._close()

    def _patience_s(self) -> float | None:
        """How long nothing of our own is due."""
        if not self._held:
            return None
        return max(0.0, (self._held[0][0] - self._now_ns()) / NS_PER_S)

    def _release(self) -> list[Connection]:
        """Answer what was held back long enough; the connections to send on."""
        due: list[Connection] = []
        now_ns = self._now_ns()
        while self._held and self._held[0][0] <= now_ns:
            _, _, request, reply = heapq.heappop(self._held)
            self._answer(request, reply)
            due.append(request.connection)
        return due

    def _accept(self) -> None:
        for _ in range(_ACCEPTS):
            try:
                sock, _ = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE, errno.ECONNABORTED):
                    return
                raise
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                connection = Connection(sock)
            except OSError:
                sock.close()
                continue
            self._connections[connection.fd] = connection
            self._poll.register(connection.fd, _READ)

    def _receive(self, connection: Connection) -> list[Request]:
        try:
            data = connection.sock.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return []
        except OSError:
            data = b""
        if not data:
            connection.cut = True
            return []
        return connection.receive(data)

    def _run(self, group: list[Request]) -> None:
        """Run a group and commit it; if a handler breaks, nothing of the group has happened."""
        app, came_ns = self._app, self._now_ns()
        work = self._guarded if self._gate.guards or self._panel is not None else self._plain
        try:
            replies = [work(request) for request in group]
            app.commit()
        except Exception:  # noqa: BLE001 - a broken handler must not take the server along; it is printed, answered 500
            broken = app.abandon()
            replies = [broken] * len(group)
        for request, reply in zip(group, replies, strict=True):
            if self._gate.delays and not self._is_panel(request):
                self._count += 1
                heapq.heappush(self._held, (self._gate.release_ns(came_ns), self._count, request, reply))
            else:
                self._answer(request, reply)

    def _is_panel(self, request: Request) -> bool:
        """For this machine only, and never held back."""
        return self._panel is not None and request.target.startswith(PREFIX + "/") and request.connection.is_loopback

    def _plain(self, request: Request) -> Reply:
        return self._app.run(request.method, request.target, request.headers, request.body)

    def _guarded(self, request: Request) -> Reply:
        """A request past the panel, the gate, and the errors made on purpose."""
        path = request.target.partition("?")[0]
        if self._panel is not None and self._is_panel(request):
            return self._panel.handle(request.method, path, request.body)
        refused = self._gate.admit(request.method, path, request.headers, request.body)
        if refused is not None:
            return refused
        fault = self._gate.fault(self._app.route_name(request.method, path))
        if fault is None:
            return self._plain(request)
        spoilt = faulty(fault)
        if fault.after:
            spoilt.mark = self._plain(request).mark
        return spoilt

    def _answer(self, request: Request, reply: Reply) -> None:
        self._app.finish(reply)
        if reply.status == DROP:
            request.connection.cut = True
        else:
            request.answer(reply)

    def _send(self, touched: Iterable[Connection]) -> None:
        for connection in touched:
            if self._connections.get(connection.fd) is not connection:
                continue
            if connection.cut:
                self._drop(connection)
                continue
            left = connection.flush()
            if connection.cut or (connection.closing and not left):
                self._drop(connection)
            elif left != connection.writing:
                connection.writing = left
                self._poll.modify(connection.fd, _READ | _WRITE if left else _READ)

    def _drop(self, connection: Connection) -> None:
        if self._connections.pop(connection.fd, None) is not None:
            self._poll.unregister(connection.fd)
            connection.sock.close()

    def _close(self) -> None:
        for connection in list(self._connections.values()):
            self._drop(connection)
        self._listener.close()
        self._poll.close()
        self._wake_read.close()
        self._wake_write.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise UsageError(f"cannot listen on {host}: {error}", hint="name another --host") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise UsageError(
                f"port {port} on {host} is in use", hint="stop what listens there, or pass --port 0 for a free one"
            ) from error
        raise UsageError(f"cannot listen on {host}:{port}: {error}", hint="name another --host or --port") from error
    listener.setblocking(False)
    return listener
