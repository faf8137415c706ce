"""How help looks: plain text in sections, so that it reads the same in a terminal, a pipe and a log.

Knows no verb and no setting. May import: nothing from demogen.
"""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand, TyperGroup

_OWN_SECTION = "Options"
_OF_THE_FIRST_SCREEN = ("install_completion", "show_completion")


class VerbCommand(TyperCommand):
    """A verb whose options stand under the heading of their help panel."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None:
                usual = "Arguments" if param.param_type_name == "argument" else _OWN_SECTION
                sections.setdefault(getattr(param, "rich_help_panel", None) or usual, []).append(record)
        # What is particular to the verb comes last: it is mostly --config and --help.
        for heading in sorted(sections, key=lambda name: name == _OWN_SECTION):
            with formatter.section(heading):
                formatter.write_dl(sections[heading])


class VerbGroup(TyperGroup):
    """A group whose commands stand under the heading of their help panel, before its options."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        self.format_commands(ctx, formatter)
        TyperCommand.format_options(self, ctx, formatter)  # type: ignore[arg-type]  # it asks for params only

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        sections: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                heading = getattr(command, "rich_help_panel", None) or "Commands"
                says = command.get_short_help_str(formatter.width - 6 - len(name))
                sections.setdefault(heading, []).append((name, says))
        for heading, rows in sections.items():
            with formatter.section(heading):
                formatter.write_dl(rows)


def plain(command: Any) -> Any:
    """Turn boxes and colours off in a command and all below it, and what belongs to the first screen; returns it."""
    command.rich_markup_mode = None
    command.params = [param for param in command.params if param.name not in _OF_THE_FIRST_SCREEN]
    for below in getattr(command, "commands", {}).values():
        plain(below)
    return command
