"""A way to a ledger that turns bad once the load has begun; all that is not the load goes through whole."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from nasty import Line, NastyServer, serving

from demogen.client.engine.parser import Assembler
from demogen.contract.exchange import Response

#: A request of the load: a mark whose generation is not that of the funding.
_OF_THE_LOAD = re.compile(rb"x-idempotency: \S+-[1-9]\d*-(\d+)\r\n", re.IGNORECASE)

#: Does something bad instead of passing the answer on; `answer` gets it from the ledger, if it is to hear at all.
Misdeed = Callable[[Line, Callable[[], bytes]], None]


def arrival_of(request: bytes) -> int | None:
    """The number of the arrival that this request serves; None where it is none of the load's."""
    found = _OF_THE_LOAD.search(request.partition(b"\r\n\r\n")[0] + b"\r\n")
    return int(found[1]) if found else None


@contextmanager
def turncoat(url: str, misdeed: Misdeed, *, every: int = 4) -> Iterator[NastyServer]:
    """Passes everything on to the ledger at `url`, but for each `every`-th arrival: those are in its `wronged`."""
    place = (urlsplit(url).hostname, urlsplit(url).port)

    wronged: list[int] = []

    def behave(line: Line) -> None:
        with socket.create_connection(place) as ledger:
            while request := line.request():
                arrival = arrival_of(request)
                if arrival is not None and arrival % every == every - 1:
                    wronged.append(arrival)
                    misdeed(line, lambda: asked(ledger, request))
                else:
                    line.say(asked(ledger, request))

    with serving(behave) as server:
        server.wronged = wronged
        yield server


def asked(ledger: socket.socket, request: bytes) -> bytes:
    """The ledger's whole answer, as it came."""
    ledger.sendall(request)
    reader, raw = Assembler(bodiless=request.startswith(b"HEAD ")), b""
    while True:
        data = ledger.recv(1 << 20)
        raw += data
        answer = reader.feed(data) if data else reader.finish()
        if answer is not None:
            assert isinstance(answer, Response), answer
            return raw
