"""Who has been scraping, and how long a process that ends stays for the last scrape.

A run's last second and its verdict come after everything else: a process that ended at once would keep them to itself.
One that nobody watches need not wait. May import: clock.
"""

from __future__ import annotations

from collections.abc import Callable

from demogen.clock import NS_PER_S, Clock

#: How long a process waits at most for its last figures to be fetched.
LINGER_MAX_S = 30.0
#: What is taken for the scrape interval while only one scrape has come.
_UNKNOWN_INTERVAL_S = 15.0
_LOOK_EVERY_S = 0.05
#: For the answer to leave, where a scrape is counted as it begins.
_AFTERWARDS_S = 0.1


class Audience:
    """Counts scrapes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._scraped_ns: list[int] = []
        self._left = False

    def scraped(self) -> None:
        """Somebody has just looked."""
        self._scraped_ns = [*self._scraped_ns[-1:], self._clock.now_ns()]

    def leave(self) -> None:
        """Wait for nobody any more."""
        self._left = True

    def linger(self, sleep: Callable[[float], object]) -> None:
        """Stay until somebody looks once more, or it is plain that nobody will. `sleep` lets seconds pass."""
        seen = self._scraped_ns
        if not seen:
            return
        interval_s = (seen[-1] - seen[0]) / NS_PER_S if len(seen) > 1 else _UNKNOWN_INTERVAL_S
        # The next scrape is expected one interval after the last; half as much again, and nobody is watching any more.
        until_ns = seen[-1] + round(min(LINGER_MAX_S, 1.5 * interval_s + 1) * NS_PER_S)
        while self._scraped_ns is seen and not self._left and self._clock.now_ns() < until_ns:
            sleep(_LOOK_EVERY_S)
        if self._scraped_ns is not seen:
            sleep(_AFTERWARDS_S)
