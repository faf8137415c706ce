"""Makes a plan real: walks it in order through a crew, remembers in the manifest, goes on where it stopped.

Safe to run again at any time, also after kill -9: what the manifest knows is not sent again, what may have been sent
is looked for first, what lies beyond the frontier is new. A failure is counted and carried on from; what depends on
it is skipped with the reason. No threads, no waiting on the disk beyond a batch. May import: client, clock, this room.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from random import Random

from demogen.client.crew import Crew, Job, Wait
from demogen.client.retry import RetryPolicy
from demogen.client.throttle import Throttle
from demogen.clock import NS_PER_S, Clock, SystemClock
from demogen.contract.transactions import Intent
from demogen.errors import UsageError
from demogen.population.absence import absence
from demogen.population.blueprint import Blueprint
from demogen.population.booking import Bookkeeper, in_doubt_ledgers
from demogen.population.directory import Population
from demogen.population.kinds import Kind
from demogen.population.known import Known
from demogen.population.making import Maker
from demogen.population.manifest import FORMAT, Batch, Manifest, Positions, Row, State
from demogen.population.outcome import TROUBLES_MAX, ProvisionReport
from demogen.population.plan import PopulationPlan
from demogen.population.planned import Stage
from demogen.population.progress import Progress, Quiet
from demogen.population.shelves import Shelves

#: Given the population with its accounts funded, what each of the plan's transactions is to be.
Author = Callable[[Population], Callable[[int], Intent]]

#: How far ahead of what was sent the frontier is written: this many look-ups at most after a kill.
AHEAD = 512
#: How many organizations a fresh manifest looks for, in case the server knows this population already.
_SCOUTS = 64


def provision(
    plan: Blueprint,
    crew: Crew,
    *,
    manifest: Path,
    progress: Progress | None = None,
    clock: Clock | None = None,
    policy: RetryPolicy | None = None,
    url: str = "",
    missing: Mapping[Kind, str] | None = None,
    concurrency: Mapping[Kind, int] | None = None,
    part: tuple[int, int] = (1, 1),
    batch: int = 256,
    strict: bool = True,
    author: Author | None = None,
    rows_in_memory: int = 65_536,
    settle_s: float = 0.8,
) -> ProvisionReport:
    """Make everything in `plan` that does not exist yet, and say what came of it.

    `missing` names kinds the server does not have, each with the sentence to say; they are skipped. `concurrency`
    bounds single kinds. With `part` (k, n) only every n-th organization is made, into a manifest of its own. `strict`
    off sends bodies that our own checks refuse. `author` writes the plan's transactions in place of the built-in
    history. `rows_in_memory` bounds what is kept of the manifest. After a kill nothing is looked for until the last
    request is `settle_s` ago: the server may still be busy with it.

    Raises UsageError where the manifest belongs to another plan or server, RunFolderError where it cannot be written,
    LedgerUnreachable where the crew's breaker loses patience.
    """
    book = Manifest(manifest)
    clock = clock or SystemClock()
    run = _Provisioning(
        plan, crew, book, progress=progress or Quiet(), clock=clock, policy=policy or RetryPolicy(),
        missing=missing or {}, concurrency=concurrency or {}, part=part, batch=batch, strict=strict, author=author,
        rows_in_memory=rows_in_memory,
    )  # fmt: skip
    started_ns = clock.now_ns()
    try:
        _claim(book, plan, part=part)
        run.check_server(url)
        run.let_settle(settle_s)
        book.describe(ended="no")
        run.all_stages()
        book.describe(ended="yes")
    finally:
        book.close()
    run.report.elapsed_s = (clock.now_ns() - started_ns) / NS_PER_S
    return run.report


def _claim(book: Manifest, plan: Blueprint, *, part: tuple[int, int]) -> None:
    """Make the manifest this plan's, or see that it is."""
    about = book.about()
    told = {"digest": plan.digest, "part": f"{part[0]}/{part[1]}"}
    for key, ours in told.items():
        if about.get(key, ours) != ours:
            theirs = f"{about.get('preset')}, seed {about.get('seed')}, part {about.get('part')}"
            raise UsageError(
                f"{book.path} holds another population ({theirs})",
                hint="use the same preset, seed and part, or another folder",
            )
    remembered = {"format": str(FORMAT), "id": plan.id, **plan.about(), **told}
    book.describe(**remembered)


