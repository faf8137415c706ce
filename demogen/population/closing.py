"""Accounts that close in the course of a history: which, when, and what they pay out at the end. Pure.

A tenth of an asset's customers are quiet: in a history they spend and are paid nothing, so what they have left at
any moment follows from the plan. The first turn of such an account after a date of its own becomes its last booking,
which empties it; from then on others take its turns. May import: draws, this room's pure files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from demogen.population.draws import Draw

if TYPE_CHECKING:
    from demogen.population.plan import PopulationPlan

#: The role, and the status, of an account that has closed: nobody plays with it any more.
CLOSED = "closed"
#: What its last booking is called.
CLOSING = "closing"

#: Shorter histories see nobody leave.
HISTORY_DAYS_MIN = 30

#: One account of each block is quiet, in its first half: so no two of them are neighbours.
_BLOCK = 10
_HALF = _BLOCK // 2
#: No kind of entity: a stream of draws of our own.
_STREAM = 0


class Closing(NamedTuple):
    """The last booking of an account: its number in the ledger, what it pays out (minor units), and when."""

    nth: int
    slot: int
    position: int
    units: int
    date: str


class Closings(NamedTuple):
    """The closings of one ledger, by the account's position and by the booking's number."""

    by_position: Mapping[int, Closing]
    by_number: Mapping[int, Closing]


#: Where nobody closes.
NOBODY = Closings({}, {})


class Turn(NamedTuple):
    """What the payer of a booking spends, were nobody to close."""

    source: int
    units: int
    date: str


def quiet(customers: Sequence[int], *, seed: int, slot: int) -> frozenset[int]:
    """The positions, among an asset's customers, of those who may close."""
    blocks = range(0, len(customers) - _HALF, _BLOCK)
    return frozenset(customers[first + Draw(seed, _STREAM, first + slot).below(_HALF)] for first in blocks)


def closings(
    plan: PopulationPlan,
    ledger: int,
    *,
    customers: Sequence[int],
    slot: int,
    turn: Callable[[int], Turn],
) -> list[Closing]:
    """Who closes in one asset of a ledger; `turn` tells what booking `nth` of the ledger takes from whom."""
    total = plan.first_transaction(ledger + 1) - plan.first_transaction(ledger)
    found = []
    for position in sorted(quiet(customers, seed=plan.seed, slot=slot)):
        index = ledger * plan.spec.accounts_per_ledger + position
        left = plan.books.opening_units(index)
        leaves_from = total * Draw(plan.seed, _STREAM, index).between(30, 90) // 100
        for nth in range(customers.index(position), total, len(customers)):
            source, units, date = turn(nth)
            if source != position:
                continue
            if nth >= leaves_from:
                found.append(Closing(nth, slot, position, left, date))
                break
            left -= units
    return found
