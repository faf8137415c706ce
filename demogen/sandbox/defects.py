"""Planted ledger bugs, each with the invariant that must name it. Nothing here is ever on by itself.

A defect corrupts a step at the booking seam, or an answer at the rendering seam; the engine knows none of them. Each
fires at every 20th eligible operation. May import: demogen.errors, demogen.sandbox.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from demogen.errors import UsageError

if TYPE_CHECKING:
    from demogen.sandbox.engine.booking import Booking
    from demogen.sandbox.store.balances import Balance

EVERY = 20


class Defect(NamedTuple):
    """A planted bug: its name, what it does, and the invariant whose audit names it."""

    name: str
    sentence: str
    breaks: str


DEFECTS: tuple[Defect, ...] = (
    Defect("lost-update", "one leg's change of its balance is overwritten by the state before it", "accounts-replay"),
    Defect("acknowledged-not-written", "a transaction is answered with 201 and never written", "exactly-once"),
    Defect("double-booking", "a transaction is booked twice under two ids", "exactly-once"),
)
_BY_NAME = {defect.name: defect for defect in DEFECTS}


class Planted:
    """Which defects are on, and when each fires."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        chosen = tuple(names)
        unknown = sorted(set(chosen) - _BY_NAME.keys())
        if unknown:
            raise UsageError(f"no defect named {', '.join(unknown)}", hint="demogen sandbox --list-defects names all")
        self._seen = dict.fromkeys(chosen, 0)
        self.any = bool(chosen)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._seen)

    def fires(self, name: str) -> bool:
        """Whether a planted defect strikes at this eligible operation."""
        if name not in self._seen:
            return False
        self._seen[name] += 1
        return self._seen[name] % EVERY == 0

    def corrupt(self, step: Booking) -> None:
        """Spoil a step before it is written."""
        direct = step.is_new and step.transaction.status == "APPROVED"
        if direct and len(step.after) > 1 and self.fires("lost-update"):
            step.after.popitem()
        if direct and self.fires("acknowledged-not-written"):
            step.lost = True
        if direct and self.fires("double-booking"):
            step.twice = True

    def distort_balance(self, shown: dict[str, Any], row: Balance) -> None:
        """Spoil a balance as a read shows it."""
