"""The door in front of the ledger: who is let in, which answers are spoilt, and when they may leave.

Holds the current controls; a request passes `admit`, is worked on, then passes `spoil` and `release`. May import:
demogen.clock, demogen.errors, demogen.sandbox.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from random import Random

from demogen.clock import Clock
from demogen.errors import UsageError
from demogen.sandbox.controls.faults import DROP, Fault, read_faults
from demogen.sandbox.controls.latency import read_latency
from demogen.sandbox.controls.limits import TOKEN_PATH, RateLimit, Tokens
from demogen.sandbox.controls.spelling import duration_ns, number
from demogen.sandbox.controls.stalls import read_stalls
from demogen.sandbox.http import Reply, answer


@dataclass(frozen=True, slots=True)
class Controls:
    """Everything that can be turned, as it is spelled on the command line and in `/_sandbox`."""

    latency: str = "none"
    stall: str = "none"
    error: Sequence[str] = ()
    rate_limit: str = "0"  # requests a second; 0 is no limit
    async_lag: str = "0s"
    token_ttl: str = "0s"  # 0 switches bearer tokens off

    def turned(self, changes: Mapping[str, object]) -> Controls:
        """With some of them changed; a UsageError names what does not exist."""
        known = {field.name for field in fields(self)}
        unknown = sorted(changes.keys() - known)
        if unknown:
            raise UsageError(f"no control named {', '.join(unknown)}", hint="known: " + ", ".join(sorted(known)))
        for name, value in changes.items():
            right = isinstance(value, list) if name == "error" else isinstance(value, str)
            if not right:
                raise UsageError(f"{name} has a value of the wrong type", hint="text, or a list of texts for error")
        return replace(self, **changes)  # type: ignore[arg-type]


class Gate:
    """The controls at work."""

    def __init__(self, controls: Controls, *, clock: Clock, rng: Random, routes: Sequence[str] = ()) -> None:
        self._clock = clock
        self._rng = rng
        self._routes = routes  # the names that errors may strike; none given: any name will do
        self.turn(controls)

    def turn(self, controls: Controls) -> None:
        """Take up new controls; nothing changes when one of them cannot be read."""
        now_ns = self._clock.now_ns()
        latency = read_latency(controls.latency, self._rng)
        stalls = read_stalls(controls.stall, start_ns=now_ns)
        faults = read_faults(controls.error, self._routes)
        limit = RateLimit(number(controls.rate_limit), now_ns=now_ns)
        ttl_ns = duration_ns(controls.token_ttl)
        self.lag_us = duration_ns(controls.async_lag) // 1000
        self._latency, self.stalls, self._faults, self._limit = latency, stalls, faults, limit
        self._tokens = Tokens(ttl_ns, self._rng) if ttl_ns else None
        self.controls = controls
        self.delays = controls.latency != "none" or controls.stall != "none"
        self.guards = bool(faults or ttl_ns or number(controls.rate_limit))

    def admit(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply | None:
        """None for a request that may go on, else its answer."""
        now_ns = self._clock.now_ns()
        refused = self._limit.refuse(now_ns)
        if refused is not None or self._tokens is None:
            return refused
        if path.rstrip("/") == TOKEN_PATH and method == "POST":
            return self._tokens.issue(body, now_ns=now_ns)
        return self._tokens.refuse(path, headers, now_ns=now_ns)

    def fault(self, route: str) -> Fault | None:
        """The error that strikes this request, if one does."""
        for fault in self._faults:
            if fault.strikes(route, self._rng):
                return fault
        return None

    def release_ns(self, now_ns: int) -> int:
        """When an answer to a request that came now may leave."""
        return self.stalls.release(self._latency(now_ns))

    def stall(self, text: str) -> None:
        """One stall, now."""
        self.stalls.now(now_ns=self._clock.now_ns(), for_ns=duration_ns(text))
        self.delays = True


def faulty(fault: Fault) -> Reply:
    """The answer of a fault; a status of 0 means the connection is cut."""
    if fault.status == DROP:
        return Reply(DROP, {})
    return answer(fault.status, {"code": fault.status, "title": "request_failed", "message": "made on purpose"})
