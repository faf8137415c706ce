"""`demogen sandbox`: reads the flags, hands them on, prints one line. Decides nothing.

May import: demogen.errors, demogen.sandbox.
"""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from demogen.errors import DemogenError
from demogen.sandbox.command import Options, run
from demogen.sandbox.controls.gate import Controls
from demogen.sandbox.defects import DEFECTS

_CONTROLS = "What testers can turn"


def _option(name: str, says: str, panel: str | None = None) -> Any:
    """An option and its environment twin."""
    twin = "DEMOGEN_SANDBOX_" + name.removeprefix("--").replace("-", "_").upper()
    return typer.Option(name, help=says, envvar=twin, rich_help_panel=panel)


def sandbox(
    port: Annotated[int, _option("--port", "Port to listen on; 0 picks a free one.")] = 3002,
    db: Annotated[str, _option("--db", "SQLite file that keeps the ledger, or :memory:.")] = ":memory:",
    host: Annotated[str, _option("--host", "Address to listen on.")] = "127.0.0.1",
    dialect: Annotated[str, _option("--dialect", "Ledger version to speak like: v3.8 or v4.")] = "v3.8",
    quirks: Annotated[str, _option("--quirks", "all, none, or names of quirks separated by commas.")] = "all",
    defect: Annotated[list[str] | None, _option("--defect", "Plant a ledger bug; may be repeated.")] = None,
    list_defects: Annotated[bool, typer.Option("--list-defects", help="Print every defect and leave.")] = False,  # noqa: FBT002
    latency: Annotated[
        str,
        _option(
            "--latency",
            "none, fixed:5ms, lognormal:median=5ms,sigma=0.6, pareto:least=2ms,alpha=1.5, mmc:capacity=2000,servers=8.",
            _CONTROLS,
        ),
    ] = "none",
    stall: Annotated[str, _option("--stall", "none, or every=10s,for=1s: nothing leaves.", _CONTROLS)] = "none",
    error: Annotated[
        list[str] | None,
        _option("--error", "ROUTE=RATE[:STATUS|drop][:after], as transactions.*=0.01:503; may be repeated.", _CONTROLS),
    ] = None,
    rate_limit: Annotated[
        str, _option("--rate-limit", "Requests a second before 429; 0 is no limit.", _CONTROLS)
    ] = "0",
    async_lag: Annotated[str, _option("--async-lag", "How long lists lag behind a 201, as 200ms.", _CONTROLS)] = "0s",
    token_ttl: Annotated[
        str, _option("--token-ttl", "Ask for bearer tokens that last so long; 0s asks for none.", _CONTROLS)
    ] = "0s",
    control: Annotated[bool, _option("--control", "Serve /_sandbox to this machine.", _CONTROLS)] = False,  # noqa: FBT002
    die_with_parent: Annotated[bool, typer.Option("--die-with-parent", help="End with the parent process.")] = False,  # noqa: FBT002
) -> None:
    """A ledger to practise on: the Midaz HTTP API over one SQLite file."""
    if list_defects:
        for one in DEFECTS:
            typer.echo(f"{one.name}  {one.sentence}")
        return
    controls = Controls(
        latency=latency, stall=stall, error=error or [], rate_limit=rate_limit, async_lag=async_lag,
        token_ttl=token_ttl,
    )  # fmt: skip
    options = Options(
        host=host, port=port, db=db, dialect=dialect, quirks=quirks, defects=tuple(defect or ()), controls=controls,
        control_panel=control, die_with_parent=die_with_parent,
    )  # fmt: skip
    try:
        run(options, announce=_announce)
    except DemogenError as failure:
        typer.echo(f"error: {failure.message}", err=True)
        if failure.hint:
            typer.echo(f"hint: {failure.hint}", err=True)
        raise typer.Exit(failure.exit_code) from failure


def _announce(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    typer.run(sandbox)
