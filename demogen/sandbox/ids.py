"""Decides what an id is: a row's integer key, spelled as a UUIDv7 (contract 2.2). Stores nothing.

A key is 48 bits of milliseconds and a 12-bit counter, so keys grow in creation order and one generator serves every
table. The remaining 62 bits of the UUID are a keyed mix of the key: an id needs no column of its own, and a foreign
UUID is recognised without a look-up. May import: demogen.clock.
"""

from __future__ import annotations

import re

from demogen.clock import NS_PER_MS, Clock

_COUNTER_BITS = 12
_TAIL_BITS = 62
_TAIL_MASK = (1 << _TAIL_BITS) - 1
_ODD = 0x9E3779B97F4A7C15
_UUID = re.compile(
    r"(?:urn:uuid:)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|\{[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}"
    r"|[0-9a-f]{32}",
    re.IGNORECASE,
)

_PLAIN_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

FOREIGN = -1  # a well-formed UUID that this ledger never issued


class MalformedId(ValueError):
    """The text is not a UUID in any accepted spelling."""


def canonical_uuid(text: str) -> str:
    """The usual lower-case spelling of a UUID; MalformedId for anything else."""
    if _UUID.fullmatch(text) is None:
        raise MalformedId(text)
    digits = text.lower().removeprefix("urn:uuid:").strip("{}").replace("-", "")
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def is_uuid(text: str) -> bool:
    """Whether it is a UUID in any accepted spelling."""
    return _UUID.fullmatch(text) is not None


def is_plain_uuid(text: str) -> bool:
    """Whether it is a UUID in its usual spelling, lower case."""
    return _PLAIN_UUID.fullmatch(text) is not None


def first_key_at(moment_us: int) -> int:
    """The smallest key that can have been issued at or after this moment."""
    return max(0, moment_us // 1000) << _COUNTER_BITS


def place_of(uuid: str) -> int:
    """The key whose id would begin as this canonical UUID does: where a foreign one stands in the order of ids."""
    return int(uuid[:8] + uuid[9:13] + uuid[15:18], 16)


class Ids:
    """Issues keys in growing order and turns them into UUIDs and back."""

    def __init__(self, clock: Clock, *, secret: int, last: int = 0) -> None:
        self._wall_ns = clock.wall_ns
        self._secret = secret & _TAIL_MASK
        self._last = last

    def issue(self) -> int:
        """A key greater than every one before, also on a clock that stands still."""
        key = (self._wall_ns() // NS_PER_MS) << _COUNTER_BITS
        if key <= self._last:
            key = self._last + 1
        self._last = key
        return key

    def spell(self, key: int) -> str:
        """The UUIDv7 of a key."""
        tail = (key * _ODD ^ self._secret) & _TAIL_MASK
        text = f"{key >> 12:012x}7{key & 0xFFF:03x}{0x8000000000000000 | tail:016x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def read(self, text: str) -> int:
        """The key behind an id; FOREIGN for a UUID not issued here; MalformedId for other text."""
        uuid = canonical_uuid(text)
        if uuid[14] != "7":
            return FOREIGN
        key = place_of(uuid)
        return key if self.spell(key) == uuid else FOREIGN
