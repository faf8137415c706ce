"""Servers that misbehave on purpose, on real sockets, and a driver that asks them things through a pump."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from demogen.client.engine import Pump, open_pump
from demogen.client.transport import Delivery
from demogen.clock import NS_PER_MS, NS_PER_S, SystemClock
from demogen.contract.exchange import Request

CLOCK = SystemClock()
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Line:
    """A server's end of one connection. `number` counts connections from 0, `asked` requests on this one from 1."""

    def __init__(self, server: NastyServer, sock: socket.socket, number: int) -> None:
        self.server = server
        self.sock = sock
        self.number = number
        self.asked = 0
        self._held = b""

    def request(self) -> bytes:
        """The next whole request; b"" once the client has closed."""
        while b"\r\n\r\n" not in self._held:
            if not (data := self.sock.recv(65536)):
                return b""
            self._held += data
        head, _, rest = self._held.partition(b"\r\n\r\n")
        lines = head.lower()
        at = lines.find(b"content-length:")
        length = int(lines[at + 15 :].split(b"\r\n")[0]) if at >= 0 else 0
        while len(rest) < length:
            if not (data := self.sock.recv(1 << 20)):
                return b""
            rest += data
        self._held = rest[length:]
        self.asked += 1
        whole = head + b"\r\n\r\n" + rest[:length]
        self.server.heard.append(whole)
        return whole

    def say(self, data: bytes) -> None:
        self.sock.sendall(data)

    def cut(self) -> None:
        """Close with a reset instead of a good-bye."""
        raw = self.sock.detach()
        plain = socket.socket(fileno=raw)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        plain.close()


class NastyServer:
    """Runs `behave` for each connection, in a thread of its own."""

    def __init__(self, behave: Callable[[Line], None], *, tls: ssl.SSLContext | None = None) -> None:
        self.heard: list[bytes] = []
        self.accepted = 0
        self._behave = behave
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self._open.append(sock)
                line = Line(self, sock, self.accepted)
                self.accepted += 1
                threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: Line) -> None:
        with suppress(OSError, ssl.SSLError, ValueError):
            if self._tls is not None:
                line.sock = self._tls.wrap_socket(line.sock, server_side=True)
                self._open.append(line.sock)
            self._behave(line)
        with suppress(OSError):
            line.sock.close()

    def stop(self) -> None:
        for sock in (self._listener, *self._open):
            # Shut down first: closing alone does not wake a thread that reads.
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            with suppress(OSError):
                sock.close()
        self._thread.join(5)


@contextmanager
def serving(behave: Callable[[Line], None], *, tls: ssl.SSLContext | None = None) -> Iterator[NastyServer]:
    server = NastyServer(behave, tls=tls)
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def dead_end() -> Iterator[int]:
    """A port where connecting neither succeeds nor fails: its queue of connections is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port: int = listener.getsockname()[1]
        queued = [socket.socket() for _ in range(4)]
        for sock in queued:
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", port))
        try:
            yield port
        finally:
            for sock in queued:
                sock.close()


@contextmanager
def pumping(url: str, **options: object) -> Iterator[Pump]:
    pump = open_pump(url, clock=CLOCK, **options)  # type: ignore[arg-type]
    try:
        yield pump
    finally:
        pump.close()


def gather(pump: Pump, count: int, *, within_s: float = 10.0) -> list[Delivery]:
    """That many deliveries, or as many as come in time."""
    end_ns = CLOCK.now_ns() + round(within_s * NS_PER_S)
    out: list[Delivery] = []
    while len(out) < count and CLOCK.now_ns() < end_ns:
        out += pump.collect(end_ns)
    return out


def ask(pump: Pump, request: Request | None = None, *, timeout_s: float = 5.0) -> Delivery:
    """One exchange."""
    assert pump.offer(request or Request(b"GET", b"/"), "ticket", CLOCK.now_ns() + round(timeout_s * NS_PER_S))
    pump.launch()
    (delivery,) = gather(pump, 1, within_s=timeout_s + 5)
    assert pump.in_flight == 0
    return delivery


def let_pass(pump: Pump, seconds: float) -> None:
    """Run the pump with nothing to deliver."""
    end_ns = CLOCK.now_ns() + round(seconds * NS_PER_S)
    while CLOCK.now_ns() < end_ns:
        assert pump.collect(min(end_ns, CLOCK.now_ns() + 10 * NS_PER_MS)) == []


def until(condition: Callable[[], bool], pump: Pump | None = None, *, within_s: float = 5.0) -> None:
    """Wait for something to become true, running the pump meanwhile if there is one."""
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, "it never came to pass"
        if pump is not None:
            assert pump.collect(CLOCK.now_ns() + 5 * NS_PER_MS) == []
        else:
            time.sleep(0.005)


def polite(line: Line) -> None:
    """Answers everything."""
    while line.request():
        line.say(OK)


class Gate:
    """Answers everything, but only once it is open."""

    def __init__(self) -> None:
        self._gate = threading.Event()
        self.open = self._gate.set

    def __call__(self, line: Line) -> None:
        while line.request():
            self._gate.wait(5)
            line.say(OK)


def later() -> int:
    """A deadline that no test reaches."""
    return CLOCK.now_ns() + 5 * NS_PER_S
