"""How hard a closed loop may press: a bound on requests in flight that yields when the ledger labours, and a bucket.

Arithmetic only; observes, sends nothing. For provisioning and read-back: the load keeps its schedule whatever the
ledger does. May import: `clock`.
"""

from __future__ import annotations

from demogen.clock import NS_PER_MS, NS_PER_S

_START = 8
_USUAL = 0.2  # weight of a new round in what is usual
_SLOWER = 2.0  # a round's latency over the usual that counts as labouring
_SLACK_NS = 20 * NS_PER_MS  # differences below this are noise


class Throttle:
    """`limit` requests may be in flight, 1 ≤ limit ≤ the most asked for.

    A round is as many answers as the limit. A round without trouble raises the limit by a quarter; one whose mean
    latency is twice the usual lowers it by a fifth; one with failures or 429 halves it.
    """

    def __init__(self, most: int) -> None:
        self.limit = min(most, _START)
        self._most = most
        self._usual_ns = 0.0
        self._latency_ns = 0
        self._answers = 0
        self._failures = 0

    def observe(self, latency_ns: int, *, failed: bool) -> None:
        """Take note of one answer."""
        self._answers += 1
        if failed:
            self._failures += 1
        else:
            self._latency_ns += latency_ns
        if self._answers >= self.limit:
            self._end_round()

    def _end_round(self) -> None:
        succeeded = self._answers - self._failures
        mean_ns = self._latency_ns / succeeded if succeeded else self._usual_ns
        self._usual_ns = self._usual_ns or mean_ns
        if self._failures:
            self.limit = max(1, self.limit // 2)
        elif mean_ns > _SLOWER * self._usual_ns + _SLACK_NS:
            self.limit = max(1, self.limit * 4 // 5)
        else:
            self.limit = min(self._most, self.limit + max(1, self.limit // 4))
        self._usual_ns += _USUAL * (mean_ns - self._usual_ns)
        self._answers = self._failures = self._latency_ns = 0


class TokenBucket:
    """`rate_per_s` requests a second on average, up to `burst` at once."""

    def __init__(self, rate_per_s: float, *, now_ns: int, burst: int = 1) -> None:
        self._gap_ns = NS_PER_S / rate_per_s
        self._burst = burst
        self._tokens = float(burst)
        self._seen_ns = now_ns

    def take(self, now_ns: int) -> bool:
        """Take a token if there is one."""
        self._fill(now_ns)
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True

    def ready_ns(self, now_ns: int) -> int:
        """When there will be a token."""
        self._fill(now_ns)
        return now_ns + max(0, round((1.0 - self._tokens) * self._gap_ns) + 1)

    def _fill(self, now_ns: int) -> None:
        self._tokens = min(float(self._burst), self._tokens + (now_ns - self._seen_ns) / self._gap_ns)
        self._seen_ns = now_ns
