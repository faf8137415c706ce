"""Finds and parses a settings file: TOML, YAML or JSON, one table of settings. Knows no setting by name.

May import: `errors`.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from demogen.errors import UsageError


def find_settings_file(directory: Path) -> Path | None:
    """`demogen.toml`, else a `pyproject.toml` that has `[tool.demogen]`, else None."""
    own = directory / "demogen.toml"
    if own.is_file():
        return own
    project = directory / "pyproject.toml"
    if project.is_file() and "demogen" in _toml(project).get("tool", {}):
        return project
    return None


def read_settings_file(path: Path) -> dict[str, Any]:
    """The table of settings in a file, keys as written. Raises UsageError where there is none to read."""
    suffix = path.suffix.lower()
    try:
        if suffix == ".toml":
            content = _toml(path)
            table: object = content.get("tool", {}).get("demogen", {}) if path.name == "pyproject.toml" else content
        elif suffix == ".json":
            table = json.loads(path.read_text(encoding="utf-8"))
        elif suffix in (".yaml", ".yml"):
            table = _yaml(path)
        else:
            raise UsageError(f"{path} is of no kind I know", hint="write settings as .toml, .yaml or .json")
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", hint="check --config") from error
    except ValueError as error:
        raise UsageError(f"{path} is not well formed: {error}", hint="check its syntax") from error
    if not isinstance(table, dict):
        raise UsageError(f"{path} holds no table of settings", hint="write one `name = value` a line")
    return {str(key): value for key, value in table.items()}


def _toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _yaml(path: Path) -> object:
    import yaml

    try:
        return yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error
