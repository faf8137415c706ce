"""`demogen report DIR`: tell a run again from its folder, in any rendering; ends with the run's own exit code.

Writes report.json and report.html into the folder each time: they follow from what else is in it. May import:
`report`, `record`, `config`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from demogen.cli.options import takes
from demogen.cli.screen import VerbCommand
from demogen.config import Settings, environment
from demogen.errors import RunFolderError, UsageError
from demogen.record.folder import RunFolder
from demogen.report import RunReport, as_junit, as_markdown, build, exit_code
from demogen.report.annotations import error_lines
from demogen.report.renderings import RENDERINGS, write_reports

app = typer.Typer()

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the run, runs/<run-id>.")]


@app.command(cls=VerbCommand)
@takes(Report=("report_format", "output", "junit", "summary_md", "exit_zero", "quiet"))
def report(settings: Settings, directory: Directory) -> None:
    """Tell a run: promised and delivered TPS, latencies, outcomes, verdict.

    Writes report.json and report.html into DIR and prints one rendering. Ends with the exit code of the run: 0 fine,
    3 threshold missed, 4 books wrong, 5 books not judged, 6 load not delivered.
    """
    folder = RunFolder.existing(directory)
    if not any(path.exists() for path in (folder.measurement, folder.audit, folder.settings, folder.population)):
        raise UsageError(f"{directory} holds no run", hint="name the folder a run wrote, runs/<run-id>")
    told = build(folder)
    write_reports(told, folder)
    _print(told, settings)
    tell_ci(told, settings)
    if not settings.exit_zero:
        raise typer.Exit(exit_code(told))


def tell_ci(told: RunReport, settings: Settings) -> None:
    """Leave what a CI server picks up: JUnit, a job summary, annotations."""
    if settings.junit:
        _write(settings.junit, as_junit.render(told), mode="w")
    if settings.summary_md:
        _write(settings.summary_md, as_markdown.render(told), mode="a")
    if environment().get("GITHUB_ACTIONS") == "true":
        for line in error_lines(told):
            typer.echo(line, err=True)


def _print(told: RunReport, settings: Settings) -> None:
    text = RENDERINGS[settings.report_format](told)
    if settings.output:
        _write(settings.output, text, mode="w")
    elif settings.report_format == "html" and sys.stdout.isatty():
        typer.echo(f"{told.folder}/report.html")
    elif not settings.quiet or settings.report_format != "text":
        typer.echo(text, nl=False)


def _write(path: Path, text: str, *, mode: str) -> None:
    try:
        with path.open(mode, encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise RunFolderError(f"cannot write {path}: {error.strerror}", hint="name a writable file") from error
