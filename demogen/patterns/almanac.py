"""Dates for back-fill: days that grow denser towards the end, weekdays, peak hours, pay days. Reads no clock.

A date must lie in the past (contract 4, code 0121), so the almanac ends before any run: at the end of the population's
own history where it has one. May import: nothing from demogen.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, timedelta
from itertools import accumulate

#: Bookings an hour, per thousand of a day: quiet nights, a peak at noon and one after work.
_HOURS = tuple(accumulate((6, 4, 3, 3, 4, 8, 18, 34, 52, 62, 68, 74, 82, 70, 60, 58, 62, 72, 78, 64, 48, 34, 22, 14)))
_WEEKEND_KEPT = 45  # of a hundred bookings of a weekend; the others wait for Monday
_NIGHT_HOURS = 4  # one to five

PAY_DAY = 25


class Almanac:
    """A stretch of `days` that ends the day before `end`. Moments are RFC 3339 texts in UTC."""

    def __init__(self, end: date = date(2023, 7, 1), *, days: int = 365) -> None:
        days_of = [end - timedelta(days=days - nth) for nth in range(days)]
        self._texts = [day.isoformat() for day in days_of]
        self._weekdays = [day.weekday() for day in days_of]
        self._pay_days = [nth for nth, day in enumerate(days_of) if day.day == PAY_DAY] or [0]
        self._days = days

    def moment(self, bits: int) -> str:
        """A busy moment: older days are thinner, weekends quieter, nights quietest."""
        # The larger of two throws grows with time: half as much happens in the first quarter as in the last.
        nth = max(bits & 0xFFFF, (bits >> 16) & 0xFFFF) * self._days >> 16
        if self._weekdays[nth] >= 5 and (bits >> 32) % 100 >= _WEEKEND_KEPT:
            nth = min(nth + 7 - self._weekdays[nth], self._days - 1)
        return self._at(nth, bisect_right(_HOURS, (bits >> 40) % _HOURS[-1]), bits >> 50)

    def night(self, bits: int) -> str:
        """A moment when honest people sleep."""
        return self._at((bits & 0xFFFF) * self._days >> 16, 1 + (bits >> 32) % _NIGHT_HOURS, bits >> 50)

    def pay_day(self, bits: int) -> str:
        """The morning of the 25th of some month."""
        return self._at(self._pay_days[(bits & 0xFFFF) * len(self._pay_days) >> 16], 9, bits >> 50)

    def _at(self, nth: int, hour: int, bits: int) -> str:
        return f"{self._texts[nth]}T{hour:02}:{bits % 60:02}:{(bits >> 6) % 60:02}Z"
