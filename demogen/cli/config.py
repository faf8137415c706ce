"""`demogen config`: every setting, its value and where it came from. May import: `config`."""

from __future__ import annotations

import json

import typer

from demogen.cli.options import takes
from demogen.cli.screen import VerbCommand
from demogen.config import OPTIONS, Settings

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _config() -> None:
    """Show every setting and where its value came from."""


@app.command("show", cls=VerbCommand)
@takes(Settings=tuple(OPTIONS))
def show(settings: Settings) -> None:
    """Show every setting: name, value, origin. Secrets show only that they are set."""
    values = settings.public()
    if settings.json_output:
        rows = {o.key: {"value": values[o.key], "origin": settings.origin(name)} for name, o in OPTIONS.items()}
        typer.echo(json.dumps(rows, indent=2))
        return
    width = max(len(option.key) for option in OPTIONS.values())
    for name, option in OPTIONS.items():
        typer.echo(f"{option.key:<{width}}  {_shown(values[option.key]):<28}  {settings.origin(name)}")


def _shown(value: object) -> str:
    if value is None or value == []:
        return "-"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
