"""Bytes to responses. Nearly every answer is one plain block with a Content-Length: those are read by searching.

`answers` takes the block that arrived in one piece, `Assembler` everything else: split reads, chunked bodies,
1xx, HEAD, bodies that end with the connection. What is not plain is left to llhttp (httptools), strict. Which of the
two reads an answer depends on its complete head alone, so the result never depends on how the bytes were
split. Decides nothing about outcomes. May import: `heads`, `contract.exchange`.
"""

from __future__ import annotations

import httptools

from demogen.client.engine.heads import plain_length, status_of
from demogen.contract.exchange import Fault, Response

HEAD_BYTES_MAX = 64 * 1024
BODY_BYTES_MAX = 64 * 1024 * 1024

_END = b"\r\n\r\n"
_START = b"HTTP/1."
_BODILESS = frozenset({204, 304})


class Assembler:
    """One answer, put together from pieces. Feed it until it returns something.

    `bodiless`: the answer is to a HEAD. Afterwards `reusable` says whether the connection may carry another request.
    """

    def __init__(self, *, bodiless: bool = False, body_bytes_max: int = BODY_BYTES_MAX) -> None:
        self.reusable = False
        self._bodiless = bodiless
        self._body_bytes_max = body_bytes_max
        self._head = b""
        self._skipped = 0
        self._head_done = False
        self._status = 0
        self._pieces: list[bytes] = []
        self._held = 0
        self._length = -1
        self._llhttp: _Llhttp | None = None

    @property
    def begun(self) -> bool:
        """Whether any byte of the answer has come."""
        return bool(self._head) or self._skipped > 0

    def feed(self, data: bytes) -> Response | Fault | None:
        """Take what was read; the response or the fault it ends in, None while more must come."""
        if self._head_done:
            return self._more(data)
        self._head += data
        if not _START.startswith(self._head[:7]):
            return Fault.GARBAGE
        return self._begin()

    def finish(self) -> Response | Fault:
        """The peer has closed: the answer if that is how it ends, else what was cut off."""
        self.reusable = False
        if self._llhttp is not None and self._llhttp.until_close:
            return Response(self._status, self._head, b"".join(self._llhttp.pieces))
        return Fault.CLOSED if self.begun else Fault.RESET

    def _begin(self) -> Response | Fault | None:
        data = self._head
        while True:
            end = data.find(_END)
            if data.find(b"\n\n", 0, end if end >= 0 else len(data)) >= 0:
                # A head whose lines end in a bare LF would never be found complete.
                return Fault.GARBAGE
            if end < 0 or data[8:10] != b" 1" or data[9:12] == b"101":
                break
            # An interim answer: the real one follows.
            self._skipped += end + 4
            self._head = data = data[end + 4 :]
            if not _START.startswith(data[:7]):
                return Fault.GARBAGE
        if self._skipped + (end if end >= 0 else len(data)) > HEAD_BYTES_MAX:
            return Fault.OVERSIZED
        if end < 0:
            return None
        self._head_done = True
        self._length = -1 if self._bodiless else plain_length(data, end)
        self._head = data[data.find(b"\n") + 1 : end]
        rest = data[end + 4 :]
        if self._length > self._body_bytes_max:
            return Fault.OVERSIZED
        if self._length >= 0:
            self._status = status_of(data)
            return self._plain(rest)
        return self._coded(data[: end + 4], rest)

    def _more(self, data: bytes) -> Response | Fault | None:
        return self._plain(data) if self._length >= 0 else self._decode(data)

    def _plain(self, data: bytes) -> Response | None:
        self._pieces.append(data)
        self._held += len(data)
        if self._held < self._length:
            return None
        self.reusable = self._held == self._length
        body = b"".join(self._pieces)
        return Response(self._status, self._head, body[: self._length])

    def _coded(self, head: bytes, rest: bytes) -> Response | Fault | None:
        self._llhttp = reader = _Llhttp()
        if not reader.read(head) or reader.status < 200:
            return Fault.GARBAGE
        self._status = reader.status
        if self._bodiless or self._status in _BODILESS:
            self.reusable = reader.keeps_alive and not rest
            return Response(self._status, self._head, b"")
        lines = b"\n" + self._head.lower()
        reader.until_close = b"\ncontent-length:" not in lines and b"\ntransfer-encoding:" not in lines
        return self._decode(rest)

    def _decode(self, data: bytes) -> Response | Fault | None:
        reader = self._llhttp
        assert reader is not None
        if not reader.complete and data and not reader.read(data) and not reader.complete:
            return Fault.GARBAGE
        if reader.held > self._body_bytes_max:
            return Fault.OVERSIZED
        if not reader.complete:
            return None
        self.reusable = reader.keeps_alive and reader.clean
        return Response(self._status, self._head, b"".join(reader.pieces))


class _Llhttp:
    """llhttp's callbacks for one answer. What follows the answer is noted (`clean` is False) and not read."""

    def __init__(self) -> None:
        self.status = 0
        self.keeps_alive = False
        self.until_close = False
        self.complete = False
        self.clean = True
        self.held = 0
        self.pieces: list[bytes] = []
        self._parser = httptools.HttpResponseParser(self)

    def read(self, data: bytes) -> bool:
        """Parse on; False where that is not HTTP."""
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.clean = False
            return False
        return True

    def on_headers_complete(self) -> None:
        if not self.complete:
            self.status = self._parser.get_status_code()
            self.keeps_alive = self._parser.should_keep_alive()

    def on_body(self, body: bytes) -> None:
        if not self.complete:
            self.pieces.append(body)
            self.held += len(body)

    def on_message_begin(self) -> None:
        self.clean = not self.complete

    def on_message_complete(self) -> None:
        self.complete = True
