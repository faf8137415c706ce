"""The two seams to a ledger: one request at a time (`Transport`), and many at once (`Carrier`).

Everything above sends through one of these; a test swaps them instead of mocking code. May import: `contract`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from demogen.contract.exchange import Fault, Request, Response

#: One finished exchange: the ticket it was offered with, what came, when it left and when it ended (monotonic ns).
#: `sent_ns` is 0 where nothing was sent.
Delivery = tuple[object, Response | Fault, int, int]


class Transport(Protocol):
    """One request, one answer; for preflight, doctor and tokens, where speed does not matter."""

    def send(self, request: Request) -> Response:
        """Raises LedgerUnreachable where no answer came."""
        ...


class Carrier(Protocol):
    """Many requests in flight at once. The caller's loop: `collect`, `offer` …, write ahead, `launch`.

    Nothing leaves between `offer` and `launch`, so that a journal can be written first (design 4.4).
    """

    @property
    def in_flight(self) -> int:
        """Requests launched or offered whose delivery has not been collected."""
        ...

    def offer(self, request: Request, ticket: object, deadline_ns: int) -> bool:
        """Take a request for the next `launch`; False where no connection is free and none may be added.

        `deadline_ns` is the monotonic time after which an answer no longer counts (Fault.TIMEOUT).
        """
        ...

    def launch(self) -> None:
        """Send all that was offered since the last launch."""
        ...

    def collect(self, until_ns: int) -> Sequence[Delivery]:
        """What has finished; waits for something to finish, at most until `until_ns` (monotonic)."""
        ...

    def open(self, count: int) -> None:
        """Grow towards `count` open connections in the background (a Locust user is one connection)."""
        ...

    def close(self) -> None:
        """Close every connection; what was in flight is delivered as Fault.CANCELLED by a last `collect`."""
        ...
