"""Turns settings into command-line options: one table (`config.OPTIONS`) for every verb, help and environment twin.

`@takes(...)` gives a verb its options and hands it checked Settings. May import: `config`,
`report.log_lines`.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from typing import Annotated, Any

import typer

from demogen.config import OPTIONS, Option, Settings, resolve

OUTPUT = ("quiet", "json_output", "progress", "log_level", "log_format")
LEDGER = (
    "host", "allow_target", "token", "oauth_token_url", "oauth_client_id", "oauth_client_secret",
    "ca_file", "client_cert", "client_key", "request_timeout_s",
)  # fmt: skip


def takes(**panels: tuple[str, ...]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a verb the named settings as options, a help panel each keyword (underscores are spaces), and --config.

    The verb's first parameter receives Settings; its other parameters stay what they are. Values come as text:
    `resolve` checks them all at once, wherever they are from.
    """

    def wrap(verb: Callable[..., None]) -> Callable[..., None]:
        own = list(inspect.signature(verb, eval_str=True).parameters.values())[1:]
        named = [_parameter(name, panel.replace("_", " ")) for panel, names in panels.items() for name in names]
        config = _keyword("config", str | None, typer.Option("--config", metavar="FILE", help=_CONFIG_HELP))

        def command(**given: Any) -> None:
            rest = {parameter.name: given.pop(parameter.name) for parameter in own}
            settings = resolve(given)
            _open_log(settings)
            verb(settings, **rest)

        command.__doc__ = verb.__doc__
        command.__name__ = verb.__name__
        parameters = [*own, *named, config]
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # typer reads it
        command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return command

    return wrap


def _open_log(settings: Settings) -> None:
    """Our own words at the level that was asked for; of other people's libraries only what is wrong."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("demogen").setLevel(settings.log_level.upper())
    if settings.log_format == "json":
        from demogen.report.log_lines import dress  # costs time that the usual call need not spend

        dress(settings.log_format)


_CONFIG_HELP = "Settings file: TOML, YAML or JSON. (env DEMOGEN_CONFIG)"


def _parameter(name: str, panel: str) -> inspect.Parameter:
    option = OPTIONS[name]
    flags = list(option.flags)
    if option.toggle and option.default:
        flags = [f"{flags[0]}/--no-{flags[0][2:]}"]
    kind = bool | None if option.toggle else str | None
    metavar = None if option.toggle else option.metavar
    shown = f"{option.says} ({_default(option)}env {option.environment})"
    return _keyword(name, kind, typer.Option(*flags, help=shown, metavar=metavar, rich_help_panel=panel))


def _default(option: Option) -> str:
    if option.toggle or option.default in (None, "", ()):
        return ""
    return f"default {option.default:g}, " if isinstance(option.default, float) else f"default {option.default}, "


def _keyword(name: str, kind: Any, option: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind, option])
