"""`demogen population`: describe, export, back up, restore, clean up and join populations. Parsing and printing only.

May import: `population`, `record`, `client`, `config`, `clock`, this room.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
import typer

from demogen.cli.options import LEDGER, takes
from demogen.cli.progress import open_progress
from demogen.cli.screen import VerbCommand, VerbGroup
from demogen.cli.target import Target, open_crew, open_target, policy_of
from demogen.client.crew import Crew
from demogen.clock import Clock, SystemClock
from demogen.config import Settings, is_loopback, seconds
from demogen.errors import PreflightFailed, UsageError
from demogen.population.catalog import Catalog
from demogen.population.manifest import Manifest
from demogen.population.plan import PopulationPlan, plan_again
from demogen.record.folder import RunFolder

app = typer.Typer(no_args_is_help=True, cls=VerbGroup)

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="Folder that demogen generate wrote, runs/<run-id>.")]
Output = Annotated[Path, typer.Option("--output", metavar="PATH", help="Where to write; must not exist yet.")]
Bookings = Annotated[
    bool, typer.Option("--bookings", help="Also read transactions and their legs back from the ledger.")
]
_QUIETLY = ("quiet", "json_output")
_PATIENCE = ("concurrency", "retry_attempts", "retry_delay_s", "circuit_breaker")


@app.callback()
def _population() -> None:
    """Describe, export, back up, restore or clean up a population."""


@app.command(cls=VerbCommand)
@takes(Describe=("templates", "json_output"), Patience=_PATIENCE, Ledger=LEDGER)
def describe(
    settings: Settings,
    directory: Directory,
    certificate: Annotated[
        Path | None,
        typer.Option(
            "--certificate", metavar="FILE", help="Measure how lifelike it is; .html, .md, .json or .txt by its name."
        ),
    ] = None,
) -> None:
    """What a population holds; with --certificate also how lifelike it is, read back from the ledger.

    The certificate sets measured distributions beside what was asked for: seats, opening balances, amounts and their
    first digits, activity, kinds and hours. It ends with 3 where one departs from what was asked.
    """
    with _manifest(directory) as book:
        from demogen.cli.portrait import portrait
        from demogen.population.summary import summarise

        summary = summarise(book)
        if settings.json_output:
            typer.echo(msgspec.json.encode(summary).decode())
        else:
            typer.echo(portrait(summary))
        if certificate is not None:
            _certify(settings, directory, book, certificate)


@app.command(cls=VerbCommand)
@takes(Export=_QUIETLY, Patience=_PATIENCE, Ledger=LEDGER)
def export(
    settings: Settings,
    directory: Directory,
    output: Output,
    form: Annotated[str, typer.Option("--format", metavar="FORMAT", help="json, jsonl, csv or parquet.")] = "jsonl",
    bookings: Bookings = False,  # noqa: FBT002
    anonymize: Annotated[bool, typer.Option("--anonymize", help="Replace names, tax numbers and aliases.")] = False,  # noqa: FBT002
    key: Annotated[
        str, typer.Option("--key", metavar="TEXT", help="Key of the pseudonyms; by default the population's digest.")
    ] = "",
) -> None:
    """Write a population out: a file for each kind, ids, a data dictionary, a relationship map."""
    from demogen.population.anonymise import Anonymiser
    from demogen.population.export import Exporter

    with _manifest(directory) as book:
        anonymiser = Anonymiser(key or book.about().get("digest", "")) if anonymize else None
        exporter = Exporter(book, output, form=form, anonymiser=anonymiser)
        exporter.entities()
        if bookings:
            with _reached(settings, directory, book) as (crew, _):
                exporter.bookings(crew, policy=policy_of(settings))
        exporter.papers()
    if settings.json_output:
        typer.echo(msgspec.json.encode({"folder": str(output), "files": exporter.files}).decode())
    elif not settings.quiet:
        for name, count in exporter.files.items():
            typer.echo(f"{name:<28} {count:>11,}")
        typer.echo(f"in {output}")


@app.command(cls=VerbCommand)
@takes(Cleanup=("yes", "templates", *_QUIETLY), Patience=_PATIENCE, Ledger=LEDGER)
def cleanup(settings: Settings, directory: Directory) -> None:
    """Delete exactly what a population created, in reverse order; also what an interrupted run left.

    Accounts that hold money or moved some within the hour cannot be deleted: they vanish with their ledger. Ledgers
    and organizations in which others have made something stay, and it ends with 7.
    """
    from demogen.population.cleanup import clean_up

    with _manifest(directory, writable=True) as book:
        if not settings.yes and not _confirmed(f"Delete population {book.about().get('id')} ({directory})?"):
            raise typer.Exit(130)
        planned = _plan_of(settings, book)
        progress = open_progress(
            SystemClock(), quiet=settings.quiet, as_json=settings.json_output, bars=sys.stderr.isatty()
        )
        with _reached(settings, directory, book) as (crew, _), progress:
            report = clean_up(book, crew, plan=planned, progress=progress, policy=policy_of(settings))
    if settings.json_output:
        typer.echo(msgspec.json.encode(report).decode())
    elif not settings.quiet:
        for kind in {**report.deleted, **report.vanished, **report.kept}:
            kept = f", {report.kept[kind]:,} kept" if kind in report.kept else ""
            if kind in report.vanished:
                kept = f", {report.vanished[kind]:,} gone with their ledgers"
            typer.echo(f"{kind.replace('_', ' '):<18} {report.deleted.get(kind, 0):>9,} deleted{kept}")
        for reason, count in sorted(report.reasons.items(), key=lambda pair: -pair[1]):
            typer.echo(f"kept: {count:,} × {reason}", err=True)
    if not report.complete:
        raise PreflightFailed("parts of the population are still there", hint="see above; run it again later")


@app.command(cls=VerbCommand)
@takes(Backup=_QUIETLY, Patience=_PATIENCE, Ledger=LEDGER)
def backup(settings: Settings, directory: Directory, output: Output) -> None:
    """Write a population into one file: every entity as it was sent, and what the accounts hold now."""
    from demogen.population.archive import back_up

    folder = RunFolder.existing(directory)
    with _manifest(directory) as book, _reached(settings, directory, book) as (crew, clock):
        held = back_up(folder.population, output, crew=crew, clock=clock, policy=policy_of(settings))
    if not settings.quiet:
        typer.echo(f"{output}: {held:,} accounts with their balances")


@app.command(cls=VerbCommand)
@takes(Restore=("run_dir", *_QUIETLY), Patience=_PATIENCE, Ledger=LEDGER)
def restore(
    settings: Settings,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File that demogen population backup wrote.")],
) -> None:
    """Make a backed-up population again on another ledger: same names and relations, new ids, balances as they were.

    Transactions are not repeated. Safe to run again: what exists is found, not made twice.
    """
    from demogen.population.provision import provision
    from demogen.population.recorded import RecordedPlan

    if settings.run_dir is None:
        raise UsageError("restore needs --run-dir", hint="name the folder for the new manifest")
    if not file.is_file():
        raise UsageError(f"there is no file {file}", hint="name a file that demogen population backup wrote")
    clock = SystemClock()
    folder = RunFolder.create(settings.run_dir)
    recorded = RecordedPlan(file)
    progress = open_progress(clock, quiet=settings.quiet, as_json=settings.json_output, bars=sys.stderr.isatty())
    with (
        open_target(settings, database=folder.sandbox_db, clock=clock) as target,
        progress,
        open_crew(settings, target, clock=clock, note=progress.note, traffic=progress.tracking.traffic) as crew,
    ):
        report = provision(
            recorded, crew, manifest=folder.population, progress=progress, clock=clock,
            policy=policy_of(settings), url=target.url,
        )  # fmt: skip
    recorded.close()
    if settings.json_output:
        typer.echo(msgspec.json.encode(report).decode())
    elif not settings.quiet:
        typer.echo(f"population {report.population_id}: {report.entities:,} entities on {target.url}")
    report.require_complete()


@app.command(cls=VerbCommand)
@takes(Rates=_QUIETLY, Patience=_PATIENCE, Ledger=LEDGER)
def rates(
    settings: Settings,
    directory: Directory,
    rounds: Annotated[int, typer.Option("--rounds", metavar="N", min=1, help="How often to move the rates.")] = 1,
    every: Annotated[str, typer.Option("--every", metavar="TIME", help="How long to wait between rounds.")] = "10s",
) -> None:
    """Move the asset rates of a population, as a market does; run it beside a load. Ends with 7 where some fail."""
    from demogen.population.rates import refresh_rates

    pause_s = _span(every)
    with _manifest(directory) as book, _reached(settings, directory, book) as (crew, clock):
        for number in range(1, rounds + 1):
            done, failed = refresh_rates(book, crew, number=number, policy=policy_of(settings))
            if not settings.quiet:
                typer.echo(f"round {number}: {done:,} rates moved" + (f", {failed:,} FAILED" if failed else ""))
            if failed:
                raise PreflightFailed(f"{failed:,} rates were not taken", hint="see whether the ledger has asset rates")
            if number < rounds:
                clock.sleep(pause_s)


@app.command(cls=VerbCommand)
@takes(Join=_QUIETLY)
def join(
    settings: Settings,
    directories: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Folders of generate --part 1/N … N/N.")],
    output: Output,
) -> None:
    """Join the manifests of a population that was made in parts into one folder."""
    folder = RunFolder.create(output)
    sources = [RunFolder.existing(directory).population for directory in directories]
    absent = [str(source) for source in sources if not source.exists()]
    if absent:
        raise UsageError(f"there is no population in {', '.join(absent)}", hint="name folders of demogen generate")
    book = Manifest(folder.population)
    try:
        for source in sources:
            book.absorb(source)
        counts = book.counts()
    finally:
        book.close()
    if not settings.quiet:
        total = sum(sum(states.values()) for states in counts.values())
        typer.echo(f"{folder.population}: {total:,} rows of {len(sources)} parts")


def _certify(settings: Settings, directory: Path, book: Manifest, file: Path) -> None:
    from demogen.errors import ThresholdMissed
    from demogen.population.certificate import render
    from demogen.population.reading import read_transactions
    from demogen.population.realism import Measurer

    forms = {".html": "html", ".md": "md", ".json": "json", ".txt": "text"}
    if file.suffix not in forms:
        raise UsageError(f"cannot tell the format of {file}", hint="end it in .html, .md, .json or .txt")
    planned = plan_again(book.about(), catalog=Catalog.load(settings.templates))
    measurer = Measurer(book, planned)
    with _reached(settings, directory, book) as (crew, _):
        read_transactions(book, crew, measurer.take, policy=policy_of(settings))
    measured = measurer.certificate()
    RunFolder(file.parent).write_text(file, render(measured, forms[file.suffix]))
    if not settings.json_output:
        typer.echo(render(measured, "text"), nl=False)
    typer.echo(f"certificate {file}", err=True)
    if not measured.lifelike:
        raise ThresholdMissed("the population is not as lifelike as was asked for", hint=f"see {file}")


@contextmanager
def _manifest(directory: Path, *, writable: bool = False) -> Iterator[Manifest]:
    file = RunFolder.existing(directory).population
    if not file.exists():
        raise UsageError(f"there is no population in {directory}", hint="make one: demogen generate --run-dir DIR")
    book = Manifest(file, read_only=not writable)
    try:
        yield book
    finally:
        book.close()


@contextmanager
def _reached(settings: Settings, directory: Path, book: Manifest) -> Iterator[tuple[Crew, Clock]]:
    """A crew to the ledger the population stands on: --host, its embedded sandbox, or where it was made."""
    clock = SystemClock()
    folder = RunFolder.existing(directory)
    made_on = book.about().get("url", "")
    if settings.host is None and not folder.sandbox_db.exists():
        if not is_loopback(urlsplit(made_on).hostname or ""):
            raise UsageError(
                f"this population was made on {made_on or 'an unknown ledger'}", hint="name it: --host URL"
            )
        settings = settings.model_copy(update={"host": made_on})
    with (
        open_target(settings, database=folder.sandbox_db, clock=clock) as target,
        _crew(settings, target, clock) as crew,
    ):
        yield crew, clock


@contextmanager
def _crew(settings: Settings, target: Target, clock: Clock) -> Iterator[Crew]:
    with open_crew(settings, target, clock=clock, note=lambda text: typer.echo(text, err=True)) as crew:
        yield crew


def _span(text: str) -> float:
    try:
        span = seconds(text)
    except ValueError as error:
        raise UsageError(f"--every: {error}", hint="write 30s, 5m or 1h") from error
    if not isinstance(span, int | float) or span < 0:
        raise UsageError(f"--every: {text!r} is no span of time", hint="write 30s, 5m or 1h")
    return float(span)


def _plan_of(settings: Settings, book: Manifest) -> PopulationPlan | None:
    """The plan of the population, to find what was made unseen; None where it cannot be had any more."""
    if "backup" in book.about():
        return None  # restored from a file that may be gone; the manifest lists all but the last batch
    try:
        return plan_again(book.about(), catalog=Catalog.load(settings.templates))
    except (UsageError, KeyError) as error:
        typer.echo(f"note: only what the manifest lists is deleted: {error}", err=True)
        return None


def _confirmed(question: str) -> bool:
    if not sys.stdin.isatty():
        raise UsageError("deleting needs a confirmation", hint="add --yes")
    return typer.confirm(question, err=True)
