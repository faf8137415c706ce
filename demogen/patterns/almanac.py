"""Dates for back-fill: days that grow denser towards the end, weekdays, peak hours, pay days. Reads no clock.

A date must lie in the past (contract 4, code 0121), so the almanac ends before any run: at the end of the population's
own history where it has one. May import: nothing from demogen.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate

#: Bookings an hour, per thousand of a day: quiet nights, a peak at noon and one after work.
_HOURS = tuple(accumulate((6, 4, 3, 3, 4, 8, 18, 34, 52, 62, 68, 74, 82, 70, 60, 58, 62, 72, 78, 64, 48, 34, 22, 14)))
_WEEKEND_KEPT = 45  # of a hundred bookings of a weekend; the others wait for Monday
_NIGHT_HOURS = 4  # one to five

PAY_DAY = 25


class Almanac:
    """A stretch of `days` that ends the day before `end`. Moments are RFC 3339 texts in UTC."""

    def __init__(self, end: date = date(2023, 7, 1), *, days: int = 365) -> None:
        self._start = end - timedelta(days=days)
        self._last = end - timedelta(days=1)
        self._days = days

    def moment(self, bits: int) -> str:
        """A busy moment: older days are thinner, weekends quieter, nights quietest."""
        # The larger of two throws grows with time: half as much happens in the first quarter as in the last.
        throw = max(bits & 0xFFFF, (bits >> 16) & 0xFFFF)
        day = self._start + timedelta(days=throw * self._days >> 16)
        if day.weekday() >= 5 and (bits >> 32) % 100 >= _WEEKEND_KEPT:
            day = min(day + timedelta(days=7 - day.weekday()), self._last)
        return self._at(day, bisect_right(_HOURS, (bits >> 40) % _HOURS[-1]), bits >> 50)

    def night(self, bits: int) -> str:
        """A moment when honest people sleep."""
        day = self._start + timedelta(days=(bits & 0xFFFF) * self._days >> 16)
        return self._at(day, 1 + (bits >> 32) % _NIGHT_HOURS, bits >> 50)

    def pay_day(self, bits: int) -> str:
        """The morning of the 25th of some month."""
        day = self._start + timedelta(days=(bits & 0xFFFF) * self._days >> 16)
        paid = day.replace(day=PAY_DAY)
        return self._at(paid if paid <= self._last else self._start, 9, bits >> 50)

    def _at(self, day: date, hour: int, bits: int) -> str:
        minute, second = bits % 60, (bits >> 6) % 60
        return datetime.combine(day, time(hour, minute, second), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
