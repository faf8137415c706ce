"""What earlier runs of this process counted, so that a new run never makes a counter fall. Keeps names, not numbers.

Prometheus takes a falling counter for a restart and would lose a scrape interval; one process behind a web UI plays
many runs, each with a mix of its own. May import: `tally`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from demogen.record.tally import Cell, CellKey, Tally


class Earlier:
    """The sum of the runs that are over; patterns are numbered as they turn up."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.patterns: list[str] = []
        self.workers: dict[str, Counter[str]] = {}

    def add(self, tally: Tally, patterns: Sequence[str], *, workers: Mapping[str, Mapping[str, float]]) -> None:
        """A run is over. `patterns` are its names by number, `workers` its counts by worker."""
        self._merge(self.tally, tally, self._numbers(patterns))
        for worker, counts in workers.items():
            self.workers.setdefault(worker, Counter()).update(counts)

    def with_run(self, tally: Tally, patterns: Sequence[str]) -> tuple[Tally, Sequence[str]]:
        """All runs, the one under way included, and the names of its patterns. What is handed in is left alone."""
        if not self.patterns:
            return tally, patterns
        whole = Tally()
        whole.merge(self.tally)
        self._merge(whole, tally, self._numbers(patterns))
        return whole, self.patterns

    def _numbers(self, patterns: Sequence[str]) -> list[int]:
        """Our number for each of theirs."""
        for name in patterns:
            if name not in self.patterns:
                self.patterns.append(name)
        return [self.patterns.index(name) for name in patterns]

    @staticmethod
    def _merge(whole: Tally, tally: Tally, numbers: Sequence[int]) -> None:
        renumbered = Tally()
        renumbered.merge(tally)
        renumbered.cells = _renumbered(tally.cells, numbers)
        renumbered.reads = _renumbered(tally.reads, numbers)
        renumbered.exemplars = {
            (of, numbers[pattern], outcome, phase, bucket): exemplar
            for (of, pattern, outcome, phase, bucket), exemplar in tally.exemplars.items()
        }
        renumbered.started = Counter({numbers[i]: count for i, count in tally.started.items()})
        renumbered.intents = Counter({numbers[i]: count for i, count in tally.intents.items()})
        whole.merge(renumbered)


def _renumbered(cells: Mapping[CellKey, Cell], numbers: Sequence[int]) -> dict[CellKey, Cell]:
    return {(numbers[pattern], outcome, phase): cell for (pattern, outcome, phase), cell in cells.items()}
