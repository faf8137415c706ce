"""Reads a schedule as people write it on a command line; what is left out comes from the target and the duration.

    constant[:TPS[:TIME]]                    the same rate throughout
    poisson[:TPS[:TIME]]                     independent arrivals at that mean rate
    ramp[:FROM-TO[:TIME[:HOLD]]]             a straight climb or descent, then level
    steps[:TPS,TPS,…[:TIME]]                 one level after another, each for that time
    spike[:BASE-PEAK[:BEFORE:PEAK:AFTER]]    level, a sudden peak, level again
    diurnal[:MEAN[:TIME[:SWING]]]            one day squeezed into that time, lowest at the start
    soak[:TPS[:TIME]]                        a gentle climb, then the same rate for long
    trace:FILE                               lines of `seconds,TPS`, replayed as levels

Any of them may end in `+poisson`: the same rate over time, arrivals independent of each other. May import: `errors`,
`schedule`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

import msgspec

from demogen.errors import UsageError
from demogen.pacing import schedule as shapes
from demogen.pacing.schedule import Schedule

SHAPES = ("constant", "poisson", "ramp", "steps", "spike", "diurnal", "soak", "trace")
FORMS = {
    "constant": "constant:200:60s",
    "poisson": "poisson:200:60s",
    "ramp": "ramp:0-500:60s, or ramp:0-500:60s:30s to stay at the top",
    "steps": "steps:100,200,400:30s",
    "spike": "spike:100-1000:60s:10s:60s",
    "diurnal": "diurnal:200:10m, or diurnal:200:10m:0.6",
    "soak": "soak:200:8h",
    "trace": "trace:FILE with lines of seconds,TPS",
}
#: How many values may follow the shape.
_VALUES_MAX = {"constant": 2, "poisson": 2, "ramp": 3, "steps": 2, "spike": 4, "diurnal": 3, "soak": 2}
_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
#: Where nothing else is said: from a quarter of the target upwards; a peak of five times the target.
_SHARES = (0.25, 0.5, 0.75, 1.0)
_PEAK = 5.0
#: A soak climbs for a twentieth of its time, but never for more than five minutes.
_CLIMB_SHARE, _CLIMB_S_MAX = 0.05, 300.0
_RATE_MAX_TPS = 100_000.0


class Spelling(msgspec.Struct, frozen=True):
    """A schedule as written: its shape and the values after it; `rows` are a trace's (seconds, TPS)."""

    text: str
    shape: str
    values: tuple[str, ...] = ()
    poisson: bool = False
    rows: tuple[tuple[float, float], ...] = ()

    def build(self, *, tps: float, seconds: float | None, seed: int) -> Schedule:
        """The schedule. `tps` and `seconds` stand in for what was not written; `seconds` None: until stopped.

        Raises UsageError where a shape that ends was given no time to end in.
        """
        built = _Builder(self, tps, seconds).build()
        if built.mean_tps <= 0:
            raise _wrong(self, "nothing would ever be sent")
        if self.poisson:
            return msgspec.structs.replace(built, arrivals="poisson", seed=seed)
        return built


def parse(text: str, *, read: Callable[[str], str]) -> Spelling:
    """`text` as a spelling; `read` gives the text of a trace's file. Raises UsageError with what to write instead."""
    body, poisson = (text[: -len("+poisson")], True) if text.endswith("+poisson") else (text, False)
    shape, _, rest = body.strip().partition(":")
    if shape not in SHAPES:
        raise UsageError(f"{text!r} is no schedule", hint=f"write one of: {'; '.join(FORMS.values())}")
    if shape == "trace":
        if not rest:
            raise UsageError("a trace needs a file", hint=f"write {FORMS[shape]}")
        spelling = Spelling(text, shape, poisson=poisson, rows=_rows(read(rest), rest))
    else:
        spelling = Spelling(text, shape, tuple(rest.split(":")) if rest else (), poisson or shape == "poisson")
        if len(spelling.values) > _VALUES_MAX[shape]:
            raise _wrong(spelling, "that is more than there is to say")
    # With stand-ins for what was left out every other mistake shows now, not when the load begins.
    spelling.build(tps=1.0, seconds=60.0, seed=0)
    return spelling


