"""Other people's listeners of `events.request`: told of every request, but only where there are any.

Locust's own listener keeps its statistics, which are folded in batches here (`folding`), so it is left out; without
others nothing is fired, which would cost more than the request. May import: locust, record, contract.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from locust.event import EventHook
from locust.exception import CatchResponseError

from demogen.contract.outcome import Receipt
from demogen.record.attempt import Attempt
from demogen.record.journal import READ as IS_READ

log = logging.getLogger("demogen")

_LOCUSTS_OWN = "locust.runners"


class Listeners:
    """Who listens to the requests of an environment besides Locust itself."""

    def __init__(self, environment: Any) -> None:
        self._hook = environment.events.request

    def others(self) -> EventHook | None:
        """A hook with everybody else's listeners; None where there are none."""
        handlers = [handler for handler in self._hook._handlers if handler.__module__ != _LOCUSTS_OWN]
        if not handlers:
            return None
        hook = EventHook()
        hook._handlers = handlers
        return hook


def tell_of_answer(
    hook: EventHook, attempt: Attempt, receipt: Receipt, *, names: Sequence[str], answered_ns: int, start_s: float
) -> None:
    """Fire the event for one of the schedule's requests, as Locust's clients do. Response time runs from due."""
    problem = None
    if not receipt.expected:
        problem = CatchResponseError(
            receipt.fault.label if receipt.fault else f"{receipt.status} {receipt.code}".rstrip()
        )
    try:
        hook.fire(
            request_type="READ" if attempt.flags & IS_READ else "TX",
            name=names[attempt.pattern],
            response_time=(answered_ns - attempt.due_ns) / 1e6,
            response_length=len(receipt.body),
            response=receipt,
            context={},
            exception=problem,
            start_time=start_s,
            url="",
        )
    except Exception as error:  # noqa: BLE001  (StopUser and the like: nobody to stop, the schedule goes on)
        log.warning("a listener of events.request raised %s, which ends no user here", type(error).__name__)
