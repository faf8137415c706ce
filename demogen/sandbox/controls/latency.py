"""How long an answer takes beside the work itself: fixed, log-normal, heavy tail, or a queue of known capacity.

Each model says when an answer that is ready now may leave. Dice and time come in as arguments. May import:
demogen.clock, demogen.errors, demogen.sandbox.controls.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from random import Random

from demogen.clock import NS_PER_S
from demogen.errors import UsageError
from demogen.sandbox.controls.spelling import duration_ns, number, pairs

Release = Callable[[int], int]  # the moment a request came (ns) -> the moment its answer may leave


def at_once(now_ns: int) -> int:
    """No latency of our own."""
    return now_ns


def fixed(delay_ns: int) -> Release:
    """The same for every answer."""
    return lambda now_ns: now_ns + delay_ns


def lognormal(median_ns: int, sigma: float, rng: Random) -> Release:
    """Half of the answers within the median, the logarithm spread by sigma."""
    mu = math.log(max(median_ns, 1))
    return lambda now_ns: now_ns + int(rng.lognormvariate(mu, sigma))


def pareto(least_ns: int, alpha: float, rng: Random) -> Release:
    """A heavy tail: for alpha ≤ 1 the mean does not even exist."""
    return lambda now_ns: now_ns + int(least_ns * rng.paretovariate(alpha))


class Queue:
    """M/M/c: `servers` work at exponential times, together `capacity` requests a second; the rest wait in line."""

    def __init__(self, capacity: float, servers: int, rng: Random) -> None:
        self._mean_ns = NS_PER_S * servers / capacity
        self._rng = rng
        self._free_at = [0] * servers

    def __call__(self, now_ns: int) -> int:
        start = max(now_ns, self._free_at[0])
        end = start + int(self._rng.expovariate(1.0) * self._mean_ns)
        heapq.heapreplace(self._free_at, end)
        return end


_MODELS = {"lognormal": ("median", "sigma"), "pareto": ("least", "alpha"), "mmc": ("capacity", "servers")}


def read_latency(text: str, rng: Random) -> Release:
    """`none`, `fixed:5ms`, `lognormal:median=5ms,sigma=0.6`,
    `pareto:least=2ms,alpha=1.5`, `mmc:capacity=2000,servers=8`.

    Answers leave on the server's next turn after their moment: within a millisecond or so.
    """
    kind, _, rest = text.partition(":")
    if kind in ("", "none"):
        return at_once
    if kind == "fixed":
        return fixed(duration_ns(rest))
    if kind not in _MODELS:
        raise UsageError(f"no latency model {kind}", hint="known: none, fixed, lognormal, pareto, mmc")
    values = pairs(rest)
    unknown = sorted(values.keys() - _MODELS[kind])
    if unknown:
        raise UsageError(f"{kind} takes no {', '.join(unknown)}", hint=f"it takes {', '.join(_MODELS[kind])}")
    if kind == "lognormal":
        return lognormal(duration_ns(values.get("median", "5ms")), number(values.get("sigma", "0.5")), rng)
    if kind == "pareto":
        alpha = number(values.get("alpha", "1.5"))
        if not alpha:
            raise UsageError(f"alpha must be greater than zero: {text}", hint="pareto:least=2ms,alpha=1.5")
        return pareto(duration_ns(values.get("least", "2ms")), alpha, rng)
    capacity, servers = number(values.get("capacity", "1000")), int(number(values.get("servers", "1")))
    if not capacity or not servers:
        raise UsageError(f"a queue needs capacity and servers: {text}", hint="mmc:capacity=2000,servers=8")
    return Queue(capacity, servers, rng)
