"""How an attempt ended: three outcomes, never two, and the receipt that a script is handed.

A time-out is INDETERMINATE, never "failed": it may or may not be booked, and the auditor asks the ledger later
(design 4.1). May import: `exchange`.
"""

from __future__ import annotations

import enum

import msgspec

from demogen.contract.exchange import Fault


class Outcome(enum.IntEnum):
    """What the ledger said, if it said anything."""

    ACCEPTED = 1  # the ledger says it is booked
    REJECTED = 2  # the ledger says no: a rule did its work, or nothing reached it
    INDETERMINATE = 3  # no answer, or a server error: it may or may not be booked

    @property
    def label(self) -> str:
        return self.name.lower()


# Looking a member up costs as much as making a receipt.
_ACCEPTED, _REJECTED, _INDETERMINATE = Outcome.ACCEPTED, Outcome.REJECTED, Outcome.INDETERMINATE


class Receipt(msgspec.Struct, frozen=True):
    """What came of one intent. `code` is the ledger's error code ("" without one), `mark` our own key.

    `expected` says whether outcome and code are what the pattern asked for. `body` is the raw answer.
    """

    outcome: Outcome
    status: int
    code: str
    transaction_id: str
    replayed: bool
    expected: bool
    mark: str
    body: bytes = b""
    fault: Fault | None = None

    @property
    def accepted(self) -> bool:
        return self.outcome is _ACCEPTED

    @property
    def rejected(self) -> bool:
        return self.outcome is _REJECTED

    @property
    def indeterminate(self) -> bool:
        return self.outcome is _INDETERMINATE
