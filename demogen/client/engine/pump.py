"""The pump: every connection of this process, one epoll, a few microseconds a request.

A request goes out on the connection that was free last (LIFO: the fewest are kept warm), on a new one where none is
free, or waits for whichever comes first. Descriptors are registered once and level-triggered; answers are read with a
single recv and searched, not parsed; deadlines are swept, not timed one by one. It resends nothing that may have left,
and judges nothing: an answer or a Fault goes back with the ticket it was offered under. May import: the
engine, `contract`, `clock`.
"""

from __future__ import annotations

import ssl
from select import EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDHUP

from demogen.client.engine.answers import hear
from demogen.client.engine.connection import (
    AWAITING,
    CONNECTING,
    DEAD,
    HANDSHAKING,
    IDLE,
    NEVER_NS,
    OFFERED,
    SENDING,
    Connection,
    Sockets,
)
from demogen.client.engine.descriptors import receive, transmit
from demogen.client.engine.dialer import READ, Dialer
from demogen.client.engine.endpoint import Endpoint, Letters
from demogen.client.engine.lobby import Guest, Lobby
from demogen.client.engine.parser import Assembler
from demogen.client.engine.watch import Poller, Wait, Watch
from demogen.client.transport import Delivery
from demogen.clock import NS_PER_MS, Clock
from demogen.contract.exchange import Fault, Request, Response

EVENTS_BETWEEN_LOOKS = 32
TURN_NS = 2 * NS_PER_MS
CHORES_NS = 10 * NS_PER_MS  # deadlines are kept to within this

_ENDED = EPOLLRDHUP | EPOLLHUP | EPOLLERR


