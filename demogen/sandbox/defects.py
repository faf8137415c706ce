"""Planted ledger bugs, each with the invariant that must name it. None is ever on by itself.

The table, and when a planted bug strikes; what it does stands in `sabotage`. May import: demogen.errors.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from demogen.errors import UsageError

EVERY = 20


class Defect(NamedTuple):
    """A planted bug: its name, what it does, and the invariant whose audit must name it.

    It strikes at every `every`-th operation of the kind it can spoil.
    """

    name: str
    sentence: str
    breaks: str
    every: int = EVERY


DEFECTS: tuple[Defect, ...] = (
    Defect("lost-update", "one leg's change of its balance is overwritten by the state before it", "accounts-replay"),
    Defect("acknowledged-not-written", "a transaction is answered with 201 and never written", "exactly-once"),
    Defect("double-booking", "a transaction is booked twice under two ids", "exactly-once"),
    Defect("double-apply", "the credit of a leg is added to its balance twice", "conserved"),
    Defect("double-commit", "a commit moves its money twice", "accounts-replay", 5),
    Defect("500-after-commit", "a transaction is booked, answered with 500, and its key is free again", "exactly-once"),
    Defect("refused-but-booked", "a transaction is booked and answered with 422/0018", "exactly-once"),
    Defect("false-refusal", "a transaction with enough funds is refused with 422/0018", "refusals-justified"),
    Defect("rounding-leak", "a credit is one unit of its last digit too small", "legs-balance"),
    Defect(
        "remaining-wrong", "in a split the first target gets a unit less and the last one more", "legs-as-intended", 5
    ),
    Defect("refund-above-original", "a reversal moves a unit more than the original did", "refunds-bounded", 3),
    Defect("reversal-not-linked", "a reversal is booked without its parentTransactionId", "reverts-linked", 3),
    Defect("double-reversal", "a reversal is booked twice", "reverts-linked", 3),
    Defect(
        "hold-never-released", "a commit pays the target and leaves the source's hold in place", "holds-released", 3
    ),
    Defect("cancel-keeps-hold", "a cancel changes the status and nothing else", "holds-released", 3),
    Defect("stale-balance-read", "a balance is shown as it was before its last change", "chain-unbroken", 3),
    Defect("version-gap", "a change raises a balance's version by two", "chain-unbroken"),
    Defect("leg-missing", "the operation of a credit is not written", "legs-balance"),
    Defect("leg-of-another-asset", "a credit is written in another asset", "legs-balance"),
    Defect("phantom-transaction", "a transaction nobody sent appears in the ledger", "no-phantoms"),
    Defect("wrong-ledger", "an operation names an account that is not of its ledger", "references-resolve"),
    Defect("swapped-direction", "source and target change places", "legs-as-intended"),
    Defect("scale-truncation", "the fraction of an amount is cut off on both sides", "legs-as-intended"),
    Defect("overdrawn-account", "a debit takes an account below zero", "not-negative"),
    Defect("idempotency-forgotten", "a second request with a used key is booked again", "replays-faithful", 1),
)
_BY_NAME = {defect.name: defect for defect in DEFECTS}


class Planted:
    """Which defects are on, and when each strikes."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        chosen = tuple(dict.fromkeys(names))
        unknown = sorted(set(chosen) - _BY_NAME.keys())
        if unknown:
            raise UsageError(f"no defect named {', '.join(unknown)}", hint="demogen sandbox --list-defects names all")
        self.names = chosen
        self.any = bool(chosen)
        self.struck: dict[str, int] = dict.fromkeys(chosen, 0)
        self._seen: dict[str, int] = dict.fromkeys(chosen, 0)

    def strikes(self, name: str) -> bool:
        """Count an operation this defect can spoil; whether it does."""
        if name not in self._seen:
            return False
        self._seen[name] += 1
        hit = self._seen[name] % _BY_NAME[name].every == 0
        self.struck[name] += hit
        return hit
