"""Reads the words controls are written in: durations, numbers, name=value lists. Decides nothing.

May import: demogen.errors.
"""

from __future__ import annotations

import math
import re

from demogen.errors import UsageError

_UNITS = {"us": 1_000, "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(us|ms|s|m)")


def duration_ns(text: str) -> int:
    """`150us`, `5ms`, `2s`, `1m` in nanoseconds."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"not a duration: {text!r}", hint="write 150us, 5ms, 2s or 1m")
    return round(float(match[1]) * _UNITS[match[2]])


def number(text: str) -> float:
    """A plain number, finite and not negative."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0:
        raise UsageError(f"not a number: {text!r}", hint="write 0.05 or 2000")
    return value


def pairs(text: str) -> dict[str, str]:
    """`a=1,b=2`."""
    found = {}
    for part in filter(None, text.split(",")):
        name, sign, value = part.partition("=")
        if not sign:
            raise UsageError(f"not name=value: {part!r}", hint="write median=5ms,sigma=0.6")
        found[name.strip()] = value.strip()
    return found
