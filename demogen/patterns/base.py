"""What a pattern is: a name, a default weight, and a script of intents.

May import: contract; `dice` for the type of what a script draws from.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator

import msgspec

from demogen.contract.outcome import Receipt
from demogen.contract.transactions import Intent
from demogen.patterns.dice import Dice


class Pause(msgspec.Struct, frozen=True):
    """Let that much time pass before the script goes on; it holds no connection meanwhile."""

    seconds: float


#: Yields intents (or pauses), is sent the receipt of each; after a pause it is sent the last receipt again.
Script = Generator[Intent | Pause, Receipt, None]


class Pattern(msgspec.Struct, frozen=True):
    """One kind of thing that happens in a ledger.

    `weight` is its share in the default mix; 0 leaves it to scenarios that ask for it. `refusals` are the codes its
    intents are meant to be refused with; with none, all it asks is meant to be accepted. `reads_only` marks a script
    whose every intent is a read or a write outside /transactions: those ride along and take no arrival, since the
    target rate counts writes under /transactions (design 4.2).
    """

    name: str
    weight: int
    play: Callable[[Dice], Script]
    reads_only: bool = False
    refusals: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What happens: the first line of the docstring of the module that plays it."""
        module = sys.modules.get(getattr(self.play, "__module__", ""))
        return ((module.__doc__ if module else "") or self.name).strip().splitlines()[0]
