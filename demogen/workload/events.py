"""Accepted transactions as events to a file or a URL, as a ledger's own webhooks would be (T17).

The load never waits: it hands an answer over, and a thread of its own writes or posts it, in order. What it cannot
keep up with is counted as lost. A file holds one JSON object a line; a URL is sent one POST an event. May import:
client, contract, record, `clock`, `errors`.
"""

from __future__ import annotations

import threading
from collections import deque
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import msgspec

from demogen.client.pooled import PooledTransport
from demogen.client.transport import Transport
from demogen.clock import Clock
from demogen.contract.exchange import Request
from demogen.contract.money import units_text
from demogen.contract.outcome import Receipt
from demogen.contract.transactions import Action, Leg
from demogen.errors import DemogenError, RunFolderError
from demogen.record.attempt import Attempt

#: Events that may wait: beyond it they are lost rather than held in memory.
WAITING_MAX = 100_000
_LINGER_S = 5.0
_LAST_WRITE = int(Action.REVERT)

_NAMES = {
    Action.COMMIT: "transaction.committed",
    Action.CANCEL: "transaction.cancelled",
    Action.REVERT: "transaction.reverted",
}


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that the ledger accepted. `id` is the same whenever it is delivered; amounts are decimal texts."""

    id: str
    event: str
    at_unix_ns: int
    organization_id: str
    ledger_id: str
    transaction_id: str
    subject_id: str = ""
    asset: str = ""
    amount: str = ""
    source: list[str] = []
    destination: list[str] = []
    metadata: dict[str, str] = {}


class Outlet(Protocol):
    """Where events go. Raises OSError or DemogenError where one could not be delivered."""

    def deliver(self, body: bytes) -> None: ...

    def close(self) -> None: ...


class FileOutlet:
    """A line an event, appended. Raises RunFolderError where the file cannot be opened."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("ab")
        except OSError as error:
            raise RunFolderError(f"cannot write events to {path}: {error.strerror}", hint="name a file") from error

    def deliver(self, body: bytes) -> None:
        self._file.write(body + b"\n")

    def close(self) -> None:
        self._file.close()


class UrlOutlet:
    """A POST an event; any 2xx is a delivery."""

    def __init__(self, transport: Transport, path: str) -> None:
        self._transport = transport
        self._path = path.encode()

    def deliver(self, body: bytes) -> None:
        response = self._transport.send(Request(b"POST", self._path, body))
        if not 200 <= response.status < 300:
            raise OSError(f"HTTP {response.status}")

    def close(self) -> None:
        close = getattr(self._transport, "close", None)
        if close is not None:
            close()


class Events:
    """Listens to a player's answers (`heard`) and delivers; close it to wait for the rest.

    `delivered`, `failed` (refused or unreachable) and `lost` (too many at once) are counts.
    """

    def __init__(self, outlet: Outlet, *, clock: Clock) -> None:
        self.delivered = self.failed = self.lost = 0
        self._outlet = outlet
        self._offset_ns = clock.wall_ns() - clock.now_ns()
        self._waiting: deque[tuple[Attempt, Receipt, int]] = deque()
        self._something = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._deliver_all, name="events", daemon=True)
        self._thread.start()

    def heard(self, attempt: Attempt, receipt: Receipt, _sent_ns: int, answered_ns: int) -> None:
        """Called by the load for every answer: keeps those that the ledger accepted for the first time."""
        if attempt.intent.action > _LAST_WRITE or not receipt.accepted or receipt.replayed:
            return
        if len(self._waiting) >= WAITING_MAX:
            self.lost += 1
            return
        self._waiting.append((attempt, receipt, answered_ns))
        self._something.set()

    def close(self) -> None:
        """Wait a while for what is still to be delivered; the rest is lost."""
        self._closing = True
        self._something.set()
        self._thread.join(_LINGER_S)
        self.lost += len(self._waiting)
        self._outlet.close()

    def _deliver_all(self) -> None:
        while True:
            self._something.wait()
            self._something.clear()
            while self._waiting:
                self._deliver(*self._waiting.popleft())
            if self._closing and not self._waiting:
                return

    def _deliver(self, attempt: Attempt, receipt: Receipt, answered_ns: int) -> None:
        try:
            self._outlet.deliver(
                msgspec.json.encode(event_of(attempt, receipt, at_unix_ns=answered_ns + self._offset_ns))
            )
            self.delivered += 1
        except (OSError, DemogenError):
            self.failed += 1


def event_of(attempt: Attempt, receipt: Receipt, *, at_unix_ns: int) -> Event:
    """What an accepted attempt tells the world."""
    intent, step = attempt.intent, attempt.intent.action
    moved: dict[str, Any] = {}
    if intent.units:
        moved = {
            "asset": intent.asset,
            "amount": units_text(intent.units, intent.scale),
            "source": _aliases(intent.sources),
            "destination": _aliases(intent.targets),
            "metadata": dict(intent.metadata),
        }
    created = "transaction.pending" if intent.pending else "transaction.created"
    return Event(
        id=f"{attempt.mark}-{step.label}",
        event=_NAMES.get(step, created),
        at_unix_ns=at_unix_ns,
        organization_id=intent.ledger.organization_id,
        ledger_id=intent.ledger.ledger_id,
        transaction_id=receipt.transaction_id,
        subject_id=intent.subject,
        **moved,
    )


def _aliases(legs: tuple[Leg, ...]) -> list[str]:
    return [leg.account.alias for leg in legs]


def open_events(where: str, *, clock: Clock, timeout_s: float = 5.0) -> Events:
    """Events to a URL (http or https) or to a file. Raises UsageError or RunFolderError where that is no place."""
    parts = urlsplit(where)
    if parts.scheme not in ("http", "https"):
        return Events(FileOutlet(Path(where)), clock=clock)
    transport = PooledTransport(f"{parts.scheme}://{parts.netloc}", timeout_s=timeout_s)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Events(UrlOutlet(transport, path), clock=clock)
