"""What crosses the wire, without the wire: a request, a response, and the ways an answer can fail to come.

Rendered by `wire`, carried by `client`, read by `client.classify`. May import: nothing from demogen.
"""

from __future__ import annotations

import enum

import msgspec

JSON = b"application/json"


class Request(msgspec.Struct, frozen=True):
    """One HTTP request; `target` is path and query, already spelled (paths are not percent-decoded, contract 2).

    `key` becomes `X-Idempotency`; `headers` are further complete header lines, each ending in CR LF.
    """

    method: bytes
    target: bytes
    body: bytes = b""
    content_type: bytes = JSON
    key: bytes = b""
    headers: bytes = b""


class Response(msgspec.Struct, frozen=True):
    """A complete answer. `head` is the raw header block without the status line."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: bytes) -> bytes | None:
        """The first value of a header, any case; None where it is absent. `name` is lower case."""
        block = b"\n" + self.head.lower()
        start = block.find(b"\n" + name + b":")
        if start < 0:
            return None
        start += len(name) + 1
        end = self.head.find(b"\n", start)
        return self.head[start : end if end >= 0 else len(self.head)].strip()


class Fault(enum.IntEnum):
    """Why there is no response. Names are metric label values in lower case."""

    REFUSED = 1  # nobody listens there
    UNRESOLVED = 2  # the name has no address
    TLS = 3  # certificate or handshake
    CONNECT_TIMEOUT = 4
    RESET = 5  # the peer cut the connection after we had begun to send
    CLOSED = 6  # the peer closed in the middle of an answer
    TIMEOUT = 7  # no complete answer before the deadline
    GARBAGE = 8  # not HTTP
    OVERSIZED = 9  # an answer larger than we are willing to hold
    NO_DESCRIPTORS = 10  # the generator ran out of sockets
    CANCELLED = 11  # we stopped waiting: the run was drained

    @property
    def label(self) -> str:
        return self.name.lower()

    @property
    def says(self) -> str:
        """What happened and where to look, in one sentence."""
        return _SAYS[self]

    @property
    def sent(self) -> bool:
        """Whether the request may have reached the ledger; if not, nothing can have been booked."""
        return self not in _NEVER_SENT


_NEVER_SENT = frozenset({Fault.REFUSED, Fault.UNRESOLVED, Fault.TLS, Fault.CONNECT_TIMEOUT, Fault.NO_DESCRIPTORS})

_SAYS = {
    Fault.REFUSED: "nobody listens at the ledger's address any more; is it still running?",
    Fault.UNRESOLVED: "the ledger's name has no address; can this machine resolve it?",
    Fault.TLS: "no TLS connection came about; does the certificate match the name, and is it signed by --ca-file?",
    Fault.CONNECT_TIMEOUT: "a connection was not accepted in time; the ledger's queue of connections may be full",
    Fault.RESET: "the ledger, or something on the way, cut the connection before it answered",
    Fault.CLOSED: "the connection was closed in the middle of an answer",
    Fault.TIMEOUT: "no complete answer came before the deadline (--request-timeout)",
    Fault.GARBAGE: "what came back is not HTTP; is something else listening there?",
    Fault.OVERSIZED: "an answer was larger than any answer of a ledger is",
    Fault.NO_DESCRIPTORS: "no socket was left to connect with; raise `ulimit -n` or lower --max-connections",
    Fault.CANCELLED: "the run was drained before an answer came",
}
