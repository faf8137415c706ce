"""Flags, environment, file: each a layer, field → (value, where it came from). The sole reader of the environment.

Checks no value. May import: `errors`, `settings`, `settings_file`.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from demogen.config.settings import OPTIONS, PREFIX
from demogen.config.settings_file import find_settings_file, read_settings_file
from demogen.errors import UsageError

Layer = dict[str, tuple[Any, str]]
Problems = list[tuple[str, str]]


def environment() -> Mapping[str, str]:
    """This process's own environment."""
    return os.environ


def from_flags(flags: Mapping[str, Any]) -> Layer:
    """What was given on a command line; None means not given, `config` is no setting."""
    given = {_NAMES.get(key, key): value for key, value in flags.items() if value is not None and key != "config"}
    return {name: (value, f"flag {_flag_of(name)}") for name, value in given.items()}


def _flag_of(name: str) -> str:
    option = OPTIONS.get(name)
    return option.flags[0] if option is not None else "--" + name.replace("_", "-")


def from_environment(environ: Mapping[str, str], problems: Problems) -> Layer:
    """Own names before foreign ones; an empty variable is none, as compose files leave them.

    A secret may also stand in the file that NAME_FILE names, as container platforms mount them.
    """
    layer: Layer = {}
    for name, option in OPTIONS.items():
        own, foreign = option.environment, option.foreign
        if text := environ.get(own):
            layer[name] = (text, f"environment {own}")
        elif path := environ.get(f"{own}_FILE") if option.secret else None:
            try:
                layer[name] = (Path(path).read_text(encoding="utf-8").strip(), f"environment {own}_FILE")
            except (OSError, ValueError) as error:
                problems.append((f"environment {own}_FILE", f"cannot read {path}: {error}"))
        elif text := environ.get(foreign) if foreign else None:
            layer[name] = (_translated(foreign, text), f"environment {foreign}")
    return layer


def from_file(named: Path | str | None, problems: Problems) -> Layer:
    """The named settings file, or the one of the working directory if there is one."""
    try:
        path = Path(named) if named else find_settings_file(Path.cwd())
        table = read_settings_file(path) if path else {}
    except UsageError as error:
        problems.append((f"file {named}" if named else "settings file", str(error)))
        return {}
    layer: Layer = {}
    for key, value in table.items():
        spelled = key.replace("-", "_")
        if spelled in _NAMES:
            layer[_NAMES[spelled]] = (value, f"{path}: {key}")
        else:
            close = difflib.get_close_matches(spelled, _NAMES, n=1)
            meant = f"did you mean {close[0]}?" if close else "`demogen config show` lists them all"
            problems.append((f"{path}: {key}", f"there is no such setting; {meant}"))
    return layer


def config_file(flags: Mapping[str, Any], environ: Mapping[str, str]) -> str | None:
    """The settings file that was asked for, if any."""
    return flags.get("config") or environ.get(f"{PREFIX}CONFIG") or None


def _translated(foreign: str, text: str) -> str:
    """The seed generators count times in milliseconds, spell log levels in capitals, and call one of them warn."""
    if foreign in ("API_TIMEOUT", "RETRY_DELAY"):
        return f"{text}ms" if re.fullmatch(r"\d+(\.\d+)?", text) else text
    if foreign == "LOG_LEVEL":
        return {"warn": "warning"}.get(text.lower(), text.lower())
    return text


#: Every name a setting may be given under → its field.
_NAMES = {
    spelled: name
    for name, option in OPTIONS.items()
    for spelled in (name, option.key, *(flag[2:].replace("-", "_") for flag in option.flags))
}
