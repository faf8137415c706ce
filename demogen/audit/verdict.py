"""HOLDS, VIOLATED, UNKNOWN: what a check says, and how many checks say one thing together. The worst wins.

A finding outweighs a doubt, and a doubt outweighs success. May import: nothing from demogen.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable


class Verdict(enum.StrEnum):
    """The three answers to "are the books right?"."""

    HOLDS = "HOLDS"
    UNKNOWN = "UNKNOWN"
    VIOLATED = "VIOLATED"

    @property
    def exit_code(self) -> int:
        """What a command that ends with this verdict ends with (design 4.6)."""
        return _EXIT_CODES[self]


_SEVERITY = {Verdict.HOLDS: 0, Verdict.UNKNOWN: 1, Verdict.VIOLATED: 2}
_EXIT_CODES = {Verdict.HOLDS: 0, Verdict.UNKNOWN: 5, Verdict.VIOLATED: 4}


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The gravest of them; UNKNOWN where there is none, since nothing was judged."""
    return max(verdicts, key=_SEVERITY.__getitem__, default=Verdict.UNKNOWN)