class Pump:
    """A Carrier over one epoll. Not thread-safe: one loop. Made by `open_pump`."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        clock: Clock,
        poller: Poller,
        sockets: Sockets,
        max_connections: int,
        connect_timeout_ns: int,
        eager: bool,
        answer_bytes_max: int,
        tls: ssl.SSLContext | None,
        letters: Letters,
        wait: Wait | None,
    ) -> None:
        self.max_connections = max_connections
        self._poller = poller
        self._watch = Watch(poller, wait, clock)
        self._answer_bytes_max = answer_bytes_max
        self._encrypted = tls is not None
        self._letters = letters
        self._dialer = Dialer(
            endpoint,
            poller=poller,
            sockets=sockets,
            tls=tls,
            connect_timeout_ns=connect_timeout_ns,
            eager=eager,
            ready=self._place,
            failed=self._blame,
        )
        self._table = self._dialer.table
        self._free: list[Connection] = []  # the dead among them are dropped when they come up
        self._offered: list[Connection] = []
        self._lobby = Lobby()
        self._done: list[Delivery] = []
        self._in_flight = 0
        self._chores_ns = NEVER_NS
        self._closed = False

    @property
    def in_flight(self) -> int:
        return self._in_flight

    @property
    def connections(self) -> int:
        """Connections that are open or being opened."""
        return len(self._table)

    def fileno(self) -> int:
        """The epoll's descriptor: readable whenever `collect` has something to do."""
        return self._watch.fd

    def offer(self, request: Request, ticket: object, deadline_ns: int) -> bool:
        free = self._free
        while free:
            connection = free.pop()
            if connection.phase == IDLE:
                break
        else:
            return self._offer_unplaced(request, ticket, deadline_ns)
        connection.phase = OFFERED
        connection.frame = self._letters.frame(request)
        connection.ticket = ticket
        connection.deadline_ns = deadline_ns
        connection.bodiless = connection.frame.startswith(b"HEAD ")
        if deadline_ns < self._chores_ns:
            self._chores_ns = deadline_ns
        self._offered.append(connection)
        self._in_flight += 1
        return True

    def launch(self) -> None:
        self._lobby.launch()
        watch, offered = self._watch, self._offered
        if not offered:
            return
        self._offered = []
        if self._encrypted:
            for connection in offered:
                self._transmit(connection)
            return
        for connection in offered:
            frame = connection.frame
            connection.phase = AWAITING
            connection.sent_ns = watch.now()
            try:
                taken = transmit(connection.fd, frame)
            except OSError as error:
                self._unsent(connection, frame, error)
                continue
            if taken != len(frame):
                self._send_later(connection, frame[taken:])

    def collect(self, until_ns: int) -> list[Delivery]:
        """What has finished; waits for something to finish, at most until `until_ns` (monotonic).

        Handles at most 256 events or 2 ms of them in one go. With a `wait` function the caller must let other
        greenlets run between calls: it is used only when there is nothing to do.
        """
        watch, dialer = self._watch, self._dialer
        self._letters.refresh()
        while not self._closed:
            now = watch.now()
            if self._done:
                count = watch.ready()
            else:
                count = watch.wait(min(until_ns, self._chores_ns, dialer.chores_ns), now)
            began, now = now, watch.now()
            dialer.rested(now - began, count, self._in_flight)
            if count:
                self._turn(count, now)
            if now >= self._chores_ns or now >= dialer.chores_ns:
                self._chores(now)
            dialer.bury()
            if self._done or now >= until_ns:
                break
        done = self._done
        self._done = []
        self._in_flight -= len(done)
        return done

    def open(self, count: int) -> None:
        surplus = self._dialer.wanted - count
        self._dialer.wanted = min(count, self.max_connections)
        for connection in [idle for idle in self._free if idle.phase == IDLE][: max(0, surplus)]:
            self._dialer.discard(connection)
        self._dialer.chores_ns = 0
        self._dialer.bury()

    def close(self) -> None:
        now = self._watch.now()
        for connection in list(self._table.values()):
            if connection.phase in (OFFERED, SENDING, AWAITING):
                self._done.append((connection.ticket, Fault.CANCELLED, connection.sent_ns, now))
            self._dialer.discard(connection)
        for guest in self._lobby.empty():
            self._done.append((guest.ticket, Fault.CANCELLED, 0, now))
        self._offered.clear()
        self._free.clear()
        self._dialer.bury()
        if not self._closed:
            self._closed = True
            self._watch.close()

    def _turn(self, count: int, now: int) -> None:
        """Handle events; what is left when the time is up stays ready and comes again.

        All are answered as of `now`: they were ready then, what we take to read the others is not the ledger's.
        """
        watch, table, free, done, lobby = self._watch, self._table, self._free, self._done, self._lobby
        for index in range(count):
            if index % EVENTS_BETWEEN_LOOKS == 0 and index and watch.now() - now > TURN_NS:
                return
            connection = table.get(watch.fd_at(index))
            if connection is None:
                continue  # the timer, or closed by an event before this one
            mask = watch.mask_at(index)
            if mask != EPOLLIN or connection.phase != AWAITING or connection.channel is not None:
                self._handle(connection, mask, now)
                continue
            whole = connection.assembler is None and not connection.bodiless
            try:
                answer = hear(connection.fd) if whole else receive(connection.fd)
            except OSError as error:
                self._unread(connection, error, now)
                continue
            if isinstance(answer, bytes):
                self._absorb(connection, answer, mask, now)
                continue
            done.append((connection.ticket, answer, connection.sent_ns, now))
            connection.phase = IDLE
            if lobby.waiting:
                self._place(connection)
            else:
                free.append(connection)

    def _handle(self, connection: Connection, mask: int, now: int) -> None:
        """Any event that is not simply an answer on a plain connection."""
        phase = connection.phase
        if phase == CONNECTING:
            if mask & (EPOLLOUT | EPOLLERR | EPOLLHUP):
                self._dialer.connected(connection, now)
        elif phase == HANDSHAKING:
            self._dialer.heard(connection, now)
        elif phase == IDLE:
            self._stir(connection)
        elif phase == OFFERED:
            self._put_off(connection)
        else:
            if phase == SENDING and mask & EPOLLOUT:
                self._send_rest(connection)
            if connection.phase != DEAD and mask & ~EPOLLOUT:
                self._read(connection, mask, now)

    def _read(self, connection: Connection, mask: int, now: int) -> None:
        try:
            data = receive(connection.fd)
        except OSError as error:
            self._unread(connection, error, now)
            return
        channel = connection.channel
        if channel is not None and data:
            try:
                data = channel.unseal(data)
            except ssl.SSLError:
                self._broken_tls(connection, now)
                return
            if not data and not channel.closed:
                return
            mask |= EPOLLRDHUP if channel.closed else 0
        self._absorb(connection, data, mask, now)
        if data and connection.phase != DEAD and channel is not None and channel.closed:
            self._absorb(connection, b"", mask, now)

    def _absorb(self, connection: Connection, data: bytes, mask: int, now: int) -> None:
        """A piece of an answer, or (empty) its end."""
        assembler = connection.assembler
        if assembler is None:
            assembler = Assembler(bodiless=connection.bodiless, body_bytes_max=self._answer_bytes_max)
            connection.assembler = assembler
        answer = assembler.feed(data) if data else assembler.finish()
        if answer is not None:
            self._settle(connection, answer, now, reusable=assembler.reusable and not mask & _ENDED)

    def _settle(self, connection: Connection, answer: Response | Fault, now: int, *, reusable: bool) -> None:
        self._done.append((connection.ticket, answer, connection.sent_ns, now))
        if not reusable or connection.phase != AWAITING:
            self._dialer.discard(connection)
            return
        connection.assembler = None
        connection.fresh = False
        connection.phase = IDLE
        self._place(connection)

    def _unread(self, connection: Connection, error: OSError, now: int) -> None:
        """A recv failed: nothing there after all, or the connection is lost with a request out."""
        if isinstance(error, BlockingIOError):
            return
        begun = connection.assembler is not None and connection.assembler.begun
        self._settle(connection, Fault.CLOSED if begun else Fault.RESET, now, reusable=False)

    def _broken_tls(self, connection: Connection, now: int) -> None:
        # TLS 1.3 servers refuse a client certificate after our handshake is done: that is still the handshake.
        refused = connection.fresh and connection.assembler is None
        if refused:
            connection.sent_ns = 0
        self._settle(connection, Fault.TLS if refused else Fault.GARBAGE, now, reusable=False)

    def _stir(self, connection: Connection) -> None:
        """Something came where nothing was asked: the peer closes, talks out of turn, or renews TLS keys."""
        channel = connection.channel
        if channel is not None:
            try:
                data = receive(connection.fd)
                if data and not channel.unseal(data) and not channel.closed:
                    return
            except OSError:
                pass
        self._dialer.discard(connection)

    def _offer_unplaced(self, request: Request, ticket: object, deadline_ns: int) -> bool:
        spare = self._dialer.connecting - len(self._lobby)
        if self._closed or (spare <= 0 and not self._dialer.may_grow(self.max_connections)):
            return False
        self._lobby.enter(Guest(self._letters.frame(request), ticket, deadline_ns, request.method == b"HEAD"))
        self._chores_ns = min(self._chores_ns, deadline_ns)
        self._in_flight += 1
        if spare <= 0:
            self._dialer.grow(self._watch.now())
        return True

    def _place(self, connection: Connection) -> None:
        """Give an idle connection to the oldest request that waits for one, or to the free."""
        if not self._lobby.waiting:
            self._free.append(connection)
            return
        connection.frame, connection.ticket, connection.deadline_ns, connection.bodiless = self._lobby.oldest()
        self._transmit(connection)

    def _transmit(self, connection: Connection) -> None:
        channel = connection.channel
        connection.phase = AWAITING
        connection.sent_ns = self._watch.now()
        data = connection.frame
        try:
            if channel is not None:
                data = channel.seal(data)
            taken = transmit(connection.fd, data)
        except OSError as error:
            self._unsent(connection, data, error)
            return
        if taken != len(data):
            self._send_later(connection, data[taken:])

    def _unsent(self, connection: Connection, data: bytes, error: OSError) -> None:
        """The kernel took no byte of a request."""
        if isinstance(error, BlockingIOError):
            self._send_later(connection, data)
        else:
            # The connection was found dead before anything left, so this is no second try.
            self._put_off(connection)

    def _put_off(self, connection: Connection) -> None:
        """A connection died under a request of which nothing has left: another will carry it."""
        guest = Guest(connection.frame, connection.ticket, connection.deadline_ns, connection.bodiless)
        launched = connection.phase != OFFERED
        self._lobby.enter(guest, launched=launched)
        if not launched:
            self._offered.remove(connection)
        self._dialer.discard(connection)
        if len(self._lobby) > self._dialer.connecting:
            self._dialer.grow(self._watch.now())

    def _send_later(self, connection: Connection, rest: bytes) -> None:
        connection.phase = SENDING
        connection.rest = rest
        self._poller.modify(connection.fd, READ | EPOLLOUT)

    def _send_rest(self, connection: Connection) -> None:
        rest = connection.rest
        try:
            taken = transmit(connection.fd, rest)
        except OSError:
            return  # would block, or lost: then the read tells what came before the end
        if taken < len(rest):
            connection.rest = rest[taken:]
            return
        connection.rest = b""
        connection.phase = AWAITING
        self._poller.modify(connection.fd, READ)

    def _blame(self, fault: Fault, now: int) -> None:
        """A connection did not come about: the oldest request that counted on one ends with it."""
        if len(self._lobby) > self._dialer.connecting:
            self._done.append((self._lobby.oldest().ticket, fault, 0, now))

    def _chores(self, now: int) -> None:
        """End what is past its deadline, open what was asked for ahead; say when to come again."""
        next_ns = NEVER_NS
        for connection in [one for one in self._table.values() if one.phase != IDLE]:
            if connection.deadline_ns > now:
                next_ns = min(next_ns, connection.deadline_ns)
            elif connection.phase in (CONNECTING, HANDSHAKING):
                self._dialer.expire(connection, now)
            elif connection.phase == OFFERED:
                next_ns = now
            else:
                self._settle(connection, Fault.TIMEOUT, now, reusable=False)
        for guest in self._lobby.expired(now):
            self._done.append((guest.ticket, Fault.CONNECT_TIMEOUT, 0, now))
        next_ns = min(self._lobby.deadline_ns(next_ns), self._dialer.open_wanted(now))
        self._chores_ns = max(next_ns, now + CHORES_NS)
