"""`demogen explain TRANSACTION`: all that journal, book and ledger know of one transaction, on one screen.

Reads what an audit left in the run folder, and asks the ledger once where it answers. May import: `audit`, `record`,
`config`, `errors`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from demogen.cli.options import LEDGER, takes
from demogen.cli.screen import VerbCommand
from demogen.config import Settings
from demogen.errors import UsageError

app = typer.Typer()

What = Annotated[
    str, typer.Argument(metavar="TRANSACTION", help="A transaction's id, its mark (run-1-42), or an account's @alias.")
]
Where = Annotated[
    Path | None, typer.Argument(metavar="[DIR]", help="Folder of the run; by default the newest in runs/.")
]


@app.command(cls=VerbCommand)
@takes(Ledger=LEDGER)
def explain(settings: Settings, what: What, directory: Where = None) -> None:
    """All that is known of one transaction: asked, answered, booked, shown. An @alias prints that account's statement.

    The run must have been audited: demogen audit DIR.
    """
    from demogen.audit.command import explain_in

    for section in explain_in(directory or _newest(), what, settings=settings):
        typer.echo(section.title)
        for line in section.lines:
            typer.echo(f"  {line}")


def _newest() -> Path:
    runs = [path.parent for path in Path("runs").glob("*/book.duckdb")]
    if not runs:
        raise UsageError("there is no audited run in runs/", hint="name its folder: demogen explain TRANSACTION DIR")
    return max(runs, key=lambda path: (path / "book.duckdb").stat().st_mtime)
