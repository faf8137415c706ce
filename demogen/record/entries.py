"""What the journal has not yet written, and the quick way to append to it: here there is none, and `journal` packs all.

Where a C compiler was at hand, `entries.pyx` stands in for this file: what it packs is byte for byte what `journal`
makes of `records`, what it cannot it leaves to them. May import: `contract`, `attempt`.
"""

from __future__ import annotations

from demogen.contract.outcome import Receipt
from demogen.record.attempt import Attempt


class Entries(bytearray):
    """Records in the order they came."""

    __slots__ = ()


def everyday_intent(into: Entries, attempt: Attempt, keys: dict[str, int]) -> bool:  # noqa: ARG001
    """Append an intent and its legs; False, and nothing appended, where that is left to `journal`."""
    return False


def everyday_outcome(into: Entries, attempt: Attempt, receipt: Receipt, sent_ns: int, answered_ns: int) -> bool:  # noqa: ARG001
    """Append how an attempt ended; False, and nothing appended, where that is left to `journal`."""
    return False
