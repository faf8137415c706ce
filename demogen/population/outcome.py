"""What came of provisioning: counts by kind that are the server's, and every failure with its reason.

May import: kinds, manifest, errors.
"""

from __future__ import annotations

from collections import Counter

import msgspec

from demogen.errors import PreflightFailed
from demogen.population.kinds import COUNTED, Kind
from demogen.population.manifest import Row, State

TROUBLES_MAX = 1_000


class Tally(msgspec.Struct):
    """One kind: what was planned and what became of it. `earlier` was settled before this run."""

    planned: int = 0
    earlier: int = 0
    made: int = 0
    found: int = 0
    failed: int = 0
    skipped: int = 0

    @property
    def existing(self) -> int:
        return self.earlier + self.made + self.found

    @property
    def missing(self) -> int:
        return self.planned - self.existing


class Trouble(msgspec.Struct, frozen=True):
    """One entity that was not made, and why. `code` is the ledger's, or a fault's name."""

    kind: str
    position: int
    state: str
    code: str
    reason: str


class ProvisionReport(msgspec.Struct):
    """What provisioning did. `troubles` holds the first thousand; `reasons` counts all of them, `causes` those that
    failed by themselves and not for want of something else.
    """

    population_id: str
    elapsed_s: float = 0.0
    tallies: dict[str, Tally] = {}
    troubles: list[Trouble] = []
    reasons: dict[str, int] = {}
    causes: dict[str, int] = {}
    notes: list[str] = []

    def tally(self, kind: Kind) -> Tally:
        return self.tallies.setdefault(kind.label, Tally())

    def add(self, row: Row) -> None:
        """Count what became of an entity."""
        tally = self.tally(row.kind)
        if row.state is State.MADE:
            tally.made += 1
            return
        if row.state is State.FOUND:
            tally.found += 1
            return
        if row.state is State.FAILED:
            tally.failed += 1
        else:
            tally.skipped += 1
        self._trouble(row)

    def _trouble(self, row: Row) -> None:
        told = f"{row.kind.label.replace('_', ' ')}: {row.code + ' ' if row.code else ''}{row.reason}"
        self.reasons[told] = self.reasons.get(told, 0) + 1
        if row.state is State.FAILED:
            self.causes[told] = self.causes.get(told, 0) + 1
        if len(self.troubles) < TROUBLES_MAX:
            state = row.state.name.lower()
            self.troubles.append(Trouble(row.kind.label, row.position, state, row.code, row.reason))

    @property
    def complete(self) -> bool:
        """Whether everything that was planned exists."""
        return all(tally.missing == 0 for tally in self.tallies.values())

    @property
    def entities(self) -> int:
        """How many exist of what a preset's size means (P1)."""
        return sum(self.tallies[kind.label].existing for kind in COUNTED if kind.label in self.tallies)

    @property
    def failures(self) -> Counter[str]:
        """How many were not made, by kind."""
        return Counter({kind: tally.failed + tally.skipped for kind, tally in self.tallies.items()})

    def by_weight(self) -> list[tuple[str, int]]:
        """Reasons and how often each was met: causes before consequences, the commonest first."""
        return sorted(self.reasons.items(), key=lambda pair: (pair[0] not in self.causes, -pair[1]))

    def require_complete(self) -> None:
        """Raises PreflightFailed where something is missing, naming the commonest reason."""
        if self.complete:
            return
        missing = sum(tally.missing for tally in self.tallies.values())
        reason = next((told for told, _ in self.by_weight()), "interrupted")
        raise PreflightFailed(
            f"{missing:,} planned entities do not exist ({reason})",
            hint="run the same command with --resume once the cause is gone",
        )
