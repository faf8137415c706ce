"""Joins the layers into checked Settings, or says every problem at once, each with where the value came from.

A target that is not this machine needs an explicit allow. May import: `errors`, this room.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from demogen.config.settings import MASK, OPTIONS, Settings
from demogen.config.sources import config_file, environment, from_environment, from_file, from_flags
from demogen.errors import InvalidSettings


def resolve(
    flags: Mapping[str, Any], environ: Mapping[str, str] | None = None, *, file: Path | None = None
) -> Settings:
    """Join the sources into checked Settings. Raises InvalidSettings with every problem at once.

    `flags` maps field or outside names to values; None means not given. `environ` is this process's own by default.
    `file` (or the flag or variable `config`) names a settings file; by default demogen.toml, then `[tool.demogen]`
    of pyproject.toml, in the working directory.
    """
    environ = environment() if environ is None else environ
    problems: list[tuple[str, str]] = []
    layers = (
        from_file(file or config_file(flags, environ), problems),
        from_environment(environ, problems),
        from_flags(flags),
    )
    given = {name: entry for layer in layers for name, entry in layer.items()}
    origins = {name: origin for name, (_, origin) in given.items()}
    settings, wrong = _checked({name: value for name, (value, _) in given.items()})
    problems.extend((origins.get(name, name), says) for name, says in wrong.items())
    problems.extend(
        (origins.get(names[0], names[0]), says)
        for names, says in _contradictions(settings)
        if wrong.keys().isdisjoint(names)
    )
    if problems:
        raise InvalidSettings(problems)
    settings._origins = origins
    return settings


def problem_with(name: str, value: Any) -> str:
    """What is wrong with one setting by itself, whatever the others are; "" where nothing is."""
    return _checked({name: value})[1].get(name, "")


def _checked(values: Mapping[str, Any]) -> tuple[Settings, dict[str, str]]:
    """Settings of the values that are right by themselves, and what is wrong with each of the others."""
    try:
        return Settings.model_validate(values), {}
    except ValidationError as error:
        wrong = {str(one["loc"][0]): _problem(one) for one in error.errors()}
    return Settings.model_validate({name: value for name, value in values.items() if name not in wrong}), wrong


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine without asking anybody."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _problem(error: Any) -> str:
    option = OPTIONS.get(str(error["loc"][0]))
    if option is None:
        return "there is no such setting; `demogen config show` lists them all"
    says = error["msg"].removeprefix("Value error, ").replace("Input should", "should")
    # What follows a scheme may be a password.
    given = MASK if option.secret else re.sub(r"//[^/@]*@", f"//{MASK}@", repr(error["input"]))
    return f"{given} {says}"


def _contradictions(settings: Settings) -> Iterable[tuple[tuple[str, ...], str]]:
    """What is wrong only between settings: the fields it is about, the one to change first, and a sentence."""
    if settings.host is not None:
        target = urlsplit(settings.host).hostname or ""
        if not is_loopback(target) and target not in settings.allow_target:
            hint = f"add --allow-target {target} if you may load it"
            yield ("host", "allow_target"), f"{target} is not this machine and nobody allowed it: {hint}"
    if settings.client_key is not None and settings.client_cert is None:
        yield ("client_key", "client_cert"), "a key without a certificate: add --client-cert"
    for name in ("ca_file", "client_cert", "client_key"):
        path = getattr(settings, name)
        if path is not None and not path.is_file():
            yield (name,), f"there is no file {path}"
    if settings.connections > settings.max_connections:
        yield ("connections", "max_connections"), f"more than --max-connections {settings.max_connections}"
    if settings.part is not None:
        part, parts = (int(number) for number in settings.part.split("/"))
        if part > parts:
            yield ("part",), f"there is no part {part} of {parts}"
    oauth = ("oauth_token_url", "oauth_client_id", "oauth_client_secret")
    # A secret alone may lie in the environment for other commands; with nowhere to take it, it harms none.
    missing = any(getattr(settings, name) is None for name in oauth)
    if missing and (settings.oauth_token_url is not None or settings.oauth_client_id is not None):
        yield oauth, "--oauth-token-url, --oauth-client-id and --oauth-client-secret belong together"
