"""`demogen dsl`: whether transaction scripts in the Gold DSL will be understood. May import: `contract`, `errors`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from demogen.cli.screen import VerbCommand
from demogen.contract import dsl
from demogen.errors import UsageError

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def _dsl() -> None:
    """Check transaction scripts."""


@app.command("check", cls=VerbCommand)
def check(
    files: Annotated[list[Path], typer.Argument(help="Scripts, or folders of .gold files.", show_default=False)],
) -> None:
    """Read scripts as the ledger would; say by line and column what is wrong (exit code 2) or has no effect there."""
    problems = 0
    for path in _scripts(files):
        try:
            remarks = _remarks(dsl.parse(_text(path)))
        except UsageError as error:
            problems += 1
            typer.echo(f"{path}: {error.message}" + (f" ({error.hint})" if error.hint else ""))
            continue
        for remark in remarks:
            typer.echo(f"{path}: note: {remark}")
        typer.echo(f"{path}: ok")
    if problems:
        many = "1 script" if problems == 1 else f"{problems} scripts"
        raise UsageError(f"{many} cannot be read", hint="each line above says where, and what belongs there")


def _scripts(files: list[Path]) -> list[Path]:
    """The files named, and those of the folders named, in order; raises UsageError where there is none."""
    scripts: list[Path] = []
    for path in files:
        found = sorted(path.glob("*.gold")) if path.is_dir() else [path]
        if not found:
            raise UsageError(f"{path} holds no .gold file", hint="name the scripts themselves")
        scripts += found
    return scripts


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"is not UTF-8 text (byte {error.start})", hint="save it as UTF-8") from error


def _remarks(parsed: dsl.ParsedTransaction) -> list[str]:
    """What the ledger takes without complaint, but not as it reads."""
    remarks = [f"{what} has no effect on the ledger" for what in parsed.ignored]
    for leg in parsed.legs:
        remarks += [f"line {leg.line}, column {leg.column}: {what} has no effect on the ledger" for what in leg.ignored]
    if parsed.digits:
        remarks.append(f"the ledger drops what follows the bar: {parsed.asset} {parsed.whole}|{parsed.digits} is whole")
    remarks += [f"${name} counts as 0 unless it is filled in before sending" for name in parsed.variables]
    return remarks