class _Builder:
    """One spelling, one target, one duration."""

    def __init__(self, spelling: Spelling, tps: float, seconds: float | None) -> None:
        self._spelling = spelling
        self._tps = tps
        self._seconds = seconds

    def build(self) -> Schedule:
        build: Callable[[], Schedule] = getattr(self, f"_{self._spelling.shape}")
        return build()

    def _constant(self) -> Schedule:
        seconds = self._span(1) if self._has(1) else self._seconds
        return shapes.constant(self._rate(0), seconds)

    _poisson = _constant

    def _ramp(self) -> Schedule:
        low, high = self._pair(0, (0.0, self._tps))
        hold = self._span(2) if self._has(2) else 0.0
        return shapes.ramp(low, high, seconds=self._span(1), hold_seconds=hold)

    def _steps(self) -> Schedule:
        if self._has(0):
            rates: Sequence[float] = [self._number(part) for part in self._spelling.values[0].split(",")]
        else:
            rates = [share * self._tps for share in _SHARES]
        each = self._span(1) if self._has(1) else self._all_seconds() / len(rates)
        return shapes.trace([(each, rate) for rate in rates])

    def _spike(self) -> Schedule:
        base, peak = self._pair(0, (self._tps, _PEAK * self._tps))
        if self._has(1) and not self._has(3):
            raise _wrong(self._spelling, "a spike has three times: before, at the peak, after")
        third = 0.0 if self._has(3) else self._all_seconds() / 3
        before, at, after = (self._span(place) if self._has(3) else third for place in (1, 2, 3))
        return shapes.trace([(before, base), (at, peak), (after, base)])

    def _diurnal(self) -> Schedule:
        swing = self._number(self._spelling.values[2]) if self._has(2) else 0.6
        return shapes.diurnal(self._rate(0), seconds=self._span(1), swing=swing)

    def _soak(self) -> Schedule:
        rate, seconds = self._rate(0), self._span(1)
        climb = min(_CLIMB_SHARE * seconds, _CLIMB_S_MAX)
        return shapes.ramp(0.0, rate, seconds=climb, hold_seconds=seconds - climb)

    def _trace(self) -> Schedule:
        return shapes.trace(self._spelling.rows)

    def _has(self, place: int) -> bool:
        return len(self._spelling.values) > place

    def _rate(self, place: int) -> float:
        return self._number(self._spelling.values[place]) if self._has(place) else self._tps

    def _pair(self, place: int, default: tuple[float, float]) -> tuple[float, float]:
        if not self._has(place):
            return default
        low, dash, high = self._spelling.values[place].partition("-")
        if not dash:
            raise _wrong(self._spelling, f"{self._spelling.values[place]!r} is not two rates with a dash between")
        return self._number(low), self._number(high)

    def _number(self, text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not 0 <= value <= _RATE_MAX_TPS:
            raise _wrong(self._spelling, f"{text!r} is no number from 0 to {_RATE_MAX_TPS:,.0f}")
        return value

    def _span(self, place: int) -> float:
        if not self._has(place):
            return self._all_seconds()
        text = self._spelling.values[place]
        seconds = _seconds(text)
        if seconds is None or seconds <= 0:
            raise _wrong(self._spelling, f"{text!r} is no span of time above 0: write 30s, 5m, 1h30m")
        return seconds

    def _all_seconds(self) -> float:
        if self._seconds is None:
            raise _wrong(self._spelling, "it does not say for how long, and neither does anything else")
        return self._seconds


def _seconds(text: str) -> float | None:
    """`30s`, `5m`, `1h30m`, `250ms` or plain seconds; None where it is none of these."""
    spans = _SPAN.findall(text)
    if spans and "".join(number + unit for number, unit in spans) == text:
        return float(sum(float(number) * _UNITS_S[unit] for number, unit in spans))
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) else None


def _rows(text: str, name: str) -> tuple[tuple[float, float], ...]:
    """The (seconds, TPS) rows of a trace; a first line of words and lines after a # are passed over."""
    rows: list[tuple[float, float]] = []
    for number, line in enumerate(text.splitlines(), 1):
        cells = [cell.strip() for cell in line.partition("#")[0].split(",")]
        if cells == [""] or (number == 1 and cells[0][:1].isalpha()):
            continue
        try:
            seconds, tps = float(cells[0]), float(cells[1])
        except (ValueError, IndexError):
            seconds, tps = math.nan, math.nan
        if len(cells) != 2 or not (0 < seconds < math.inf and 0 <= tps <= _RATE_MAX_TPS):
            raise UsageError(
                f"{name}, line {number}: {line.strip()!r} is not seconds,TPS", hint="write lines such as 60,200"
            )
        rows.append((seconds, tps))
    if not rows:
        raise UsageError(f"{name} holds no trace", hint="write lines of seconds,TPS, such as 60,200")
    return tuple(rows)


def _wrong(spelling: Spelling, why: str) -> UsageError:
    return UsageError(f"the schedule {spelling.text!r}: {why}", hint=f"write it like {FORMS[spelling.shape]}")
