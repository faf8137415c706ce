"""Accepted transactions as events to a file or a URL, as a ledger's own webhooks would be (T17).

The load never waits: what it hears goes down a pipe to a process that delivers (`relay`), and what that one cannot keep
up with is counted as lost. A file holds one JSON object a line; a URL is sent one POST an event. May import: client,
contract, record, `relay`, `clock`.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import msgspec

from demogen.clock import NS_PER_S, Clock
from demogen.contract.money import units_text
from demogen.contract.outcome import Receipt
from demogen.contract.transactions import Action, Leg
from demogen.record.attempt import Attempt
from demogen.workload import relay

_PIPE_BYTES = 1 << 20
#: What may wait for room in the pipe; beyond it events are lost rather than held in memory.
_UNSENT_BYTES_MAX = 16 << 20
_GRACE_S = 2.0
_LOOK_EVERY_S = 0.02
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


class Events:
    """Listens to a player's answers (`heard`) and hands them to a relay; close it to wait for the rest.

    `delivered`, `failed` (refused, unreachable, not answered in time) and `lost` (too many to hold, or still waiting at
    the end) are counts, known once it is closed.
    """

    def __init__(self, where: str, *, clock: Clock) -> None:
        self.delivered = self.failed = self.lost = 0
        self._clock = clock
        self._offset_ns = clock.wall_ns() - clock.now_ns()
        self._told = 0
        self._doubted: set[str] = set()
        source, self._pipe = os.pipe()
        os.set_blocking(self._pipe, False)
        # Room for some thousand events, so that a relay that must wait for a core is no loss.
        fcntl.fcntl(self._pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        # A session of its own: a Ctrl-C at the terminal must not end it before the load has drained.
        self._relay = subprocess.Popen(
            [sys.executable, "-m", relay.__name__], stdin=source, stdout=subprocess.PIPE, start_new_session=True
        )
        os.close(source)
        self._unsent = bytearray(where.encode() + b"\n")
        self._pass_on()

    def heard(self, attempt: Attempt, receipt: Receipt, _sent_ns: int, answered_ns: int) -> None:
        """Called by the load for every answer: keeps those that the ledger accepted, each once."""
        if attempt.intent.action > _LAST_WRITE or not self._is_news(attempt, receipt):
            return
        self._told += 1
        if len(self._unsent) < _UNSENT_BYTES_MAX:
            event = event_of(attempt, receipt, at_unix_ns=answered_ns + self._offset_ns)
            self._unsent += msgspec.json.encode(event) + b"\n"
            self._pass_on()

    def close(self, *, between: Callable[[], None] = lambda: None) -> None:
        """Wait a while for what is still to be delivered; the rest is lost. `between` is called again and again."""
        if self._pipe < 0:
            return
        end_ns = self._clock.now_ns() + round((relay.LINGER_S + _GRACE_S) * NS_PER_S)
        while self._unsent and self._relay.poll() is None and self._clock.now_ns() < end_ns:
            self._pass_on()
            self._wait(between)
        os.close(self._pipe)
        self._pipe = -1
        while self._relay.poll() is None and self._clock.now_ns() < end_ns:
            self._wait(between)
        self._relay.kill()
        said, _ = self._relay.communicate()
        # Whatever it could not tell us of is not known to be delivered.
        counts = msgspec.json.decode(said, type=relay.Counts) if said else relay.Counts()
        self.delivered, self.failed = counts.delivered, counts.failed
        self.lost = self._told - self.delivered - self.failed

    def counts(self) -> dict[str, int]:
        """What became of the events, under the names of a tally's counts."""
        return {"events_delivered": self.delivered, "events_failed": self.failed, "events_lost": self.lost}

    def _is_news(self, attempt: Attempt, receipt: Receipt) -> bool:
        """Whether this answer is the first to say that it was accepted; a replay may be, after one that got lost."""
        if receipt.indeterminate:
            self._doubted.add(attempt.mark)
            return False
        if not receipt.accepted:
            return False
        if receipt.replayed and attempt.mark not in self._doubted:
            return False
        self._doubted.discard(attempt.mark)
        return True

    def _pass_on(self) -> None:
        """As much as the pipe takes; never waits."""
        try:
            del self._unsent[: os.write(self._pipe, self._unsent)]
        except BlockingIOError:
            return
        except OSError:
            # The relay has ended; what it was not given is lost.
            self._unsent.clear()

    def _wait(self, between: Callable[[], None]) -> None:
        between()
        self._clock.sleep(_LOOK_EVERY_S)


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


def require_place(where: str, *, clock: Clock) -> None:
    """Say now what would go wrong later. Raises UsageError where no event can be delivered there."""
    relay.outlet_of(where, clock=clock).close()
