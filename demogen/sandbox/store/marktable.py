"""A compact map from digests to keys that ages: 32 bytes a mark, where a dict takes five times that.

Open addressing in anonymous memory, in segments: a full or old segment is followed by a new one, and one whose marks
have all expired is dropped whole. Judges nothing. May import: nothing from demogen.
"""

from __future__ import annotations

import mmap
from collections import deque
from collections.abc import Iterator

_SLOTS = 1 << 19
_FULL = _SLOTS // 2
_MASK = 2 * _SLOTS - 1
_SEGMENT_US = 60 * 1_000_000


class _Segment:
    """Slots of digest and key, side by side; a digest of zero is an empty slot."""

    __slots__ = ("_memory", "_slots", "count", "newest_us", "oldest_us")

    def __init__(self, now_us: int) -> None:
        self._memory = mmap.mmap(-1, _SLOTS * 16)
        self._slots = memoryview(self._memory).cast("Q")
        self.count = 0
        self.oldest_us = self.newest_us = now_us

    def put(self, digest: int, key: int, now_us: int) -> None:
        slots = self._slots
        place = (digest * 2) & _MASK
        while slots[place] and slots[place] != digest:
            place = (place + 2) & _MASK
        slots[place] = digest
        slots[place + 1] = key
        self.count += 1
        self.newest_us = now_us

    def get(self, digest: int) -> int:
        slots = self._slots
        place = (digest * 2) & _MASK
        while slots[place]:
            if slots[place] == digest:
                return slots[place + 1]
            place = (place + 2) & _MASK
        return 0

    def drop(self) -> None:
        self._slots.release()
        self._memory.close()


class MarkTable:
    """Digest -> key; the latest key of a digest comes first."""

    def __init__(self) -> None:
        self._segments: deque[_Segment] = deque()

    def put(self, digest: int, key: int, *, now_us: int) -> None:
        """Remember; `digest` has 64 bits."""
        segments = self._segments
        if not segments or segments[0].count >= _FULL or now_us - segments[0].oldest_us > _SEGMENT_US:
            segments.appendleft(_Segment(now_us))
        segments[0].put(digest or 1, key, now_us)

    def keys(self, digest: int) -> Iterator[int]:
        """Every key remembered for a digest."""
        for segment in self._segments:
            key = segment.get(digest or 1)
            if key:
                yield key

    def forget_before(self, moment_us: int) -> None:
        """Drop segments whose newest mark is older."""
        while self._segments and self._segments[-1].newest_us < moment_us:
            self._segments.pop().drop()

    def clear(self) -> None:
        """Forget everything."""
        while self._segments:
            self._segments.pop().drop()
