"""A circuit breaker for provisioning and read-back: stop asking a ledger that does not answer, try again now and then.

Closed it lets everything through; after five failures in a row it opens and lets nothing through; after the recovery
time it is half-open and lets one request through, whose end closes or opens it again. Requests wait behind it, they do
not fail. Never for the load: a load that pauses itself is a closed loop (design 4.1). May import: `clock`, `errors`.
"""

from __future__ import annotations

import enum
from collections.abc import Callable

from demogen.clock import NS_PER_S, Clock
from demogen.errors import LedgerUnreachable


class State(enum.StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Breaker:
    """`failures_max` failures in a row open it for `recovery_s`.

    After `patience_s` in which nothing, or nothing of one method, succeeded, LedgerUnreachable is raised: a ledger that
    shows everything and writes nothing (its disk is full) will not come back by being asked again. `on_change` is told
    each new state.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        failures_max: int = 5,
        recovery_s: float = 2.0,
        patience_s: float = 60.0,
        on_change: Callable[[State], object] | None = None,
    ) -> None:
        self.state = State.CLOSED
        #: When an open breaker will admit a probe (monotonic ns).
        self.admits_ns = 0
        self._now = clock.now_ns
        self._failures_max = failures_max
        self._recovery_ns = round(recovery_s * NS_PER_S)
        self._patience_ns = round(patience_s * NS_PER_S)
        self._on_change = on_change
        self._failures = 0
        self._failing_since_ns = 0
        self._probing = False
        self._barren_since_ns: dict[bytes, int] = {}

    def admits(self, now_ns: int) -> bool:
        """Whether a request may leave now."""
        if self.state is State.CLOSED:
            return True
        if now_ns - self._failing_since_ns > self._patience_ns:
            patience_s = self._patience_ns / NS_PER_S
            raise LedgerUnreachable(
                f"the ledger has not answered for {patience_s:g} s ({self._failures} failures in a row)",
                hint="see whether it still runs: demogen doctor",
            )
        if self.state is State.OPEN:
            if now_ns < self.admits_ns:
                return False
            self._become(State.HALF_OPEN)
        if self._probing:
            self.admits_ns = now_ns + self._recovery_ns
        return not self._probing

    def sent(self) -> None:
        """An admitted request has left."""
        self._probing = self.state is State.HALF_OPEN

    def succeeded(self, method: bytes = b"") -> None:
        """A request was answered, if only with a refusal."""
        self._barren_since_ns.pop(method, None)
        self._failures = 0
        self._probing = False
        self._become(State.CLOSED)

    def failed(self, now_ns: int, method: bytes = b"") -> None:
        """A request was not answered, or with a server error. Raises LedgerUnreachable where its method never works."""
        if now_ns - self._barren_since_ns.setdefault(method, now_ns) > self._patience_ns:
            raise LedgerUnreachable(
                f"every {method.decode()} has failed for {self._patience_ns / NS_PER_S:g} s",
                hint="see what the ledger's own log says; its disk may be full, or its database gone",
            )
        if not self._failures:
            self._failing_since_ns = now_ns
        self._failures += 1
        if self.state is State.HALF_OPEN or self._failures >= self._failures_max:
            self._probing = False
            self.admits_ns = now_ns + self._recovery_ns
            self._become(State.OPEN)

    def reset(self) -> None:
        """Close it by hand."""
        self._barren_since_ns.clear()
        self.succeeded()

    def _become(self, state: State) -> None:
        if state is not self.state:
            self.state = state
            if self._on_change is not None:
                self._on_change(state)
