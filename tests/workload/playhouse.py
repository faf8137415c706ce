"""A whole run in memory on a real population: provision, fund, play, audit. Only waiting moves the clock."""

from __future__ import annotations

import random
from itertools import count
from pathlib import Path
from types import MappingProxyType

from demogen.audit.auditor import audit
from demogen.audit.book import Patience
from demogen.audit.command import sweeper_for
from demogen.client.crew import Crew
from demogen.client.in_memory import InMemoryCarrier
from demogen.client.retry import RetryPolicy
from demogen.clock import FakeClock
from demogen.contract.outcome import Outcome
from demogen.pacing.schedule import constant
from demogen.patterns import find_patterns
from demogen.population.progress import Quiet
from demogen.population.spec import PopulationSpec
from demogen.record.folder import RunFolder
from demogen.sandbox import SandboxApp
from demogen.workload.groundwork import Groundwork
from demogen.workload.mix import Mix
from demogen.workload.session import Run, Session

RUN = "r20260101-000000"
_NUMBERS = count(1)
#: One ledger with every role, three assets that are scaled 2, 2 and 2; enough for any pattern, quick to make.
TOWN = PopulationSpec(organizations=1, ledgers_per_organization=1, assets_per_ledger=3, accounts_per_ledger=30)


class Playhouse:
    """One run of a mix on a population: that of `spec`, or the one that `earlier` has played on."""

    def __init__(
        self,
        path: Path,
        weights,
        *,
        spec=TOWN,
        earlier=None,
        dialect="v3.8",
        seed=7,
        tps=100.0,
        seconds=3.0,
        spelling="mixed",
        skew=None,
        schedule=None,
        scripts=MappingProxyType({}),
        drift=MappingProxyType({}),
        events=None,
        line=None,
        **run,
    ):
        self.folder = RunFolder.create(path)
        self.clock = earlier.clock if earlier else FakeClock(now_ns=1)
        self.app = earlier.app if earlier else SandboxApp(clock=self.clock, rng=random.Random(seed), dialect=dialect)
        # `line` stands between the load and the ledger; provisioning and audit see the ledger itself.
        self.carrier = InMemoryCarrier(line(self.app) if line else self.app, clock=self.clock)
        self.schedule = schedule or constant(tps, seconds)
        arrivals = round(self.schedule.mean_tps * self.schedule.seconds)
        self.mix = Mix(weights, find_patterns(scripts), drift=drift, arrivals=arrivals)
        groundwork = Groundwork(self._crew(), policy=RetryPolicy(), clock=self.clock, seed=seed)
        if earlier:
            self.population = groundwork.adopt(self.folder, earlier.folder.path)
        else:
            self.population = groundwork.populate(self.folder, spec, url="http://memory", progress=Quiet())
        # Another run of the same second needs another name: its marks are keys.
        self.run_id = f"{RUN}-{next(_NUMBERS)}"
        self.deposits = groundwork.open_books(
            self.folder,
            self.population,
            run_id=self.run_id,
            mix=self.mix,
            arrivals=arrivals,
            whole_units=spelling == "dsl",
            skew=skew,
        )
        plan = Run(
            run_id=self.run_id, scenario="test", seed=seed, host="memory", server=dialect, schedule=self.schedule,
            mix_spelling=spelling, deadline_s=30.0, skew=skew, **run,
        )  # fmt: skip
        self.session = Session(
            plan, folder=self.folder, population=self.population, mix=self.mix, carrier=self.carrier,
            clock=self.clock, events=events,
        )  # fmt: skip

    def _crew(self):
        return Crew(InMemoryCarrier(self.app, clock=self.clock), clock=self.clock, concurrency=8)

    def play(self):
        """The whole run; its measurement."""
        self.measurement = self.session.play()
        return self.measurement

    def surprises(self):
        """What ended otherwise than its pattern asked: pattern, outcome, how often. Riders included."""
        total = self.session.gathering.total
        found = [
            (self.mix.names[key[0]], key[1], cell.unexpected) for key, cell in total.cells.items() if cell.unexpected
        ]
        rides = [
            (self.mix.names[key[0]], key[1], cell.service.total)
            for key, cell in total.reads.items()
            if key[1] != Outcome.ACCEPTED
        ]
        return found + rides

    def audit(self, **options):
        return audit(
            self.folder, roster=self.population, crew=self._crew(), sweeper=sweeper_for(self.clock), clock=self.clock,
            depth="run", patience=Patience(rest_s=5.0, late_s=0.5), **options,
        )  # fmt: skip
