"""`demogen evidence …`: the proof of a run: bundled, verified, minimised, exported; and a ledger's idempotency scored.

Parsing and printing only. May import: `audit`, `record`, `config`, `errors`.
"""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from demogen.audit.auditor import settings_of
from demogen.audit.command import sweeper_for
from demogen.audit.evidence.minimize import Counterexample
from demogen.audit.findings import load as load_audit
from demogen.audit.probes.idempotency import Grade, Score, scorecard
from demogen.audit.probes.workbench import Workbench
from demogen.cli.options import LEDGER, takes
from demogen.cli.revived import ledger_of
from demogen.cli.screen import VerbCommand
from demogen.cli.target import open_engine, open_target, policy_of
from demogen.client.crew import Crew
from demogen.clock import Clock, SystemClock
from demogen.config import Settings
from demogen.errors import RunFolderError, UsageError
from demogen.record.folder import RunFolder, new_run_id
from demogen.record.sight import as_line

app = typer.Typer(no_args_is_help=True)

#: So short that the ledger is still at work when we give up, and so long that the request has left.
_HASTE_S = 0.0005

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of an audited run, runs/<run-id>.")]
Output = Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Where to write it.")]
File = Annotated[Path, typer.Argument(metavar="FILE", help="A bundle that `evidence bundle` wrote.")]


@app.callback()
def _evidence() -> None:
    """Bundle, verify and minimise the proof of a run."""


@app.command(cls=VerbCommand)
def bundle(directory: Directory, output: Output = None) -> None:
    """Pack journal, settings, books and verdict of an audited run into one hash-chained file.

    Prints the root of the chain: keep it elsewhere, and nobody can exchange the bundle unnoticed.
    """
    from demogen.audit.evidence.bundle import make_bundle

    folder = RunFolder.existing(directory)
    target = output or folder.path / "evidence.zip"
    chain = make_bundle(folder, target)
    size = sum(file.size for file in chain.files)
    typer.echo(f"{target}: {len(chain.files)} files, {size:,} bytes, run {chain.run_id}")
    typer.echo(f"root {chain.root}")


@app.command(cls=VerbCommand)
def verify(file: File) -> None:
    """Check a bundle without its ledger: its hashes, and its verdict judged again. Ends with 4 if it is not sound."""
    from demogen.audit.evidence.verify import verify as check

    found = check(file)
    typer.echo(f"run {found.run_id}, root {found.root}")
    for damage in found.damages:
        typer.echo(f"  {damage.name} bytes {damage.start:,}–{damage.end:,}: {damage.what}")
    for line in found.differs:
        typer.echo(f"  {line}")
    if found.failure:
        typer.echo(f"  could not be judged again: {found.failure}")
    if found.holds:
        typer.echo(f"sound: every block is what was bundled, and judging it again says {found.verdict} as before")
        return
    typer.echo("NOT SOUND")
    raise typer.Exit(4)


@app.command(cls=VerbCommand)
@takes(Watch=("watch_s", "json_output"), Ledger=LEDGER)
def watch(
    settings: Settings,
    directory: Directory,
    with_parent: Annotated[bool, typer.Option("--die-with-parent", hidden=True)] = False,  # noqa: FBT002  (a flag)
) -> None:
    """Look at all balances again and again while a run's load lasts: is every cent still there?

    Each line tells what has appeared or vanished since the opening, by asset; two bounds where money moved during the
    look. Once the load is over it looks until the ledger is at rest. Ends with 4 where money is amiss at the last look.
    """
    from demogen.audit.command import watch_folder

    folder = RunFolder.existing(directory)
    parent = os.getppid()

    def over() -> bool:
        return folder.measurement.exists() or (with_parent and os.getppid() != parent)

    code = 5
    with ledger_of(folder, settings) as reachable:
        for sight in watch_folder(directory, settings=reachable, every_s=settings.watch_s or 2.0, over=over):
            typer.echo(msgspec.json.encode(sight).decode() if settings.json_output else as_line(sight))
            code = 4 if sight.amiss else 5 if sight.trouble else 0
    raise typer.Exit(code)


