"""Lays the ground of a run on a ledger that answers: population, opening, funding. The same for every way to run.

May import: population, patterns, client, audit's opening, the rest of this room.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from demogen.client.crew import Crew
from demogen.client.retry import RetryPolicy
from demogen.clock import Clock
from demogen.patterns import Stage
from demogen.population.directory import Population
from demogen.population.plan import plan
from demogen.population.progress import Progress
from demogen.population.provision import provision
from demogen.population.skew import Skew
from demogen.population.spec import PopulationSpec
from demogen.record.folder import RunFolder
from demogen.workload.mix import Mix
from demogen.workload.prepare import adopt_population, fund, read_books, sweeper_for
from demogen.workload.rehearsal import needs

#: A run without an end is funded for this long at its target.
ENDLESS_S = 3600.0


class Groundwork:
    """Works through one crew; `policy` says how patiently."""

    def __init__(self, crew: Crew, *, policy: RetryPolicy, clock: Clock, seed: int) -> None:
        self._crew = crew
        self._policy = policy
        self._clock = clock
        self._seed = seed

    def populate(self, folder: RunFolder, spec: PopulationSpec, *, url: str, progress: Progress) -> Population:
        """Make the population of `spec` in the run's own folder; what is there already is found again."""
        report = provision(
            plan(spec, self._seed),
            self._crew,
            manifest=folder.population,
            url=url,
            clock=self._clock,
            policy=self._policy,
            progress=progress,
        )
        if not report.complete:
            for reason, count in report.by_weight()[:5]:
                progress.note(f"not made: {count:,} × {reason}")
        return Population.open(folder.population)

    def adopt(self, folder: RunFolder, source: Path) -> Population:
        """Use the population of another run folder."""
        return adopt_population(source, folder)

    def open_books(
        self,
        folder: RunFolder,
        population: Population,
        *,
        run_id: str,
        mix: Mix,
        arrivals: int,
        whole_units: bool,
        skew: Mapping[str, Skew] | None = None,
    ) -> int:
        """Read the opening, then fund what the run needs; how many deposits that took."""
        sweeper = sweeper_for(self._clock, self._policy, seed=self._seed)
        read_books(folder, population, crew=self._crew, sweeper=sweeper, clock=self._clock)
        stage = Stage.of(population, skew=skew, whole_units=whole_units)
        return fund(
            needs(mix, stage, seed=self._seed, arrivals=arrivals),
            run_id=run_id,
            folder=folder,
            population=population,
            crew=self._crew,
            policy=self._policy,
            clock=self._clock,
            seed=self._seed,
        )
