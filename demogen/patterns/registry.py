"""Finds the patterns: every module of this folder that has a PATTERN, and every entry point `demogen.patterns`.

May import: `base`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import MappingProxyType

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
_registered: dict[str, Pattern] = {}


def register(pattern: Pattern) -> Pattern:
    """Make a pattern of one's own known by its name, from a locustfile or a script; every process must do so.

    Raises UsageError where another pattern has the name already.
    """
    other = find_patterns().get(pattern.name)
    if other is not None and other.play is not pattern.play:
        raise UsageError(f"a pattern is called {pattern.name!r} already", hint="give yours another name")
    _registered[pattern.name] = pattern
    return pattern


def find_patterns(more: Mapping[str, Pattern] = MappingProxyType({})) -> dict[str, Pattern]:
    """Shipped patterns, those that installed packages offer, and those registered; a package may replace a shipped one.

    `more` are those of one run alone, a user's scripts. Raises UsageError where an entry point cannot be loaded or is
    no Pattern, or where one of `more` has a name that is taken.
    """
    found = PATTERNS | {one.name: one for one in map(_load, entry_points(group=GROUP))} | _registered
    taken = sorted(found.keys() & more.keys())
    if taken:
        raise UsageError(f"a pattern is called {taken[0]!r} already", hint="give yours another name")
    return found | dict(more)


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
