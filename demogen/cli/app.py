"""The first screen and the way to each verb: a table of names, loaded one at a time. Does no work of its own.

May import: `errors` of this room; each verb's module by name, when it is called.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand
from typer.main import get_command

from demogen.cli.errors import say
from demogen.cli.screen import VerbCommand, VerbGroup, plain
from demogen.cli.signals import SIGNALS, Stopped

START, MORE = "Start here", "More"


class Verb(NamedTuple):
    """One line of the first screen; `module` holds `app`, a typer.Typer, or a function of the verb's name."""

    says: str
    module: str
    panel: str = MORE


VERBS = {
    "generate": Verb("Make a population: organizations, ledgers, accounts, opening money.", "generate", START),
    "run": Verb("Load the ledger at a target TPS, then audit and report.", "run", START),
    "audit": Verb("Prove from a run folder that no cent was lost or doubled.", "audit", START),
    "report": Verb("Tell a run: one screen, HTML, JSON, Markdown or JUnit.", "report", START),
    "sandbox": Verb("Serve a ledger to practise on.", "sandbox", START),
    "doctor": Verb("Check this machine and the ledger before a run.", "doctor", START),
    "population": Verb("Describe, export, back up, restore or clean up a population.", "population"),
    "catalog": Verb("What a population can be made of.", "catalog"),
    "scenario": Verb("List, show and check scenarios.", "scenario"),
    "dsl": Verb("Check transaction scripts.", "dsl"),
    "runs": Verb("Compare two runs; list those that were.", "runs"),
    "explain": Verb("All that is known of one transaction.", "explain"),
    "evidence": Verb("Bundle, verify and minimise the proof of a run.", "evidence"),
    "calibrate": Verb("What this machine can drive.", "calibrate"),
    "config": Verb("Show every setting and where its value came from.", "config"),
}


class Door(VerbGroup):
    """The top of the command tree. Help lists names; a verb is imported when it is called or completed."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  (the signature is the library's)
        return [name for name in VERBS if _module_exists(name)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A line of the first screen: nothing is loaded to show it."""
        if cmd_name not in self.list_commands(ctx):
            return None
        verb = VERBS[cmd_name]
        return TyperCommand(cmd_name, help=verb.says, short_help=verb.says, rich_help_panel=verb.panel)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The verb itself, loaded."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, None if command is None else load_verb(str(name)), rest


def load_verb(name: str) -> Any:
    """The command of a verb: its module's `app`, or the function there that has its name."""
    module = importlib.import_module(_module_name(name))
    verb = getattr(module, "app", None)
    if verb is None:
        verb = typer.Typer()
        verb.command(cls=VerbCommand)(getattr(module, name))
    command = plain(get_command(verb))
    command.name = name
    return command


def _module_name(name: str) -> str:
    return f"demogen.cli.{VERBS[name].module}"


def _module_exists(name: str) -> bool:
    return importlib.util.find_spec(_module_name(name)) is not None


def _version(value: bool) -> None:  # noqa: FBT001  (the callback of a flag)
    if value:
        from demogen import __version__

        typer.echo(f"demogen {__version__}")
        raise typer.Exit


app = typer.Typer(cls=Door, invoke_without_command=True, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.callback(epilog="Try it: demogen sandbox · demogen generate --preset small · demogen COMMAND --help")
def _demogen(
    ctx: typer.Context,
    version: bool = typer.Option(  # noqa: ARG001, FBT001  (typer calls this by keyword)
        False, "--version", callback=_version, is_eager=True, help="Print the version and end."
    ),
    debug: bool = typer.Option(  # noqa: ARG001, FBT001  (read by `main`, wherever it stands)
        False, "--debug", help="Show the traceback of an error (env DEMOGEN_DEBUG)."
    ),
) -> None:
    """How many transactions a second does a Midaz ledger carry, at which P99, and is every cent still there?"""
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; the exit code is the worst that happened (design 4.6). The one place errors end at."""
    words = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in words
    SIGNALS.listen()
    try:
        words = [word for word in words if word != "--debug"]
        code = get_command(app).main(words, prog_name="demogen", standalone_mode=False)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except (Exception, Stopped) as error:  # noqa: BLE001  (the last line of defence)
        return say(SIGNALS.heard or error, debug=debug)
    return code if isinstance(code, int) else 0
