"""`demogen run`: one process that loads a ledger at a target rate, then audits and reports; ends with the run's code.

More processes, and the web UI, are Locust's. May import: `workload`, `audit`, `report`, `population`, `client`,
`record`, `config`, `clock`, this room.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import msgspec
import typer

from demogen.cli.asked import POPULATION, spec_of
from demogen.cli.options import LEDGER, OUTPUT, takes
from demogen.cli.progress import open_progress
from demogen.cli.report import tell_ci
from demogen.cli.scrape import Scrape
from demogen.cli.screen import VerbCommand
from demogen.cli.signals import SIGNALS
from demogen.cli.target import Target, open_crew, open_engine, open_target, policy_of
from demogen.cli.ticker import Ticker
from demogen.client.transport import Carrier
from demogen.clock import Clock, SystemClock
from demogen.config import OPTIONS, Settings, environment
from demogen.contract.wire import check_spelling
from demogen.errors import IntegrityViolated, UsageError
from demogen.pacing.schedule import Schedule
from demogen.patterns import Pattern, find_patterns
from demogen.patterns.scripts import script_patterns, texts_in
from demogen.population.directory import Population
from demogen.population.skew import Skew, skew
from demogen.population.spans import in_spans
from demogen.population.telling import summary_lines
from demogen.record.folder import RunFolder, new_run_id
from demogen.record.machine import machine
from demogen.record.metrics import Snapshot
from demogen.record.tally import COOL_DOWN, MEASURE, PHASES, WARM_UP, Tally
from demogen.report import as_text, build, exit_code
from demogen.report.renderings import write_reports
from demogen.report.run_report import RunReport
from demogen.workload.events import Events, require_place
from demogen.workload.groundwork import Groundwork
from demogen.workload.lookout import Lookout
from demogen.workload.measure import Gathering
from demogen.workload.mix import Mix, with_scripts
from demogen.workload.scenario import Scenario, find_scenario
from demogen.workload.session import Run, Session
from demogen.workload.timetable import timetable

app = typer.Typer()


@app.command(cls=VerbCommand)
@takes(
    Run=(
        "scenario", "target_tps", "schedule", "duration_s", "run_dir", "depth", "transaction_format", "connections",
        "max_connections", "skew", "dsl_dir", "events", "metrics_port", "watch_s", "junit", "summary_md",
    ),
    Population=("population", *POPULATION),
    Provisioning=("concurrency", "retry_attempts", "retry_delay_s"),
    Ledger=LEDGER,
    Output=OUTPUT,
)  # fmt: skip
def run(settings: Settings) -> None:
    """Load the ledger at a target TPS whatever its latency, then prove that no cent was lost or doubled.

    Without --host an embedded sandbox is started; without --population a new one is made. The scenario decides what
    no flag does. Ends with 0 fine, 3 threshold missed, 4 books wrong, 5 books not judged, 6 load not delivered.
    """
    scripts = script_patterns(texts_in(settings.dsl_dir)) if settings.dsl_dir else {}
    patterns = find_patterns(scripts)
    scenario = find_scenario(settings.scenario, patterns=patterns)
    asked = _Asked(settings, scenario, with_scripts(scenario.mix, scripts), patterns)
    # Read them now: a mistake in one must cost nothing.
    _ = asked.schedule, asked.skews, asked.mix
    clock, run_id = SystemClock(), new_run_id()
    if settings.events:
        require_place(settings.events, clock=clock)
    folder = RunFolder.create(settings.run_dir or Path("runs") / run_id)
    with (
        open_target(settings, database=_database(settings, folder), clock=clock) as target,
        _scrape(asked, run_id=run_id, target=target, clock=clock) as scrape,
    ):
        _write_settings(asked, folder, run_id=run_id, target=target)
        population = _prepared(asked, folder, run_id=run_id, target=target, clock=clock)
        gathering = _play(asked, folder, scrape, run_id=run_id, target=target, population=population, clock=clock)
        scrape.auditing(gathering)
        _audit(settings, folder, url=target.url)
        told = build(folder)
        scrape.judged(told)
        write_reports(told, folder)
        _tell(told, settings, folder)
    raise typer.Exit(_stopped_or(exit_code(told)))


def _tell(told: RunReport, settings: Settings, folder: RunFolder) -> None:
    if settings.json_output:
        typer.echo((folder.report_json).read_text(encoding="utf-8"), nl=False)
    elif not settings.quiet:
        typer.echo(as_text.render(told), nl=False)
    tell_ci(told, settings)


def _stopped_or(code: int) -> int:
    """What a load that a signal ended early ends with: the signal's own code, unless the books are wrong."""
    stopped = SIGNALS.eased_by
    return code if stopped is None or code == IntegrityViolated.exit_code else stopped.exit_code


