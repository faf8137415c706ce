"""`demogen audit DIR`: prove from a run folder that no cent was lost or doubled; ends 0, 4 or 5.

Reads the ledger back at the address the run was made on, unless --host names another. Writes audit.json. May import:
`audit`, `client`, `population`, `record`, `config`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from demogen.cli.options import LEDGER, takes
from demogen.cli.revived import ledger_of
from demogen.cli.screen import VerbCommand
from demogen.config import Settings
from demogen.record.folder import RunFolder

app = typer.Typer()

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the run, runs/<run-id>.")]
Journals = Annotated[
    list[Path] | None,
    typer.Option("--journal", metavar="FILE", help="A further journal of the same run, from a lost host; repeatable."),
]


@app.command(cls=VerbCommand)
@takes(Audit=("depth", "quiet", "json_output"), Ledger=LEDGER)
def audit(settings: Settings, directory: Directory, journal: Journals = None) -> None:
    """Prove that no cent was lost or doubled: from the journal and what the ledger reads back.

    Depths: balances (account balances only), run (also every transaction of this run), all (the whole ledger). Ends
    with 0 where the books hold, 4 where they are wrong, 5 where they could not be judged.
    """
    from demogen.audit.command import audit_folder

    with ledger_of(RunFolder.existing(directory), settings) as reachable:
        report = audit_folder(directory, settings=reachable, journals=journal or [])
    if settings.json_output:
        from demogen.audit.findings import dumps

        typer.echo(dumps(report))
    elif not settings.quiet:
        from demogen.audit.screen import screen

        typer.echo(screen(report), nl=False)
    raise typer.Exit(report.exit_code)
