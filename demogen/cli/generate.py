"""`demogen generate`: make a population on a ledger, with progress, resumable; or print the plan and send nothing.

What it prints as made is what the ledger confirmed; its exit code says so too. May import: `population`, `client`,
`record`, `config`, `clock`, this room.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import msgspec
import typer

from demogen.cli.asked import POPULATION, PROVISIONING, plan_of
from demogen.cli.options import LEDGER, OUTPUT, takes
from demogen.cli.plans import print_plan
from demogen.cli.progress import LineProgress, open_progress
from demogen.cli.screen import VerbCommand
from demogen.cli.signals import Stopped
from demogen.cli.target import Target, open_crew, open_target, policy_of
from demogen.clock import Clock, SystemClock
from demogen.config import Settings
from demogen.errors import DemogenError, UsageError
from demogen.population.outcome import ProvisionReport
from demogen.population.plan import PopulationPlan
from demogen.population.provision import provision
from demogen.population.spans import in_spans
from demogen.population.telling import summary_lines
from demogen.record.folder import RunFolder, new_run_id

app = typer.Typer()

#: More entities than this are made on a named ledger only after a question, or with --yes.
ASK_ABOVE = 10_000
_TROUBLES_SHOWN = 10
_BIG_BATCH = 4096


@app.command(cls=VerbCommand)
@takes(
    Generate=("run_dir", "dry_run", "resume", "yes", "timeout_s"),
    Population=POPULATION,
    Provisioning=PROVISIONING,
    Ledger=LEDGER,
    Output=OUTPUT,
)
def generate(settings: Settings) -> None:
    """Make a population: organizations, ledgers, assets, accounts, routes, opening deposits, transactions.

    Without --host an embedded sandbox is started on a file in the run folder. Safe to run again: what exists is
    found, not made twice. Presets: small, medium, large, xlarge; every size can be set by a flag of its own.
    """
    if settings.mode == "distributed" and settings.part is None:
        raise UsageError("--mode distributed needs --part K/N", hint="start N of these, with --part 1/N to --part N/N")
    planned = plan_of(settings)
    if settings.dry_run:
        print_plan(planned, as_json=settings.json_output)
        return
    if settings.resume and settings.run_dir is None:
        raise UsageError("--resume needs --run-dir", hint="name the folder of the interrupted run")
    _ask_before_much(settings, planned)
    clock = SystemClock()
    folder = _folder(settings)
    with _deadline(settings), open_target(settings, database=folder.sandbox_db, clock=clock) as target:
        report = _provisioned(settings, planned, folder=folder, target=target, clock=clock)
    report.require_complete()


def _provisioned(
    settings: Settings, planned: PopulationPlan, *, folder: RunFolder, target: Target, clock: Clock
) -> ProvisionReport:
    """Make it and say what came of it."""
    told = settings.public() | {
        "host": target.url,
        "embedded_sandbox": target.embedded,
        "server": target.capabilities.version,
        "dialect": target.capabilities.dialect,
        "population_digest": planned.digest,
    }
    folder.write_text(folder.settings, msgspec.json.format(msgspec.json.encode(told), indent=1).decode())
    silent = settings.quiet or not settings.progress
    progress = open_progress(clock, quiet=silent, as_json=settings.json_output, bars=sys.stderr.isatty())
    try:
        with (
            progress,
            in_spans(progress) as told_too,
            open_crew(settings, target, clock=clock, note=progress.note, traffic=progress.tracking.traffic) as crew,
        ):
            report = provision(
                planned,
                crew,
                manifest=folder.population,
                progress=told_too,
                clock=clock,
                policy=policy_of(settings),
                # A sandbox of our own has another port each time; the file in the run folder is what it is.
                url="" if target.embedded else target.url,
                part=_part(settings),
                batch=_batch(settings),
                strict=settings.validation,
            )
    except Stopped as stopped:
        typer.echo(f"{stopped.says}; go on with: demogen generate --resume --run-dir {folder.path} …", err=True)
        raise typer.Exit(stopped.exit_code) from None
    folder.write_text(folder.path / "provision.json", msgspec.json.encode(report).decode())
    _tell(settings, report, progress, folder=folder, target=target, clock=clock)
    return report


def _tell(
    settings: Settings,
    report: ProvisionReport,
    progress: LineProgress,
    *,
    folder: RunFolder,
    target: Target,
    clock: Clock,
) -> None:
    if settings.json_output:
        done = {"event": "done", "complete": report.complete, "folder": str(folder.path), "report": report}
        typer.echo(msgspec.json.encode(done).decode())
        return
    if not settings.quiet:
        if progress.tracking.tracks:
            typer.echo("\n".join(summary_lines(progress.tracking, now_ns=clock.now_ns())) + "\n")
        for kind, tally in report.tallies.items():
            if tally.planned:
                lost = f", {tally.failed:,} failed" if tally.failed else ""
                lost += f", {tally.skipped:,} skipped" if tally.skipped else ""
                typer.echo(f"{kind.replace('_', ' '):<18} {tally.existing:>9,} of {tally.planned:,}{lost}")
        typer.echo(f"population {report.population_id}: {report.entities:,} entities on {target.url}")
        typer.echo(f"manifest   {folder.population}")
        if target.embedded:
            typer.echo(f"again      demogen sandbox --db {folder.sandbox_db}")
    for reason, count in report.by_weight()[:_TROUBLES_SHOWN]:
        typer.echo(f"not made: {count:,} × {reason}", err=True)


def _ask_before_much(settings: Settings, planned: PopulationPlan) -> None:
    """Large runs on a ledger of one's own are confirmed (R7); a script says --yes."""
    entities = planned.entities()
    if settings.yes or settings.host is None or entities <= ASK_ABOVE:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"{entities:,} entities on {settings.host} need a confirmation", hint="add --yes")
    if not typer.confirm(f"Make {entities:,} entities on {settings.host}?", err=True):
        raise typer.Exit(130)


def _folder(settings: Settings) -> RunFolder:
    path = settings.run_dir or Path("runs") / new_run_id()
    if settings.resume and path.is_dir():
        return RunFolder.existing(path)
    return RunFolder.create(path)


def _batch(settings: Settings) -> int:
    """Entities held before they are written down: few where memory is dear, never more than the cap."""
    wanted = settings.batch_size if settings.memory_optimization else max(settings.batch_size, _BIG_BATCH)
    return min(wanted, settings.max_entities_in_memory)


def _part(settings: Settings) -> tuple[int, int]:
    if settings.part is None:
        return (1, 1)
    part, parts = settings.part.split("/")
    return (int(part), int(parts))


@contextmanager
def _deadline(settings: Settings) -> Iterator[None]:
    """End what takes longer than --timeout; what was made is in the manifest."""

    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise DemogenError(
            f"the deadline of {settings.timeout_s:g} s has passed", hint="go on with --resume and the same --run-dir"
        )

    if settings.timeout_s is None:
        yield
        return
    usual = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, settings.timeout_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, usual)
