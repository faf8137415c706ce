"""Decides how moments are read and written: RFC 3339 in UTC, microseconds since 1970 inside (contract 2.2, 2.3).

May import: nothing from demogen. Reads no clock.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

US_PER_S = 1_000_000
US_PER_DAY = 86_400 * US_PER_S
LAST_SECOND_US = US_PER_DAY - US_PER_S  # of a day, from its midnight
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ONE_US = timedelta(microseconds=1)
_FULL = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:\d\d)?)?", re.ASCII)


class MalformedMoment(ValueError):
    """The text names no moment."""


@lru_cache(maxsize=4096)
def _second(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")


def text(moment_us: int) -> str:
    """RFC 3339 with as many fraction digits as are needed, up to six."""
    seconds, fraction = divmod(moment_us, US_PER_S)
    if not fraction:
        return _second(seconds) + "Z"
    return f"{_second(seconds)}.{fraction:06d}".rstrip("0") + "Z"


class Moment:
    """A moment that was read, and how precisely it was written."""

    __slots__ = ("has_time", "has_zone", "us")

    def __init__(self, us: int, *, has_time: bool, has_zone: bool) -> None:
        self.us = us
        self.has_time = has_time
        self.has_zone = has_zone


def parse(spelling: str) -> Moment:
    """A date, a date with time, or full RFC 3339; MalformedMoment for anything else."""
    match = _FULL.fullmatch(spelling)
    if match is None:
        raise MalformedMoment(spelling)
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    offset = UTC
    if zone and zone != "Z":
        minutes = int(zone[1:3]) * 60 + int(zone[4:6])
        offset = timezone(timedelta(minutes=minutes if zone[0] == "+" else -minutes))
    try:
        when = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=offset
        )
    except ValueError as error:
        raise MalformedMoment(spelling) from error
    micros = int((fraction or "0").ljust(6, "0")[:6])
    return Moment((when - _EPOCH) // _ONE_US + micros, has_time=hour is not None, has_zone=zone is not None)


def whole_second(moment_us: int) -> int:
    """Without its fraction."""
    return moment_us // US_PER_S * US_PER_S


def is_to_the_millisecond(spelling: str) -> bool:
    """Whether a moment that can be read has no finer digits: the ledger writes no finer ones back."""
    match = _FULL.fullmatch(spelling)
    return match is not None and not (match[7] or "")[3:].strip("0")


def months_before(moment_us: int, months: int) -> int:
    """The start of the UTC day that lies so many calendar months earlier."""
    day = _EPOCH + timedelta(microseconds=moment_us)
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    for last_day in (day.day, 30, 29, 28):
        try:
            start = datetime(year, month + 1, last_day, tzinfo=UTC)
        except ValueError:
            continue
        return (start - _EPOCH) // _ONE_US
    raise AssertionError("every month has a 28th day")
