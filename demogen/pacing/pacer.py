"""Hands out the next arrival to whoever has time for it. Never waits, never sends.

Workers share one schedule by stride: worker k of n takes the arrivals whose index leaves k when divided by n. A
new share takes effect from an index on and carries a new generation, so no key is ever used twice (design 4.1).
May import: `schedule`.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from demogen.pacing.schedule import Schedule

#: A due time that never comes.
NEVER_NS = 1 << 62


class Arrival:
    """One due moment of the schedule: its number in the run, and when (ns on the pacer's clock)."""

    __slots__ = ("due_ns", "generation", "number")

    number: int
    due_ns: int
    generation: int


class Share(msgspec.Struct, frozen=True):
    """What one worker is to take: arrivals `first_index` and later whose index ≡ `k` modulo `n`.

    Arrival i is due at `epoch_ns` (unix time) plus the schedule's due time of i − `base_index`. `until_index` ends
    the share (exclusive) where a later one takes over; None: open.
    """

    generation: int
    epoch_ns: int
    base_index: int
    first_index: int
    k: int
    n: int
    schedule: Schedule
    until_index: int | None = None


class Pacer:
    """Merges the shares of one worker into one stream of arrivals.

    `wall_offset_ns` turns unix time into the caller's monotonic clock: monotonic = unix − offset.
    """

    def __init__(self, wall_offset_ns: int = 0) -> None:
        self.offered = 0
        self.next_due_ns = NEVER_NS
        self.exhausted = False
        self._wall_offset_ns = wall_offset_ns
        self._shares: list[Share] = []
        self._stream: Iterator[tuple[int, int]] | None = None
        self._start_ns = 0
        self._base = 0
        self._next_index = 0
        self._generation = 0
        self._until = NEVER_NS

    def take(self, share: Share) -> None:
        """Take on a share. It takes over from the running one at its `first_index`."""
        if self._stream is None and not self._shares:
            self._begin(share)
            return
        if not self.exhausted:
            self._until = min(self._until, share.first_index)
        self._shares.append(share)
        if self._next_index >= self._until or self.exhausted:
            self._step()

    def finish_at(self, index: int) -> None:
        """Hand out nothing from that index on."""
        self._until = min(self._until, index)
        if self._next_index >= self._until:
            self._step()

    def stop(self) -> None:
        """Hand out nothing more."""
        self._shares.clear()
        self._stream = iter(())
        self._advance()

    def claim(self, now_ns: int) -> Arrival | None:
        """The next arrival, if its time has come; each is handed out once."""
        due_ns = self.next_due_ns
        if due_ns > now_ns:
            return None
        arrival: Arrival = Arrival.__new__(Arrival)
        arrival.number, arrival.due_ns, arrival.generation = self._next_index, due_ns, self._generation
        self.offered += 1
        self._advance()
        return arrival

    def _begin(self, share: Share) -> None:
        remainder = (share.k - share.first_index) % share.n
        first = share.first_index + remainder - share.base_index
        self._stream = share.schedule.due_times(first, share.n)
        self._start_ns = share.epoch_ns - self._wall_offset_ns
        self._base = share.base_index
        self._generation = share.generation
        self._until = NEVER_NS if share.until_index is None else share.until_index
        self.exhausted = False
        self._advance()

    def _advance(self) -> None:
        following = next(self._stream, None) if self._stream is not None else None
        if following is not None:
            self._next_index = following[0] + self._base
            if self._next_index < self._until:
                self.next_due_ns = self._start_ns + following[1]
                return
        self._step()

    def _step(self) -> None:
        """The running share is used up: go on with the next, or rest."""
        if self._shares:
            self._begin(self._shares.pop(0))
        else:
            self.next_due_ns = NEVER_NS
            self.exhausted = True
