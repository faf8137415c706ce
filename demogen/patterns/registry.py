"""Finds the patterns: every module of this folder that has a PATTERN, and every entry point `demogen.patterns`.

May import: `base`.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from demogen.errors import UsageError
from demogen.patterns.base import Pattern

GROUP = "demogen.patterns"


def _shipped() -> dict[str, Pattern]:
    found = {}
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.stem in ("__init__", "registry"):
            continue
        pattern: Pattern | None = getattr(import_module(f"demogen.patterns.{path.stem}"), "PATTERN", None)
        if pattern is not None:
            found[pattern.name] = pattern
    return found


PATTERNS: dict[str, Pattern] = _shipped()


def find_patterns() -> dict[str, Pattern]:
    """Shipped patterns and those that installed packages offer; a package may replace a shipped one by name.

    Raises UsageError where an entry point cannot be loaded or is no Pattern.
    """
    return PATTERNS | {pattern.name: pattern for pattern in map(_load, entry_points(group=GROUP))}


def _load(entry: EntryPoint) -> Pattern:
    try:
        pattern = entry.load()
    except (ImportError, AttributeError) as error:
        raise UsageError(
            f"the pattern {entry.name!r} of an installed package cannot be loaded: {error}",
            hint=f"its entry point says {entry.value}; repair or uninstall the package",
        ) from error
    if not isinstance(pattern, Pattern):
        raise UsageError(
            f"the entry point {entry.name} ({entry.value}) is no Pattern", hint="export a demogen.patterns.Pattern"
        )
    return pattern