@app.command(cls=VerbCommand)
@takes(Output=("json_output",), Ledger=LEDGER)
def idempotency(settings: Settings) -> None:
    """Score what a ledger does with a request that comes twice: repeated, in parallel, altered, after a time-out.

    Makes an organization of its own with a few small ledgers. Without --host it scores the embedded sandbox.
    """
    scores = _scores(settings)
    if settings.json_output:
        typer.echo(msgspec.json.encode(scores).decode())
        return
    width = max(len(score.probe) for score in scores)
    for score in scores:
        typer.echo(f"{score.grade:<7} {score.probe:<{width}}  booked {score.booked:>2}  {score.happened}")
    counts = ", ".join(f"{sum(score.grade is grade for score in scores)} {grade}" for grade in Grade)
    typer.echo(counts)


@app.command(cls=VerbCommand)
@takes(Ledger=LEDGER)
def minimize(
    settings: Settings,
    directory: Directory,
    invariant: Annotated[str | None, typer.Option(help="Which finding; by default the first.", metavar="NAME")] = None,
    output: Output = None,
) -> None:
    """Shrink a finding to a runnable script of a few requests.

    Plays ever shorter parts of the history on fresh ledgers of the run's server, or the one --host names, and writes
    what still breaks the invariant as a Python script that needs nothing else.
    """
    from demogen.audit.evidence.script import script_of

    folder = RunFolder.existing(directory)
    name = invariant or _first_finding(folder)
    with ledger_of(folder, settings) as reached:
        url = reached.host or str(settings_of(folder).get("host") or "")
        example = _shrunk(folder, name, reached.model_copy(update={"host": url}))
    target = output or folder.path / f"repro-{name}.py"
    folder.write_text(target, script_of(example, url=url))
    said = f"breaks again in {example.tries} tries" if example.again else "did not break again; these are its requests"
    typer.echo(f"{name}: {example.words}")
    typer.echo(f"{len(example.units)} requests × {example.rounds} rounds: {said}")
    typer.echo(f"python {target} {url}")


@app.command(cls=VerbCommand)
def history(
    directory: Directory,
    form: Annotated[str, typer.Option("--format", help="edn or json, one operation a line.", metavar="FORMAT")] = "edn",
    output: Output = None,
) -> None:
    """Write the run's history as Jepsen's bank checker reads it: who asked what of whom when, and what came of it."""
    from demogen.audit.evidence.export import history as lines_of
    from demogen.audit.ground import Ground

    folder = RunFolder.existing(directory)
    target = output or folder.path / f"history.{form}"
    ground = Ground(folder.book, existing=True)
    try:
        with target.open("w", encoding="utf-8") as file:
            count = 0
            for count, line in enumerate(lines_of(ground, form), start=1):  # noqa: B007  (counted)
                file.write(f"{line}\n")
    except OSError as error:
        raise RunFolderError(f"cannot write {target}: {error.strerror}", hint="name a writable --output") from error
    finally:
        ground.close()
    typer.echo(f"{target}: {count:,} operations")


@app.command(cls=VerbCommand)
@takes(Ledger=LEDGER)
def replay(
    settings: Settings,
    directory: Directory,
    limit: Annotated[int, typer.Option(help="Requests of each ledger at most.", metavar="N", min=1)] = 10_000,
) -> None:
    """Play a run's requests again, on fresh ledgers of --host or of an embedded sandbox, and compare what they say.

    One after the other, not at the old pace. Ends with 4 where the books of the other ledger are wrong.
    """
    from demogen.audit.evidence.replay import replay as play_again
    from demogen.audit.evidence.reproduce import Stand
    from demogen.audit.ground import Ground

    ground = Ground(RunFolder.existing(directory).book, existing=True)
    wrong = False
    try:
        with _workbench(settings) as (work, _, clock):
            for ledger in play_again(ground, Stand(work, sweeper_for(clock), clock), limit=limit):
                said = "all answered as before" if not ledger.otherwise else f"otherwise: {', '.join(ledger.otherwise)}"
                typer.echo(f"{ledger.verdict:<8} ledger {ledger.ledger_id}: {ledger.requests:,} requests, {said}")
                wrong = wrong or bool(ledger.violated)
                if ledger.violated:
                    typer.echo(f"         violated: {', '.join(ledger.violated)}")
    finally:
        ground.close()
    if wrong:
        raise typer.Exit(4)


