"""Finds the patterns: every module of this folder that has a PATTERN, and every entry point `demogen.patterns`.

May import: `base`.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

from demogen.errors import UsageError
from demogen.patterns.base import Pattern

_FRAME = {"__init__", "base", "dice", "registry", "stage"}


def _shipped() -> dict[str, Pattern]:
    found = {}
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.stem not in _FRAME:
            pattern: Pattern = import_module(f"demogen.patterns.{path.stem}").PATTERN
            found[pattern.name] = pattern
    return found


PATTERNS: dict[str, Pattern] = _shipped()


def find_patterns() -> dict[str, Pattern]:
    """Shipped patterns and those that installed packages offer; a package may replace a shipped one by name."""
    found = dict(PATTERNS)
    for entry in entry_points(group="demogen.patterns"):
        pattern = entry.load()
        if not isinstance(pattern, Pattern):
            raise UsageError(
                f"the entry point {entry.name} ({entry.value}) is no Pattern", hint="export a demogen.patterns.Pattern"
            )
        found[pattern.name] = pattern
    return found
