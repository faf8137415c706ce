"""One connection: its socket, what it is doing, and the request it carries. Moves no bytes by itself.

Several addresses are tried in turn until one answers. May import: `endpoint`, `tls`, `parser`.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from socket import IPPROTO_TCP, SO_ERROR, SOCK_STREAM, SOL_SOCKET, TCP_NODELAY
from typing import Any, Protocol

from demogen.client.engine.endpoint import Address
from demogen.client.engine.parser import Assembler
from demogen.client.engine.tls import Channel
from demogen.contract.exchange import Fault

# What a connection is doing. Plain integers: they are compared on every event.
CONNECTING = 1
HANDSHAKING = 2
IDLE = 3
OFFERED = 4  # holds a request that has not been launched
SENDING = 5  # part of a request is out
AWAITING = 6  # all of it is
DEAD = 7

NEVER_NS = 1 << 62

_NO_SOCKETS = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL, errno.EADDRINUSE}
)


class Sockets(Protocol):
    """What is used of the `socket` module; under gevent the unpatched originals are handed in."""

    socket: Callable[..., Any]


class Connection:
    """A record, not an actor: the pump reads and writes its fields."""

    __slots__ = (
        "addresses",
        "assembler",
        "bodiless",
        "channel",
        "deadline_ns",
        "fd",
        "frame",
        "fresh",
        "phase",
        "rest",
        "sent_ns",
        "socket",
        "ticket",
    )

    def __init__(self, addresses: list[Address]) -> None:
        self.addresses = addresses
        self.phase = CONNECTING
        self.deadline_ns = NEVER_NS
        self.fd = -1
        self.fresh = True
        self.ticket: object = None
        self.frame = b""
        self.rest = b""
        self.bodiless = False
        self.sent_ns = 0
        self.assembler: Assembler | None = None
        self.channel: Channel | None = None
        self.socket: Any = None

    def connect(self, sockets: Sockets) -> Fault | None:
        """Begin to connect to the first address left; a fault where not even that can be done."""
        address = self.addresses[0]
        try:
            self.socket = sock = sockets.socket(address.family, SOCK_STREAM, address.protocol)
        except OSError as error:
            return fault_of_connect(error.errno or 0)
        sock.setblocking(False)
        sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        self.fd = sock.fileno()
        failure = sock.connect_ex(address.place)
        if failure in (0, errno.EINPROGRESS):
            return None
        self.close()
        return fault_of_connect(failure)

    def connect_failure(self) -> int:
        """The errno a connect ended with; 0 where it succeeded."""
        failure = int(self.socket.getsockopt(SOL_SOCKET, SO_ERROR))
        # A local port nobody listens on can be met by our own port of the same number.
        if not failure and self.socket.getsockname() == self.addresses[0].place:
            return errno.ECONNREFUSED
        return failure

    def close(self) -> None:
        if self.socket is not None:
            self.socket.close()
            self.socket = None


def fault_of_connect(failure: int) -> Fault:
    """The fault that an errno of socket() or connect() stands for; in each case nothing was sent."""
    if failure in _NO_SOCKETS:
        return Fault.NO_DESCRIPTORS
    if failure == errno.ETIMEDOUT:
        return Fault.CONNECT_TIMEOUT
    return Fault.REFUSED