class _Asked(msgspec.Struct, frozen=True):
    """What was asked for: a flag, a variable or a file beats the scenario, which beats the default."""

    settings: Settings
    scenario: Scenario
    weights: dict[str, float]
    patterns: dict[str, Pattern]

    @property
    def mix(self) -> Mix:
        return Mix(self.weights, self.patterns, drift=self.scenario.drift, arrivals=self.arrivals)

    @property
    def arrivals(self) -> int:
        """How many the schedule offers in all."""
        return round(self.schedule.accumulated(self.schedule.seconds))

    @property
    def tps(self) -> float:
        given = self.settings.origin("target_tps") != "default"
        return self.settings.target_tps if given else self.scenario.schedule.tps

    @property
    def seconds(self) -> float:
        given = self.settings.origin("duration_s") != "default"
        return self.settings.duration_s if given else self.scenario.schedule.seconds

    @property
    def skews(self) -> dict[str, Skew]:
        named = self.settings.skew
        return self.scenario.skews() if named is None else {"": skew(named)}

    @property
    def whole_units(self) -> bool:
        return self.settings.transaction_format == "dsl"

    @property
    def schedule(self) -> Schedule:
        """As spelled, else of the scenario's shape. Raises UsageError where it cannot be read."""
        settings = self.settings
        if settings.schedule is not None:
            return timetable(settings.schedule, tps=self.tps, seconds=self.seconds, seed=settings.seed)
        return self.scenario.schedule.build(tps=self.tps, seconds=self.seconds, seed=settings.seed)

    def for_population(self) -> Settings:
        """Settings whose preset is the scenario's where nobody named one."""
        if self.settings.origin("preset") != "default" or self.settings.spec is not None:
            return self.settings
        return self.settings.model_copy(update={"preset": self.scenario.preset})


def _prepared(asked: _Asked, folder: RunFolder, *, run_id: str, target: Target, clock: Clock) -> Population:
    """Population, opening balances, funding."""
    settings = asked.settings
    silent = settings.quiet or settings.json_output or not settings.progress
    # In a log the kinds of a small population would bury the run: one line tells them all.
    bars = sys.stderr.isatty()
    progress = open_progress(clock, quiet=silent or not bars, as_json=False, bars=bars)
    with (
        progress,
        open_crew(settings, target, clock=clock, note=progress.note, traffic=progress.tracking.traffic) as crew,
    ):
        groundwork = Groundwork(crew, policy=policy_of(settings), clock=clock, seed=settings.seed)
        if settings.population is not None:
            population = groundwork.adopt(folder, settings.population)
        else:
            spec = spec_of(asked.for_population())
            url = "" if target.embedded else target.url
            with in_spans(progress) as told:
                population = groundwork.populate(folder, spec, url=url, progress=told)
            made = progress.tracking
            if not silent and not bars and made.tracks:
                typer.echo(summary_lines(made, now_ns=clock.now_ns())[-1], err=True)
        groundwork.open_books(
            folder,
            population,
            run_id=run_id,
            mix=asked.mix,
            arrivals=asked.arrivals,
            whole_units=asked.whole_units,
            skew=asked.skews,
        )
    return population


def _play(
    asked: _Asked,
    folder: RunFolder,
    scrape: Scrape,
    *,
    run_id: str,
    target: Target,
    population: Population,
    clock: Clock,
) -> Gathering:
    settings, scenario = asked.settings, asked.scenario
    schedule = asked.schedule
    warm_up_s, cool_down_s = scenario.phases(schedule.seconds)
    planned = Run(
        run_id=run_id,
        scenario=scenario.name or settings.scenario,
        seed=settings.seed,
        host=target.url,
        server=target.capabilities.version,
        schedule=schedule,
        mix_spelling=check_spelling(settings.transaction_format),
        deadline_s=settings.request_timeout_s,
        connections=settings.connections,
        warm_up_s=warm_up_s,
        cool_down_s=cool_down_s,
        thresholds=scenario.thresholds,
        skew=asked.skews,
    )
    engine = open_engine(settings, target, clock=clock, max_connections=settings.max_connections, eager=False)
    ticker = Ticker(seconds=schedule.seconds, silent=settings.quiet or settings.json_output or not settings.progress)
    try:
        with _lookout(settings, folder, clock) as lookout:
            seconds = count(1)

            def each_second(gathering: Gathering) -> None:
                _each_second(gathering, ticker, scrape, at_s=next(seconds), run=planned, carrier=engine)
                scrape.saw(lookout.seen() if lookout is not None else None)

            session = Session(
                planned,
                folder=folder,
                population=population,
                mix=asked.mix,
                carrier=engine,
                clock=clock,
                on_second=each_second,
                events=Events(settings.events, clock=clock) if settings.events else None,
            )
            with SIGNALS.easing(session.stop):
                session.play()
        scrape.saw(lookout.seen() if lookout is not None else None)
    finally:
        ticker.end()
        engine.close()
    return session.gathering


