"""From what was asked for to a schedule: the spelling of --schedule if there is one, else the plain target.

The only place that reads a trace's file. May import: pacing, `errors`.
"""

from __future__ import annotations

from pathlib import Path

from demogen.errors import UsageError
from demogen.pacing.schedule import Schedule, constant
from demogen.pacing.spelling import Spelling, parse


def spelled(text: str) -> Spelling:
    """A schedule as written. Raises UsageError where it, or the file it names, cannot be read."""
    return parse(text, read=_read)


def timetable(text: str | None, *, tps: float, seconds: float | None, seed: int) -> Schedule:
    """The schedule of a run at that target; `seconds` None: until somebody stops it, unless the text says how long."""
    if text is None:
        return constant(tps, seconds)
    return spelled(text).build(tps=tps, seconds=seconds, seed=seed)


def _read(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        says = error.strerror if isinstance(error, OSError) else "it is no text"
        raise UsageError(f"cannot read the trace {name!r}: {says}", hint="name a file of seconds,TPS lines") from error