def _wait(seconds: float) -> Job[None]:
    yield Wait(seconds)


class _Provisioning:
    """One run over the stages of a plan."""

    def __init__(
        self,
        plan: Blueprint,
        crew: Crew,
        book: Manifest,
        *,
        progress: Progress,
        clock: Clock,
        policy: RetryPolicy,
        missing: Mapping[Kind, str],
        concurrency: Mapping[Kind, int],
        part: tuple[int, int],
        batch: int,
        strict: bool,
        author: Author | None,
        rows_in_memory: int,
    ) -> None:
        self.report = ProvisionReport(plan.id)
        self._plan = plan
        self._crew = crew
        self._book = book
        self._progress = progress
        self._wall = clock.wall_ns
        now = clock.now_ns
        self._missing = dict(missing)
        self._concurrency = concurrency
        self._usual = crew.concurrency
        self._part = part
        self._part_name = f"{part[0]}/{part[1]}"
        self._batch = Batch(batch, now=now)
        self._author = author
        self._known = Known(book, rows_max=rows_in_memory)
        dice = Random(plan.digest)  # for the jitter of retries only
        self._maker = Maker(self._known, policy=policy, dice=dice, strict=strict)
        self._maker.warn = self._warn
        if part != (1, 1):
            self._maker.elsewhere = lambda index: plan.entity(Kind.ORGANIZATION, index)
        history = plan.history.booking if isinstance(plan, PopulationPlan) else None
        self._bookkeeper = Bookkeeper(plan, self._known, policy=policy, dice=dice, history=history)
        self._adopting = False

    def all_stages(self) -> None:
        self._adopting = self._server_knows_us()
        if self._adopting:
            self._say("the server has this population already, or parts of it: what exists is taken over")
            expected = {kind: self._plan.per_ledger(kind) for kind in self._plan.counts()}
            self._maker.shelves = Shelves(self._maker.finder, expected=expected)
        stages = list(self._plan.stages())
        for stage in stages:
            tally = self.report.tally(stage.kind)
            tally.planned = self._planned(stage.kind)
            if stage.wave == 0:
                tally.earlier = self._book.count(stage.kind, (State.MADE, State.FOUND))
        for stage in stages:
            if stage.kind is Kind.TRANSACTION_ROUTE and Kind.OPERATION_ROUTE in self._missing:
                self._missing[stage.kind] = self._missing[Kind.OPERATION_ROUTE]
            if stage.kind in self._missing:
                self._omit(stage.kind)
            else:
                self._run(stage)

    def check_server(self, url: str) -> None:
        """See that this is the server the manifest was made on. Addresses change; ids do not."""
        was = self._book.about().get("url", url)
        if was != url:
            for row in islice(self._book.rows(Kind.ORGANIZATION, states=(State.MADE, State.FOUND)), 1):
                [known] = self._crew.run(iter([self._maker.finder.exists(row.id or b"")]))
                if not known:
                    raise UsageError(
                        f"{self._book.path} was made on {was}, and {url} is another server",
                        hint="name that host, or another folder",
                    )
        if url:
            self._book.describe(url=url)

    def let_settle(self, settle_s: float) -> None:
        """After a kill, give the server a moment to finish what it was sent: a look-up must not come before it."""
        about = self._book.about()
        if about.get("ended") != "no":
            return
        left_s = settle_s - (self._wall() - int(about.get("sent_wall_ns", "0"))) / NS_PER_S
        if 0 < left_s <= settle_s:
            for _ in self._crew.run(iter([_wait(left_s)])):
                pass

    def _planned(self, kind: Kind) -> int:
        """How many of a kind this part is to make."""
        if self._part == (1, 1):
            return self._plan.counts()[kind]
        return sum(self._size(stage) for stage in self._plan.stages() if stage.kind is kind)

    def _size(self, stage: Stage) -> int:
        if self._part == (1, 1):
            return self._plan.stage_size(stage)
        return sum(1 for _ in self._plan.indexes(stage, part=self._part))

    def _server_knows_us(self) -> bool:
        """Whether a fresh manifest meets a server that has organizations of this very plan."""
        if self._book.count(Kind.ORGANIZATION) or self._book.frontier(Kind.ORGANIZATION, 0, self._part_name):
            return self._book.about().get("adopting") == "yes"
        stage = Stage(Kind.ORGANIZATION)
        scouts = (self._plan.entity(stage.kind, index) for index in islice(self._indexes(stage), _SCOUTS))
        searches = [*self._crew.run(self._maker.finder.planned(one, {}) for one in scouts)]
        found = any(raw is not None for raw in searches)
        if found:
            self._book.describe(adopting="yes")
        return found

    def _omit(self, kind: Kind) -> None:
        """A kind the server does not have: skipped, and said once."""
        tally, sentence = self.report.tally(kind), self._missing[kind]
        if sentence not in self.report.notes:
            self._say(sentence)
        tally.planned = tally.existing

    def _warn(self, sentence: str) -> None:
        if len(self.report.notes) < TROUBLES_MAX:
            self._say(sentence)

    def _say(self, sentence: str) -> None:
        self.report.notes.append(sentence)
        self._progress.note(sentence)

    def _run(self, stage: Stage) -> None:
        kind = stage.kind
        self._known.forget()
        self._book.drop_unmade(kind)
        settled = self._book.settled(kind)
        frontier = self._book.frontier(kind, stage.wave, self._part_name)
        if kind in (Kind.DEPOSIT, Kind.TRANSACTION) and (frontier or self._adopting):
            self._sweep(stage, settled, frontier)
        if kind is Kind.TRANSACTION and self._author is not None:
            self._bookkeeper.let_write(self._author(Population.open(self._book.path)))
        size = self._size(stage)
        todo = size if not settled else sum(1 for index in self._indexes(stage) if index not in settled)
        if not todo:
            return
        limit = self._concurrency.get(kind, self._usual)
        self._crew.concurrency, self._crew.throttle = limit, Throttle(limit)
        self._progress.started(kind.label, todo)
        report, progress, book, label = self.report, self._progress, self._book, kind.label
        for row in self._crew.run(self._jobs(stage, settled, frontier)):
            if row.state is State.FAILED and (sentence := absence(row)):
                self._missing[kind] = sentence
                continue
            if book.note(row, batch=self._batch.size):
                self._batch.filled()
            report.add(row)
            progress.done(label, ok=row.state < State.FAILED, elapsed_ns=self._crew.took_ns)
        book.flush()
        self._crew.concurrency = self._usual
        progress.finished(label)
        if kind in self._missing:
            self._omit(kind)

    def _indexes(self, stage: Stage) -> Iterator[int]:
        return self._plan.indexes(stage, part=self._part)

    def _jobs(self, stage: Stage, settled: Positions, frontier: int) -> Iterator[Job[Row]]:
        """The stage's jobs, the frontier always ahead of the last of them."""
        written = frontier
        for ordinal, index in enumerate(self._indexes(stage)):
            if ordinal >= written:
                written = ordinal + AHEAD
                self._book.advance(stage.kind, stage.wave, self._part_name, sent=written, wall_ns=self._wall())
            if stage.kind in self._missing:
                return
            if index not in settled:
                yield self._job(stage.kind, index, in_doubt=self._adopting or ordinal < frontier)

    def _job(self, kind: Kind, index: int, *, in_doubt: bool) -> Job[Row]:
        if kind is Kind.DEPOSIT:
            return self._bookkeeper.deposit(index)
        if kind is Kind.TRANSACTION:
            return self._bookkeeper.transaction(index)
        return self._maker.job(self._plan.entity(kind, index), in_doubt=in_doubt)

    def _sweep(self, stage: Stage, settled: Positions, frontier: int) -> None:
        """Find what an interrupted run booked without writing it down; `settled` learns of it."""
        doubtful = (
            index
            for ordinal, index in enumerate(self._indexes(stage))
            if index not in settled and (self._adopting or ordinal < frontier)
        )
        ledgers = in_doubt_ledgers(self._plan, stage.kind, doubtful)
        for rows in self._crew.run(self._bookkeeper.sweep(ledger) for ledger in ledgers):
            for row in rows:
                if row.kind is stage.kind and row.position not in settled:
                    settled.add(row.position)
                    self._book.note(row, batch=self._batch.size)
                    self.report.add(row)
        self._book.flush()
