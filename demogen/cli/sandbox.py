"""`demogen sandbox`: reads the flags, hands them on, prints one line. Decides nothing.

May import: demogen.errors, demogen.sandbox.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from demogen.errors import DemogenError
from demogen.sandbox.command import Options, run
from demogen.sandbox.defects import DEFECTS


def sandbox(
    port: Annotated[int, typer.Option(help="Port to listen on; 0 picks a free one.")] = 3002,
    db: Annotated[str, typer.Option(help="SQLite file that keeps the ledger, or :memory:.")] = ":memory:",
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    dialect: Annotated[str, typer.Option(help="Ledger version to speak like: v3.8 or v4.")] = "v3.8",
    quirks: Annotated[str, typer.Option(help="all, none, or names of quirks separated by commas.")] = "all",
    defect: Annotated[list[str] | None, typer.Option(help="Plant a ledger bug; may be repeated.")] = None,
    list_defects: Annotated[bool, typer.Option("--list-defects", help="Print every defect and leave.")] = False,  # noqa: FBT002
    die_with_parent: Annotated[bool, typer.Option("--die-with-parent", help="End with the parent process.")] = False,  # noqa: FBT002
) -> None:
    """A ledger to practise on: the Midaz HTTP API over one SQLite file."""
    if list_defects:
        for one in DEFECTS:
            typer.echo(f"{one.name}  {one.sentence}")
        return
    options = Options(
        host=host, port=port, db=db, dialect=dialect, quirks=quirks, defects=tuple(defect or ()),
        die_with_parent=die_with_parent,
    )  # fmt: skip
    try:
        run(options, announce=_announce)
    except DemogenError as error:
        typer.echo(f"error: {error.message}", err=True)
        if error.hint:
            typer.echo(f"hint: {error.hint}", err=True)
        raise typer.Exit(error.exit_code) from error


def _announce(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    typer.run(sandbox)
