"""Errors made on purpose, by route: before the work, after it, or instead of an answer.

May import: demogen.errors, demogen.sandbox.controls.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from demogen.errors import UsageError
from demogen.sandbox.controls.spelling import number

DROP = 0  # no answer: the connection is cut


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of error: which routes, how often, which status, and whether the work was done first."""

    routes: str
    rate: float
    status: int
    after: bool

    def strikes(self, route: str, rng: Random) -> bool:
        return fnmatch.fnmatchcase(route, self.routes) and rng.random() < self.rate


def read_faults(texts: Sequence[str], routes: Sequence[str]) -> tuple[Fault, ...]:
    """`ROUTE=RATE[:STATUS|drop][:after]` each; ROUTE is a route's name and may hold `*`: transactions.*=0.01:503."""
    faults = tuple(_read(text) for text in texts)
    for fault in faults:
        if routes and not fnmatch.filter(routes, fault.routes):
            raise UsageError(f"no route named {fault.routes}", hint="known: " + ", ".join(routes))
    return faults


def _read(text: str) -> Fault:
    routes, sign, rest = text.partition("=")
    parts = rest.split(":")
    rate = number(parts[0]) if sign else -1.0
    after = parts[-1] == "after"
    kinds = parts[1 : -1 if after else None]
    if not 0 <= rate <= 1 or len(kinds) > 1:
        raise UsageError(f"not an error rate: {text!r}", hint="write transactions.json=0.01:503 or *=0.001:drop:after")
    if not kinds:
        return Fault(routes, rate, 500, after)
    if kinds[0] == "drop":
        return Fault(routes, rate, DROP, after)
    status = int(number(kinds[0]))
    if not 400 <= status <= 599:
        raise UsageError(f"{status} is no error status", hint="write 500, 503, 429 ... or drop")
    return Fault(routes, rate, status, after)
