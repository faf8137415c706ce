"""Opens connections and buries them: addresses in turn, TLS, time-outs, as many ahead as was asked for.

Tells its owner when a connection is ready and when one did not come about; never sees a request. May import:
the engine, `clock`.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from select import EPOLLIN, EPOLLOUT, EPOLLRDHUP

from demogen.client.engine.connection import (
    CONNECTING,
    DEAD,
    HANDSHAKING,
    IDLE,
    NEVER_NS,
    Connection,
    Sockets,
    fault_of_connect,
)
from demogen.client.engine.descriptors import receive, transmit
from demogen.client.engine.endpoint import Endpoint
from demogen.client.engine.tls import Channel
from demogen.client.engine.watch import Poller
from demogen.clock import NS_PER_S, NS_PER_US
from demogen.contract.exchange import Fault

GROWTH_A_CHORE = 64  # connections begun ahead of need
GROWTH_A_REST = 32  # connections more, or a quarter of those there are, each time that the loop had nothing to do
RESTED_NS = 50 * NS_PER_US
CONNECT_AGAIN_NS = NS_PER_S  # after a failure without a request behind it
READ = EPOLLIN | EPOLLRDHUP


class Dialer:
    """All connections of a pump, by descriptor (`table`), and how many of them are on their way (`connecting`).

    `ready` receives each new idle connection; `failed` the reason, and the time, where one did not come about.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        poller: Poller,
        sockets: Sockets,
        tls: ssl.SSLContext | None,
        connect_timeout_ns: int,
        eager: bool,
        ready: Callable[[Connection], None],
        failed: Callable[[Fault, int], None],
    ) -> None:
        self.table: dict[int, Connection] = {}
        self.connecting = 0
        self.wanted = 0
        #: When something must be done although nothing happened: a connect deadline, or connections to open.
        self.chores_ns = NEVER_NS
        self._endpoint = endpoint
        self._poller = poller
        self._sockets = sockets
        self._tls = tls
        self._connect_timeout_ns = connect_timeout_ns
        self._ready = ready
        self._failed = failed
        self._eager = eager
        self._budget = GROWTH_A_REST
        self._grow_after_ns = 0
        self._graveyard: list[Connection] = []

    def rested(self, rest_ns: int, heard: int, in_flight: int) -> None:
        """The loop waited that long and then `heard` of some: where requests lack connections, more of them will help.

        A loop that is behind is not helped by them: its own arrears would leave all at once, on a connection each. Nor
        is one that was kept from running meanwhile: that one hears of most of what is in flight.
        """
        if rest_ns >= RESTED_NS and 4 * heard <= in_flight:
            self._budget = max(GROWTH_A_REST, len(self.table) // 4)

    def may_grow(self, limit: int) -> bool:
        """Whether a request that finds no connection free is worth a new one; counted as begun if so."""
        if len(self.table) >= limit or (self._budget <= 0 and not self._eager):
            return False
        self._budget -= 1
        return True

    def grow(self, now: int) -> None:
        """Begin one more connection."""
        self.connecting += 1
        addresses = self._endpoint.addresses(now)
        if addresses:
            self._try_addresses(Connection(addresses), Fault.REFUSED, now)
        else:
            self._give_up(Fault.UNRESOLVED, now)

    def _try_addresses(self, connection: Connection, fault: Fault, now: int) -> None:
        """Begin to connect to the first address that lets us; where none is left it ends in `fault`."""
        while connection.addresses and fault is not Fault.NO_DESCRIPTORS:
            trouble = connection.connect(self._sockets)
            if trouble is None:
                connection.phase = CONNECTING
                connection.deadline_ns = now + self._connect_timeout_ns
                self.chores_ns = min(self.chores_ns, connection.deadline_ns)
                self.table[connection.fd] = connection
                self._poller.register(connection.fd, EPOLLOUT)
                return
            fault = trouble
            del connection.addresses[0]
        self._give_up(fault, now)

    def connected(self, connection: Connection, now: int) -> None:
        """The kernel says that a connect has ended, well or not."""
        failure = connection.connect_failure()
        if failure:
            self._next_address(connection, fault_of_connect(failure), now)
            return
        self._endpoint.worked(connection.addresses[0])
        self._poller.modify(connection.fd, READ)
        if self._tls is None:
            self._open(connection)
            return
        connection.channel = Channel(self._tls, self._endpoint.host)
        connection.phase = HANDSHAKING
        self._shake(connection, b"", now)

    def heard(self, connection: Connection, now: int) -> None:
        """Bytes came, or the end, in the middle of a handshake."""
        try:
            cipher = receive(connection.fd)
        except BlockingIOError:
            return
        except OSError:
            cipher = b""
        if cipher:
            self._shake(connection, cipher, now)
        else:
            self._break_off(connection, Fault.TLS, now)

    def _shake(self, connection: Connection, cipher: bytes, now: int) -> None:
        channel = connection.channel
        assert channel is not None
        try:
            established = channel.handshake(cipher)
            flight = channel.pending()
            if flight:
                transmit(connection.fd, flight)  # a fresh socket's buffer takes a whole flight
        except OSError:
            # Tell the peer why, if it still listens; then it is over.
            self._break_off(connection, Fault.TLS, now)
            return
        if established:
            self._open(connection)

    def _open(self, connection: Connection) -> None:
        self.connecting -= 1
        connection.phase = IDLE
        self._ready(connection)

    def _next_address(self, connection: Connection, fault: Fault, now: int) -> None:
        del self.table[connection.fd]
        connection.close()
        del connection.addresses[0]
        self._try_addresses(connection, fault, now)

    def _break_off(self, connection: Connection, fault: Fault, now: int) -> None:
        self.discard(connection)
        self._give_up(fault, now)

    def _give_up(self, fault: Fault, now: int) -> None:
        self.connecting -= 1
        self._grow_after_ns = now + CONNECT_AGAIN_NS
        if fault is not Fault.NO_DESCRIPTORS:
            self._endpoint.all_failed(now)
        self._failed(fault, now)

    def expire(self, connection: Connection, now: int) -> None:
        """A connect or a handshake has taken too long."""
        if connection.phase == CONNECTING:
            self._next_address(connection, Fault.CONNECT_TIMEOUT, now)
        else:
            self._break_off(connection, Fault.CONNECT_TIMEOUT, now)

    def open_wanted(self, now: int) -> int:
        """Begin some of the connections that were asked for ahead; when to come again for more (ns)."""
        self.chores_ns = NEVER_NS
        missing = self.wanted - len(self.table)
        if missing > 0 and now >= self._grow_after_ns:
            for _ in range(min(missing, GROWTH_A_CHORE)):
                self.grow(now)
        return max(now, self._grow_after_ns) if len(self.table) < self.wanted else NEVER_NS

    def discard(self, connection: Connection) -> None:
        """Out of use at once; the descriptor is closed by `bury`, so that no event of this turn finds a newcomer."""
        connection.phase = DEAD
        self.table.pop(connection.fd, None)
        self._graveyard.append(connection)
        if len(self.table) < self.wanted:
            self.chores_ns = 0

    def bury(self) -> None:
        """Close the descriptors of what was discarded. Not between reading events and handling them."""
        if self._graveyard:
            for connection in self._graveyard:
                connection.close()
            self._graveyard.clear()
