"""A till: what one script does to the balances it touches, as if all it means were done. Knows no ledger.

May import: contract.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from demogen.contract.money import ATTO_SCALE, POWERS
from demogen.contract.outcome import Receipt
from demogen.contract.transactions import AccountRef, Action, Intent, Leg, leg_amounts_atto

_BOOKS = frozenset({Action.CREATE, Action.INFLOW, Action.OUTFLOW, Action.BLOCK, Action.UNBLOCK})


class Till:
    """Ask, settle, ask, settle …; then `shortages` says what had to be there before."""

    def __init__(self) -> None:
        self._accounts: dict[int, AccountRef] = {}
        self._has: dict[int, int] = defaultdict(int)
        self._lowest: dict[int, int] = defaultdict(int)
        self._booked: dict[str, Intent] = {}
        self._asked: Intent | None = None

    def ask(self, intent: Intent) -> None:
        """What the script asks for next."""
        self._asked = intent

    def settle(self, receipt: Receipt) -> None:
        """How that was answered; only what was accepted moves anything."""
        intent, self._asked = self._asked, None
        if intent is None or not receipt.accepted or intent.repeats:
            return
        if intent.action in _BOOKS:
            self._booked[receipt.transaction_id] = intent
            self._take(intent, intent.sources)
            if not intent.pending:
                self._give(intent, intent.targets)
            return
        original = self._booked.get(intent.subject)
        if original is None:
            return
        if intent.action is Action.COMMIT:
            self._give(original, original.targets)
        elif intent.action is Action.CANCEL:
            self._give(original, original.sources)
        elif intent.action is Action.REVERT:
            self._take(original, original.targets)
            self._give(original, original.sources)

    def shortages(self) -> Iterator[tuple[AccountRef, int]]:
        """How far below zero each account was at its lowest, in minor units; external ones may be."""
        for index, units in self._lowest.items():
            if units < 0 and not self._accounts[index].external:
                yield self._accounts[index], -units

    def _take(self, intent: Intent, legs: tuple[Leg, ...]) -> None:
        for account, units in _amounts(intent, legs):
            self._accounts[account.index] = account
            self._has[account.index] -= units
            self._lowest[account.index] = min(self._lowest[account.index], self._has[account.index])

    def _give(self, intent: Intent, legs: tuple[Leg, ...]) -> None:
        for account, units in _amounts(intent, legs):
            self._accounts[account.index] = account
            self._has[account.index] += units


def _amounts(intent: Intent, legs: tuple[Leg, ...]) -> Iterator[tuple[AccountRef, int]]:
    """What each leg moves in minor units, rounded up."""
    if all(leg.units is not None for leg in legs):
        yield from ((leg.account, leg.units or 0) for leg in legs)
        return
    unit = POWERS[ATTO_SCALE - intent.scale]
    for leg, atto in zip(legs, leg_amounts_atto(intent, legs), strict=True):
        yield leg.account, -(-atto // unit)
