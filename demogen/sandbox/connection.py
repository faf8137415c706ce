"""One client connection: bytes in, requests out; answers in, bytes out (contract 2). Judges no request.

HTTP/1.1 by httptools: keep-alive, pipelining in order, chunked bodies, Expect, a limit on bodies. May import:
demogen.sandbox.http, demogen.sandbox.refusal.
"""

from __future__ import annotations

import socket
from collections import deque
from http import HTTPStatus

import httptools

from demogen.sandbox.http import Reply

MAX_BODY_BYTES = 4 * 1024 * 1024
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}


class Request:
    """A complete request, and later its answer."""

    __slots__ = ("body", "connection", "headers", "keep_alive", "method", "ready", "target", "wire")

    def __init__(self, connection: Connection, method: str, target: str, headers: dict[str, str], body: bytes) -> None:
        self.connection = connection
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.keep_alive = True
        self.ready = False
        self.wire = b""

    def answer(self, reply: Reply) -> None:
        """Render the answer; it is sent once every earlier one of this connection is."""
        lines = [_STATUS_LINES.get(reply.status) or f"HTTP/1.1 {reply.status} Unknown\r\n"]
        lines += [f"{name}: {value}\r\n" for name, value in reply.headers.items()]
        if reply.status != 204 and "content-length" not in reply.headers:
            lines.append(f"content-length: {len(reply.body)}\r\n")
        if not self.keep_alive:
            lines.append("connection: close\r\n")
        lines.append("\r\n")
        self.wire = "".join(lines).encode("latin-1", "replace") + reply.body
        self.ready = True


class Connection:
    """Parser callbacks and queues of one socket."""

    __slots__ = (
        "_body", "_headers", "_outgoing", "_parser", "_size", "_target", "closing", "cut", "fd", "inbox", "is_loopback",
        "queue", "sock", "writing",
    )  # fmt: skip

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.fd = sock.fileno()
        self.inbox: list[Request] = []
        self.queue: deque[Request] = deque()
        self.closing = False
        self.cut = False  # drop without an answer
        self.writing = False
        self.is_loopback = sock.family == socket.AF_UNIX or sock.getpeername()[0] in ("127.0.0.1", "::1")
        self._parser = httptools.HttpRequestParser(self)
        self._outgoing = b""
        self._headers: dict[str, str] = {}
        self._target = b""
        self._body: list[bytes] = []
        self._size = 0

    def receive(self, data: bytes) -> list[Request]:
        """Requests completed by these bytes. `cut` is set when the peer sent what no answer can fit."""
        self.inbox = []
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.cut = True
        except httptools.HttpParserError:
            if not self.cut:
                self._refuse()
        self.queue.extend(self.inbox)
        return self.inbox

    def _refuse(self) -> None:
        broken = Request(self, "", "", {}, b"")
        broken.keep_alive = False
        broken.answer(Reply(400, {"content-type": "text/plain"}, b"Bad Request"))
        self.queue.append(broken)
        self.closing = True

    def on_message_begin(self) -> None:
        self._headers = {}
        self._target = b""
        self._body = []
        self._size = 0

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        length = self._headers.get("content-length", "")
        if length.isdigit() and int(length) > MAX_BODY_BYTES:
            self.cut = True
            raise ValueError("body too large")
        if self._headers.get("expect", "").lower() == "100-continue":
            self._outgoing += _CONTINUE

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size > MAX_BODY_BYTES:
            self.cut = True
            raise ValueError("body too large")
        self._body.append(body)

    def on_message_complete(self) -> None:
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        method = self._parser.get_method().decode("latin-1")
        request = Request(self, method, self._target.decode("latin-1"), self._headers, body)
        request.keep_alive = self._parser.should_keep_alive()
        self.inbox.append(request)

    def flush(self) -> bool:
        """Send what is ready, in order; True when bytes are left for when the socket can take more."""
        queue = self.queue
        while queue and queue[0].ready:
            request = queue.popleft()
            self._outgoing += request.wire
            if not request.keep_alive:
                self.closing = True
                queue.clear()
        if self._outgoing:
            try:
                sent = self.sock.send(self._outgoing)
            except BlockingIOError:
                return True
            except OSError:
                self.cut = True
                return False
            self._outgoing = self._outgoing[sent:]
        return bool(self._outgoing)
