"""Draws series and distributions as inline SVG: pure text from numbers, no script, no font, no outside resource.

Colours and sizes of text are the page's (classes `grid`, `tick`, `line a`, `line b`), so that light and dark follow
it. May import: nothing from demogen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import NamedTuple

_WIDTH, _HEIGHT = 480, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 14, 10, 26


class Line(NamedTuple):
    """One curve: its name, its y values (None leaves a gap) and, where not evenly spaced, its x values."""

    name: str
    values: Sequence[float | None]
    at: Sequence[float] = ()


class Tick(NamedTuple):
    value: float
    text: str


def over_time(lines: Sequence[Line], *, step_s: float, label: Callable[[float], str]) -> str:
    """Curves over the seconds of a run; the y axis begins at 0."""
    length = max((len(line.values) for line in lines), default=0)
    if length < 2:
        return '<p class="empty">too short to plot</p>'
    placed = [line._replace(at=[i * step_s for i in range(len(line.values))]) for line in lines]
    top = max((value for line in lines for value in line.values if value is not None), default=0.0)
    y_ticks = [Tick(value, label(value)) for value in steps(top)]
    x_ticks = [Tick(value, clock_text(value, of=length * step_s)) for value in _times((length - 1) * step_s)]
    return _chart(placed, x_ticks=x_ticks, y_ticks=y_ticks)


def percentiles(us: Sequence[int], count: Sequence[int]) -> str:
    """Latency at each percentile, the x axis stretched so that every further nine has the same width."""
    total = sum(count)
    if total < 2:
        return '<p class="empty">too few answers to plot</p>'
    at, values, below = [0.0], [us[0] / 1000], 0
    for value, number in zip(us, count, strict=True):
        # The bucket holds until the last of its answers; the very last answer would stand at infinity.
        at.append(_nines(below / total))
        values.append(value / 1000)
        below += number
        at.append(_nines(min(below, total - 0.5) / total))
        values.append(value / 1000)
    x_ticks = [Tick(_nines(p), f"{p * 100:.10g} %") for p in (0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999)]
    last = at[-1]
    shown = [tick for tick in x_ticks if tick.value <= last]
    y_ticks = [Tick(value, round_ms(value)) for value in steps(max(values))]
    return _chart([Line("response time", values, at)], x_ticks=shown, y_ticks=y_ticks, x_max=last)


def steps(top: float, *, about: int = 5) -> list[float]:
    """Round numbers from 0 to at least `top`, about that many."""
    if top <= 0 or not math.isfinite(top):
        return [0.0, 1.0]
    raw = top / about
    magnitude = 10.0 ** math.floor(math.log10(raw))
    step = next(m * magnitude for m in (1, 2, 2.5, 5, 10) if m * magnitude >= raw * 0.999)
    return [round(step * i, 12) for i in range(math.ceil(top / step * 0.999) + 1)]


def round_ms(value: float) -> str:
    """A round number of milliseconds, as an axis has them."""
    return f"{value:,.10g} ms"


def clock_text(seconds: float, *, of: float) -> str:
    """`45 s` in a run of seconds, `2:05` in one of minutes, `1:02:05` in one of hours; `of` is its length."""
    if of <= 120:
        return f"{seconds:g} s"
    hours, rest = divmod(round(seconds), 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if of >= 3600 else f"{hours * 60 + minutes}:{left:02}"


_TIME_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400)


def _times(length_s: float, *, at_most: int = 8) -> list[float]:
    """Moments a clock would mark, at most that many steps."""
    step = next((step for step in _TIME_STEPS_S if length_s / step <= at_most), _TIME_STEPS_S[-1])
    return [float(step * i) for i in range(int(length_s // step) + 1)]


def _nines(share: float) -> float:
    """0 → 0, 0.9 → 1, 0.99 → 2: how many nines a percentile has."""
    return -math.log10(1 - share)


def _chart(
    lines: Sequence[Line], *, x_ticks: Sequence[Tick], y_ticks: Sequence[Tick], x_max: float | None = None
) -> str:
    right = x_max if x_max is not None else max(x for line in lines for x in line.at)
    top = y_ticks[-1].value or 1.0

    def x_of(value: float) -> float:
        return _LEFT + value / (right or 1.0) * (_WIDTH - _LEFT - _RIGHT)

    def y_of(value: float) -> float:
        return _HEIGHT - _BOTTOM - value / top * (_HEIGHT - _TOP - _BOTTOM)

    parts = [f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(_names(lines))}">']
    for tick in y_ticks:
        y = y_of(tick.value)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="tick" x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{escape(tick.text)}</text>')
    for tick in x_ticks:
        if tick.value <= right * 1.0001:
            x = x_of(tick.value)
            parts.append(f'<text class="tick" x="{x:.1f}" y="{_HEIGHT - 8}" text-anchor="middle">{tick.text}</text>')
    for line, mark in zip(lines, "abcd", strict=False):
        path = " ".join(_path(line, x_of, y_of))
        parts.append(f'<path class="line {mark}" d="{path}"><title>{escape(line.name)}</title></path>')
    legend = "".join(
        f'<span class="key {mark}">{escape(line.name)}</span>' for line, mark in zip(lines, "abcd", strict=False)
    )
    return "".join(parts) + f'</svg><p class="legend">{legend}</p>'


def _path(line: Line, x_of: Callable[[float], float], y_of: Callable[[float], float]) -> Iterator[str]:
    command = "M"
    for x, y in zip(line.at, line.values, strict=True):
        if y is None:
            command = "M"
            continue
        yield f"{command}{x_of(x):.1f} {y_of(y):.1f}"
        command = "L"


def _names(lines: Sequence[Line]) -> str:
    return ", ".join(line.name for line in lines)
