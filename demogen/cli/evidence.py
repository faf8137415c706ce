"""`demogen evidence …`: the proof of a run: bundled, verified, minimised, exported; and a ledger's idempotency scored.

Parsing and printing only. May import: `audit`, `record`, `config`, `errors`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from demogen.cli.screen import VerbCommand
from demogen.record.folder import RunFolder

app = typer.Typer(no_args_is_help=True)

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
    from demogen.audit.bundle import make_bundle

    folder = RunFolder.existing(directory)
    target = output or folder.path / "evidence.zip"
    chain = make_bundle(folder, target)
    size = sum(file.size for file in chain.files)
    typer.echo(f"{target}: {len(chain.files)} files, {size:,} bytes, run {chain.run_id}")
    typer.echo(f"root {chain.root}")


@app.command(cls=VerbCommand)
def verify(file: File) -> None:
    """Check a bundle without its ledger: its hashes, and its verdict judged again. Ends with 4 if it is not sound."""
    from demogen.audit.verify import verify as check

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
