"""How an error looks on a terminal: what failed, what to try, and the exit code. Never a traceback unless asked.

May import: `errors`, `config` (for DEMOGEN_DEBUG).
"""

from __future__ import annotations

import sys
import traceback

from typer import TyperException

from demogen.cli.signals import Stopped
from demogen.errors import DemogenError, InvalidSettings, UsageError


def say(error: BaseException, *, debug: bool) -> int:
    """Print the error to stderr; returns the exit code it asks for (design 4.6)."""
    if isinstance(error, Stopped):
        return _lines(error.says, "", error.exit_code)
    if debug or _debug_in_environment():
        traceback.print_exception(error, file=sys.stderr)
    if isinstance(error, InvalidSettings):
        return _lines("\n".join(f"{where}: {what}" for where, what in error.problems), error.hint, error.exit_code)
    if isinstance(error, DemogenError):
        return _lines(error.message, error.hint, error.exit_code)
    if type(error).__name__ == "NoArgsIsHelpError":
        # A group without its verb: what it shows is its help.
        sys.stderr.write(f"{error}\n")
        return UsageError.exit_code
    if isinstance(error, TyperException):
        command = getattr(getattr(error, "ctx", None), "command_path", "demogen")
        return _lines(error.format_message().rstrip("."), f"{command} --help", error.exit_code)
    kind = type(error).__name__
    return _lines(f"unexpected {kind}: {error}", "run with --debug for the traceback", DemogenError.exit_code)


def _lines(says: str, hint: str, code: int) -> int:
    """One `error:` a line, at most one `hint:`."""
    text = "".join(f"error: {line}\n" for line in says.splitlines() or [says])
    if hint:
        text += f"hint: {hint}\n"
    sys.stderr.write(text)
    return code


def _debug_in_environment() -> bool:
    from demogen.config import environment

    return environment().get("DEMOGEN_DEBUG", "") not in ("", "0", "false")
