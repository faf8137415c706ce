"""Puts around a carrier what somebody asked to see of it: a trace of each call, the pairs of a debugger, or nothing.

May import: this room, clock.
"""

from __future__ import annotations

from collections.abc import Callable

from demogen.client.otel import traced
from demogen.client.pairs import talkative
from demogen.client.transport import Carrier
from demogen.clock import Clock


def watched(carrier: Carrier, *, clock: Clock, token: str | Callable[[], str] | None) -> Carrier:
    """The carrier as it is to be used; where nobody asks for anything it is the same, and as fast."""
    # Traces outermost: the pairs show the request as it left, `traceparent` included.
    return traced(talkative(carrier, clock=clock, token=token), clock=clock)
