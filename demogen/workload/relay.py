"""The process that delivers events: reads one a line from its input, writes them to a file or posts them to a URL.

A process of its own, so that a slow or dead receiver costs the load nothing. The first line of the input says where to,
not the command line, since a URL may hold a secret. When the input has ended it says what it delivered, on one line.
May import: client, contract, `clock`, `errors`.
"""

from __future__ import annotations

import os
import select
import sys
from collections import deque
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import msgspec

from demogen.client.engine import open_pump
from demogen.client.engine.endpoint import base_url
from demogen.clock import NS_PER_MS, NS_PER_S, Clock, SystemClock
from demogen.contract.exchange import Request, Response
from demogen.errors import UsageError

#: Events that may wait for a slow receiver: beyond it they are lost rather than held in memory.
WAITING_MAX = 100_000
#: How long after the end of the input what is still waiting may take.
LINGER_S = 3.0

_AT_ONCE = 32
_ANSWER_WITHIN_S = 5.0
_TURN_NS = 10 * NS_PER_MS
_READ_BYTES = 1 << 20


class Counts(msgspec.Struct):
    """What became of the events: `delivered`, or `failed`: refused, unreachable, not answered in time."""

    delivered: int = 0
    failed: int = 0


class Outlet(Protocol):
    """Where events go; `busy` while some are under way."""

    @property
    def busy(self) -> bool: ...

    def turn(self, waiting: deque[bytes], counts: Counts) -> None:
        """Take what fits from `waiting`, count what has ended; returns soon."""
        ...


class FileOutlet:
    """A line an event, appended: whole lines at a time, so that several processes may share a file."""

    busy = False

    def __init__(self, path: Path) -> None:
        """Raises UsageError where the file cannot be opened."""
        try:
            self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        except OSError as error:
            raise UsageError(
                f"cannot write events to {path}: {error.strerror}", hint="name a file in a folder that exists, or a URL"
            ) from error

    def turn(self, waiting: deque[bytes], counts: Counts) -> None:
        lines = b"".join(body + b"\n" for body in waiting)
        try:
            whole = not lines or os.write(self._fd, lines) == len(lines)
        except OSError:
            whole = False
        counts.delivered += len(waiting) if whole else 0
        counts.failed += 0 if whole else len(waiting)
        waiting.clear()

    def close(self) -> None:
        os.close(self._fd)


class UrlOutlet:
    """A POST an event, several under way at once; any 2xx is a delivery."""

    def __init__(self, url: str, *, clock: Clock) -> None:
        """Raises UsageError where the URL is none."""
        parts = urlsplit(url)
        self._pump = open_pump(origin_of(url), clock=clock, max_connections=_AT_ONCE)
        self._target = ((parts.path or "/") + (f"?{parts.query}" if parts.query else "")).encode()
        self._clock = clock

    @property
    def busy(self) -> bool:
        return self._pump.in_flight > 0

    def turn(self, waiting: deque[bytes], counts: Counts) -> None:
        now_ns = self._clock.now_ns()
        deadline_ns = now_ns + round(_ANSWER_WITHIN_S * NS_PER_S)
        while waiting and self._pump.offer(Request(b"POST", self._target, waiting[0]), None, deadline_ns):
            waiting.popleft()
        self._pump.launch()
        for _, result, _, _ in self._pump.collect(now_ns + _TURN_NS):
            if isinstance(result, Response) and 200 <= result.status < 300:
                counts.delivered += 1
            else:
                counts.failed += 1

    def close(self) -> None:
        self._pump.close()


def origin_of(url: str) -> str:
    """Scheme, host and port. Raises UsageError where nothing can be posted there."""
    parts = urlsplit(url)
    try:
        return base_url(f"{parts.scheme}://{parts.netloc}")
    except UsageError as error:
        raise UsageError(f"cannot send events to {url}: {error.message}", hint="name a file or an http URL") from error


class Lines:
    """Lines from a descriptor, as they come."""

    def __init__(self, source: int) -> None:
        self.ended = False
        self._source = source
        self._ready: list[bytes] = []
        self._torn = b""

    def first(self) -> bytes:
        """The first line; empty where there is none."""
        while not self._ready and not self.ended:
            self._read()
        return self._ready.pop(0) if self._ready else b""

    def take(self, *, wait: bool) -> list[bytes]:
        """What has come since; may `wait` for something to come."""
        if not self._ready and not self.ended and select.select([self._source], [], [], None if wait else 0)[0]:
            self._read()
        ready, self._ready = self._ready, []
        return ready

    def _read(self) -> None:
        piece = os.read(self._source, _READ_BYTES)
        self.ended = not piece
        *self._ready, self._torn = (self._torn + piece).split(b"\n")


def relay(lines: Lines, outlet: Outlet, *, clock: Clock) -> Counts:
    """Deliver the lines until they end, and for a while after that.

    What is still waiting then, or was too much to hold, is neither delivered nor failed.
    """
    counts, waiting = Counts(), deque[bytes]()
    while not lines.ended:
        waiting.extend(lines.take(wait=not waiting and not outlet.busy)[: max(0, WAITING_MAX - len(waiting))])
        outlet.turn(waiting, counts)
    end_ns = clock.now_ns() + round(LINGER_S * NS_PER_S)
    while (waiting or outlet.busy) and clock.now_ns() < end_ns:
        outlet.turn(waiting, counts)
    return counts


def main() -> None:
    """Where to, then the events, from the standard input; the counts, as JSON, to the standard output."""
    # The load comes first where both want the same core.
    os.nice(5)
    lines, clock = Lines(sys.stdin.fileno()), SystemClock()
    where = lines.first().decode()
    if where:
        counts = relay(lines, outlet_of(where, clock=clock), clock=clock)
        sys.stdout.write(msgspec.json.encode(counts).decode())


def outlet_of(where: str, *, clock: Clock) -> FileOutlet | UrlOutlet:
    """An http or https URL, else a file. Raises UsageError where nothing can be delivered there."""
    if "://" not in where:
        return FileOutlet(Path(where))
    return UrlOutlet(where, clock=clock)


if __name__ == "__main__":
    main()