def _first_finding(folder: RunFolder) -> str:
    report = load_audit(folder.audit)
    if not report.findings:
        raise UsageError(f"the audit of {folder.path} found nothing", hint="there is nothing to minimise")
    return report.findings[0].invariant


def _shrunk(folder: RunFolder, name: str, settings: Settings) -> Counterexample:
    from demogen.audit.evidence.minimize import minimize as shrink
    from demogen.audit.evidence.reproduce import Stand
    from demogen.audit.ground import Ground
    from demogen.audit.invariant import invariants

    claim = next((claim for claim in invariants() if claim.name == name), None)
    if claim is None:
        raise UsageError(f"there is no invariant {name}", hint=", ".join(claim.name for claim in invariants()))
    clock = SystemClock()
    ground = Ground(folder.book, existing=True)
    try:
        with (
            open_target(settings, database=folder.sandbox_db, clock=clock) as target,
            closing(open_engine(settings, target, clock=clock, max_connections=16)) as pump,
        ):
            crew = Crew(pump, clock=clock, concurrency=16, ahead=0, timeout_s=settings.request_timeout_s)
            work = Workbench(crew, tag=new_run_id(), dice=random.Random(settings.seed), policy=policy_of(settings))
            stand = Stand(work, sweeper_for(clock), clock)
            return shrink(ground, claim, stand=stand, note=lambda line: typer.echo(line, err=True))
    finally:
        ground.close()


@app.command(cls=VerbCommand)
@takes(Output=("json_output",), Ledger=LEDGER)
def settlement(
    settings: Settings,
    samples: Annotated[int, typer.Option(help="Payments to watch.", metavar="N", min=1, max=100_000)] = 200,
) -> None:
    """Measure how long after its 201 a transaction shows: by id, in lists, in operations, in balances.

    Makes an organization of its own. Without --host it looks at the embedded sandbox.
    """
    from demogen.audit.probes.settlement import Lens

    with _workbench(settings) as (work, _, clock):
        views = Lens(work, clock=clock).measure(samples)
    if settings.json_output:
        typer.echo(msgspec.json.encode(views).decode())
        return
    typer.echo(
        f"{'a transaction shows':<20}  {'P50':>9}  {'P95':>9}  {'P99':>9}  {'max':>9}   not at once  gone again  never"
    )
    for view in views:
        lags = "  ".join(f"{_ms(lag):>9}" for lag in (view.p50_ms, view.p95_ms, view.p99_ms, view.max_ms))
        typer.echo(f"{view.name:<20}  {lags}   {view.unread:>11}  {view.undone:>10}  {view.never:>5}")


def _ms(lag: float | None) -> str:
    return "-" if lag is None else f"{lag:.1f} ms"


def _scores(settings: Settings) -> list[Score]:
    with _workbench(settings) as (work, hasty, clock):
        return scorecard(work, clock=clock, hasty=hasty)


@contextmanager
def _workbench(settings: Settings) -> Iterator[tuple[Workbench, Crew, Clock]]:
    """A workbench on the ledger that was named, or an embedded one; and a crew that waits for no answer."""
    clock = SystemClock()
    with (
        tempfile.TemporaryDirectory(prefix="demogen-probe-") as scratch,
        open_target(settings, database=Path(scratch) / "ledger.sqlite", clock=clock) as target,
        closing(open_engine(settings, target, clock=clock, max_connections=16)) as pump,
        closing(open_engine(settings, target, clock=clock, max_connections=16)) as impatient,
    ):
        crew = Crew(pump, clock=clock, concurrency=16, ahead=0, timeout_s=settings.request_timeout_s)
        hasty = Crew(impatient, clock=clock, concurrency=16, ahead=0, timeout_s=_HASTE_S)
        yield (
            Workbench(crew, tag=new_run_id(), dice=random.Random(settings.seed), policy=policy_of(settings)),
            hasty,
            clock,
        )
