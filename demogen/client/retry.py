"""What may be sent again, how often and how soon. For provisioning and read-back; the load repeats only 409/0084.

Refusals that the contract calls retryable (0084, 0086, 0174) and 429 booked nothing, faults before sending reached
nobody: those are repeated for any request. What may have been carried out (faults after sending, 408, 5xx) is repeated
only where that cannot do it twice: with an idempotency key, or by a method that is idempotent. Any other POST is handed
back at once: its sender must look for what it made before asking again. May import: `crew`, `classify`, `contract`.
"""

from __future__ import annotations

import random
from collections.abc import Generator

import msgspec

from demogen.client.classify import error_code
from demogen.client.crew import Answer, Step, Wait
from demogen.contract.exchange import Fault, Request, Response
from demogen.contract.refusals import REFUSALS


class RetryPolicy(msgspec.Struct, frozen=True):
    """At most `attempts` tries; pauses double from `first_ms` to `longest_ms`, each cut by up to half at random.

    A Retry-After is obeyed instead, up to `retry_after_s_max`.
    """

    attempts: int = 6
    first_ms: int = 100
    longest_ms: int = 1600
    retry_after_s_max: float = 30.0

    def pause_s(self, attempt: int, dice: random.Random) -> float:
        """How long to wait after try number `attempt` (from 0)."""
        longest = min(self.longest_ms, self.first_ms << min(attempt, 20))
        return longest * (1.0 - dice.random() / 2) / 1000


def persist(
    request: Request, *, policy: RetryPolicy | None = None, dice: random.Random
) -> Generator[Step, Answer, Response | Fault]:
    """Send `request`, again where that is safe and promising; the last answer or fault.

    Use inside a job: `response = yield from persist(request, policy=policy, dice=dice)`. The key stays the same.
    """
    policy = policy or RetryPolicy()
    attempt = 0
    while True:
        answer = yield request
        assert answer is not None, "a request is answered with a response or a fault"
        if attempt + 1 >= policy.attempts or not may_repeat(request, answer):
            return answer
        yield Wait(_asked_pause_s(answer, policy) or policy.pause_s(attempt, dice))
        attempt += 1


def may_repeat(request: Request, answer: Response | Fault) -> bool:
    """Whether sending the same request again is safe, and may end otherwise."""
    if isinstance(answer, Fault):
        return answer is not Fault.CANCELLED and (not answer.sent or repeatable(request))
    if answer.status >= 500 or answer.status == 408:
        return repeatable(request)
    if answer.status < 400:
        return False
    known = REFUSALS.get(error_code(answer.body))
    return answer.status == 429 or (known is not None and known.retryable)


def repeatable(request: Request) -> bool:
    """Whether carrying `request` out twice is the same as once."""
    return bool(request.key) or request.method != b"POST"


def _asked_pause_s(answer: Response | Fault, policy: RetryPolicy) -> float:
    """What Retry-After asks for, in seconds; 0 where it is absent or a date."""
    if isinstance(answer, Fault):
        return 0.0
    asked = answer.header(b"retry-after") or b""
    return min(float(asked), policy.retry_after_s_max) if asked.isdigit() else 0.0
