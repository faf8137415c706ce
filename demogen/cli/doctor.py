"""`demogen doctor`: check this machine and the ledger before a run; ends 0, or 7 where something would stop one.

May import: `checkup`, `config`, `clock`.
"""

from __future__ import annotations

import json

import typer

from demogen.cli.checkup import Check, ledger_checks, machine_checks
from demogen.cli.options import LEDGER, takes
from demogen.cli.screen import VerbCommand
from demogen.clock import SystemClock
from demogen.config import Settings
from demogen.errors import PreflightFailed

app = typer.Typer()


@app.command(cls=VerbCommand)
@takes(Doctor=("run_dir", "max_connections", "metrics_port", "quiet", "json_output"), Ledger=LEDGER)
def doctor(settings: Settings) -> None:
    """Check this machine and the ledger before a run: a line each, ok, warn or fail, with a hint.

    Sends reads only and leaves nothing behind. Ends with 7 where something failed.
    """
    clock = SystemClock()
    failed = 0
    for checks in (machine_checks, ledger_checks):
        for check in checks(settings, clock=clock):
            failed += check.mark == "fail"
            _tell(check, settings)
    raise typer.Exit(PreflightFailed.exit_code if failed else 0)


def _tell(check: Check, settings: Settings) -> None:
    if settings.json_output:
        typer.echo(json.dumps(check._asdict()))
    elif check.mark != "ok" or not settings.quiet:
        hint = f"\n      {'hint:':>14} {check.hint}" if check.hint and check.mark != "ok" else ""
        typer.echo(f"{check.mark:<5} {check.name:>14}  {check.says}{hint}")
