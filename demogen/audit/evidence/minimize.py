"""A counter-example made small: which few requests, played on a fresh ledger, break the same invariant again?

Delta debugging (Zeller and Hildebrandt's ddmin) over units of history, then over rounds. Where nothing breaks again,
the requests about the witness are told as they are. May import: the rest of this room.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from demogen.audit.evidence.reproduce import Stand
from demogen.audit.evidence.units import Unit, Witness, units_about, witness_of
from demogen.audit.ground import Ground
from demogen.audit.invariant import Invariant

#: A planted bug may strike only at every twentieth operation, a real one more seldom: so many requests a try.
_REQUESTS_A_TRY = (80, 400)
_WHOLE = 6  # units told where nothing breaks again


class Counterexample(msgspec.Struct, frozen=True):
    """The shortest history found. `rounds` is how often it is played; `again` whether it broke the invariant again."""

    invariant: str
    words: str
    units: tuple[Unit, ...]
    rounds: int
    again: bool
    tries: int
    requests: int


def minimize(
    ground: Ground, claim: Invariant, *, stand: Stand | None, note: Callable[[str], object] = lambda _: None
) -> Counterexample:
    """The smallest history found for the earliest counter-example of `claim`. Without a stand nothing is played.

    Raises UsageError where the invariant has no counter-example in this run.
    """
    witness = witness_of(ground, claim)
    units = units_about(ground, witness)
    if stand is None or not units:
        return _untried(claim, witness, units)
    search = _Search(stand, claim.name, note)
    if not search.begin(units):
        return _untried(claim, witness, units, tries=search.tries, requests=stand.requests)
    smallest = search.shrink(units)
    rounds = search.fewer_rounds(smallest)
    return Counterexample(
        claim.name, witness.words, tuple(smallest), rounds, again=True, tries=search.tries, requests=stand.requests
    )


def _untried(
    claim: Invariant, witness: Witness, units: list[Unit], *, tries: int = 0, requests: int = 0
) -> Counterexample:
    near = [unit for unit in units if unit.mark in witness.words] or units[:_WHOLE]
    return Counterexample(claim.name, witness.words, tuple(near), 1, again=False, tries=tries, requests=requests)


class _Search:
    """Tries histories on fresh ledgers, and remembers how many."""

    def __init__(self, stand: Stand, invariant: str, note: Callable[[str], object]) -> None:
        self.tries = 0
        self._stand = stand
        self._invariant = invariant
        self._note = note
        self._requests = 0

    def begin(self, units: Sequence[Unit]) -> bool:
        """Whether the whole history breaks it again, if need be with more rounds; those are kept to."""
        for requests in _REQUESTS_A_TRY:
            self._requests = requests
            if self.fails(units):
                return True
        return False

    def fails(self, units: Sequence[Unit], rounds: int = 0) -> bool:
        """Whether playing the units breaks the invariant."""
        self.tries += 1
        played = self._stand.play(units, rounds=rounds or self._rounds_for(units))
        failed = self._invariant in played.report.violated
        self._note(f"try {self.tries}: {len(units)} units, {'broken again' if failed else 'nothing'}")
        return failed

    def shrink(self, units: list[Unit]) -> list[Unit]:
        """ddmin: drop ever smaller parts as long as what is left still fails."""
        parts = 2
        while len(units) >= 2:
            size = -(-len(units) // parts)
            rest = self._without_one_part(units, size)
            if rest is not None:
                units, parts = rest, max(parts - 1, 2)
            elif size == 1:
                break
            else:
                parts = min(parts * 2, len(units))
        return units

    def _without_one_part(self, units: list[Unit], size: int) -> list[Unit] | None:
        pieces = [units[start : start + size] for start in range(0, len(units), size)]
        for piece in pieces:
            if len(piece) < len(units) and self.fails(piece):
                return piece
        for start in range(0, len(units), size):
            rest = units[:start] + units[start + size :]
            if rest and len(pieces) > 2 and self.fails(rest):
                return rest
        return None

    def fewer_rounds(self, units: Sequence[Unit]) -> int:
        """The fewest rounds, by halving, that still fail."""
        rounds = self._rounds_for(units)
        while rounds > 1 and self.fails(units, rounds // 2):
            rounds //= 2
        return rounds

    def _rounds_for(self, units: Sequence[Unit]) -> int:
        return max(1, self._requests // sum(1 + unit.repeats + len(unit.steps) for unit in units))