def _each_second(
    gathering: Gathering, ticker: Ticker, scrape: Scrape, *, at_s: int, run: Run, carrier: Carrier
) -> None:
    ticker.second(gathering)
    into_end_s = at_s - (run.schedule.seconds - run.cool_down_s)
    phase = WARM_UP if at_s < run.warm_up_s else MEASURE if into_end_s < 0 or not run.cool_down_s else COOL_DOWN
    scrape.second(gathering, in_flight=carrier.in_flight, target_tps=run.schedule.rate_at(at_s), stage=PHASES[phase])


@contextmanager
def _lookout(settings: Settings, folder: RunFolder, clock: Clock) -> Iterator[Lookout | None]:
    """What looks at the books while the load runs, where somebody can see it."""
    if settings.metrics_port is None or not settings.watch_s:
        yield None
        return
    inherited = {**environment(), **settings.inherited(LEDGER)}
    # The folder says where the ledger is, an embedded one's address too.
    inherited.pop(OPTIONS["host"].environment, None)
    lookout = Lookout(folder, every_s=settings.watch_s, environment=inherited, clock=clock)
    try:
        yield lookout
    finally:
        lookout.close()


@contextmanager
def _scrape(asked: _Asked, *, run_id: str, target: Target, clock: Clock) -> Iterator[Scrape]:
    settings, scenario = asked.settings, asked.scenario.name or asked.settings.scenario
    info = {"run_id": run_id, "scenario": scenario, "server": target.capabilities.version, "seed": str(settings.seed)}
    first = Snapshot(
        tally=Tally(),
        patterns=asked.mix.names,
        reading=frozenset(pattern.name for pattern in asked.mix.patterns if pattern.reads_only),
        target_tps=asked.schedule.mean_tps,
        users=settings.connections,
        info=info,
    )
    with Scrape(first, clock=clock) as scrape:
        port = scrape.open(settings.metrics_port)
        if port is not None and not settings.quiet:
            typer.echo(f"metrics at http://127.0.0.1:{port}/metrics", err=True)
        yield scrape


def _audit(settings: Settings, folder: RunFolder, *, url: str) -> None:
    """Judge the books; what could not be judged is in the audit, not an error of ours."""
    from demogen.audit.command import audit_folder

    if not settings.quiet and not settings.json_output:
        typer.echo("reading the ledger back and judging the books …", err=True)
    try:
        audit_folder(folder.path, settings=settings.model_copy(update={"host": url}))
    finally:
        if SIGNALS.heard is not None:
            typer.echo(f"given up: the books were not judged; later: demogen audit {folder.path}", err=True)


def _database(settings: Settings, folder: RunFolder) -> Path:
    """The embedded sandbox's file: the one that holds the population, else one in the run folder."""
    if settings.population is None:
        return folder.sandbox_db
    if not settings.population.exists():
        raise UsageError(
            f"there is no population in {settings.population}", hint="make one: demogen generate --run-dir DIR"
        )
    source = settings.population if settings.population.is_dir() else settings.population.parent
    kept = source / folder.sandbox_db.name
    if settings.host is None and not kept.exists():
        raise UsageError(f"the population in {source} was made on a ledger of its own", hint="name it with --host URL")
    return kept


def _write_settings(asked: _Asked, folder: RunFolder, *, run_id: str, target: Target) -> None:
    """What the audit and the report read; secrets show only that they are set."""
    told = asked.settings.public() | {
        "run_id": run_id,
        "host": target.url,
        "embedded_sandbox": target.embedded,
        "sandbox_file": str(_database(asked.settings, folder).resolve()) if target.embedded else "",
        "server": target.capabilities.version,
        "dialect": target.capabilities.dialect,
        "target_tps": asked.tps,
        "duration": asked.schedule.seconds,
        "mix": asked.mix.shares,
        "machine": machine(),
    }
    folder.write_text(folder.settings, msgspec.json.format(msgspec.json.encode(told), indent=1).decode())
