"""Our options among Locust's own: the same names, checks and environment twins as the command line's.

Locust hands them to the web UI's start form too. May import: locust's parser, config, workload.
"""

from __future__ import annotations

import argparse
from typing import Any

from demogen.config import OPTIONS, Settings, problem_with, resolve
from demogen.errors import InvalidSettings, UsageError
from demogen.workload.timetable import spelled

#: Settings a locustfile takes; Locust has its own --host, --users and --run-time.
_OURS = (
    "target_tps",
    "schedule",
    "preset",
    "population",
    "mode",
    "concurrency",
    "max_rate",
    "skew",
    "dsl_dir",
    "events",
    "run_dir",
    "transaction_format",
    "seed",
    "metrics_port",
    "watch_s",
    "max_connections",
    "request_timeout_s",
    "depth",
    "allow_target",
    "token",
    "oauth_token_url",
    "oauth_client_id",
    "oauth_client_secret",
    "ca_file",
    "client_cert",
    "client_key",
    "log_format",
)

#: Of these the start form of the web UI offers a field.
_IN_FORM = ("target_tps", "schedule", "preset", "seed", "transaction_format")

#: Ours that Locust has under names of its own.
_LOCUSTS = {"flag --duration": "flag --run-time", "flag --connections": "flag --users"}

_DEFAULTS = {"target_tps": "200", "log_format": "text"}


def add_options(parser: Any) -> None:
    """Listener of `init_command_line_parser`."""
    for name in _OURS:
        option = OPTIONS[name]
        says = option.says
        if name in _DEFAULTS:
            says += f" Default {_DEFAULTS[name]}."
        elif option.default not in (None, (), ""):
            says += f" Default {option.default}."
        # Not in a group of ours: only the parser itself knows is_secret and include_in_web_ui.
        parser.add_argument(
            *option.flags,
            dest=name,
            env_var=option.environment,
            type=_checker(name),
            default=_DEFAULTS.get(name),
            metavar=option.metavar or None,
            help=says.replace("%", "%%"),
            is_secret=option.secret,
            include_in_web_ui=name in _IN_FORM,
        )
    _add_own(parser)


def _add_own(parser: Any) -> None:
    """Options that only make sense under Locust."""
    parser.add_argument(
        "--no-tables",
        action="store_true",
        env_var="DEMOGEN_NO_TABLES",
        help="Leave out Locust's own tables at the end: our screen has the last word anyway.",
        include_in_web_ui=False,
    )


def settings_of(options: Any) -> Settings:
    """Settings from Locust's parsed options. Raises InvalidSettings with every problem at once."""
    flags: dict[str, Any] = {name: getattr(options, name, None) for name in _OURS}
    flags["host"] = getattr(options, "host", None) or None
    # Locust takes no time at all for no limit.
    if options.run_time is not None:
        flags["duration"] = f"{options.run_time}s"
    if getattr(options, "num_users", None):
        flags["connections"] = options.num_users
    try:
        return resolve({name: value for name, value in flags.items() if value not in (None, "")})
    except InvalidSettings as error:
        raise InvalidSettings([(_LOCUSTS.get(where, where), says) for where, says in error.problems]) from None


def _checker(name: str) -> Any:
    """A type function for argparse: the value as text, if Settings would take it."""

    def check(text: str) -> str:
        problem = problem_with(name, text)
        if name == "schedule" and text:
            try:
                spelled(text)
            except UsageError as error:
                problem = str(error)
        if problem:
            raise argparse.ArgumentTypeError(problem)
        return text

    check.__name__ = name
    return check
