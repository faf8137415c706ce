"""Times in which nothing leaves the server: on a rhythm, or once, on demand.

May import: demogen.errors, demogen.sandbox.controls.
"""

from __future__ import annotations

from demogen.errors import UsageError
from demogen.sandbox.controls.spelling import duration_ns, pairs


class Stalls:
    """Holds answers back until a stall is over."""

    def __init__(self, *, every_ns: int = 0, for_ns: int = 0, start_ns: int = 0) -> None:
        self._every_ns = every_ns
        self._for_ns = for_ns
        self._start_ns = start_ns
        self._until_ns = 0

    def now(self, *, now_ns: int, for_ns: int) -> None:
        """One stall that begins now."""
        self._until_ns = now_ns + for_ns

    def release(self, moment_ns: int) -> int:
        """The moment itself, or the end of the stall it falls into. The first rhythm begins after one period."""
        if moment_ns < self._until_ns:
            moment_ns = self._until_ns
        if self._every_ns:
            since = (moment_ns - self._start_ns) % self._every_ns
            if since < self._for_ns and moment_ns - self._start_ns >= self._every_ns:
                return moment_ns - since + self._for_ns
        return moment_ns


def read_stalls(text: str, *, start_ns: int) -> Stalls:
    """`none` or `every=10s,for=1s`."""
    if text in ("", "none"):
        return Stalls()
    values = pairs(text)
    every_ns, for_ns = duration_ns(values.get("every", "")), duration_ns(values.get("for", ""))
    if for_ns >= every_ns:
        raise UsageError(f"a stall must be shorter than its rhythm: {text}", hint="every=10s,for=1s")
    return Stalls(every_ns=every_ns, for_ns=for_ns, start_ns=start_ns)
