"""A till: what one script does to the balances it touches, as if all it means were done. Knows no ledger.

May import: contract.
"""

from __future__ import annotations

from collections.abc import Sequence

from demogen.contract.money import ATTO_SCALE, POWERS
from demogen.contract.outcome import Receipt
from demogen.contract.transactions import AccountRef, Action, Intent, Leg, leg_amounts_atto

_BOOKS = frozenset({Action.CREATE, Action.INFLOW, Action.OUTFLOW, Action.BLOCK, Action.UNBLOCK})
_COMMIT, _CANCEL, _REVERT = Action.COMMIT, Action.CANCEL, Action.REVERT


class Till:
    """Ask, settle, ask, settle …; then `shortages` says what had to be there before."""

    def __init__(self) -> None:
        self._accounts: dict[int, AccountRef] = {}
        self._has: dict[int, int] = {}
        self._lowest: dict[int, int] = {}
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
        action = intent.action
        if action in _BOOKS:
            self._booked[receipt.transaction_id] = intent
            self._take(intent, intent.sources)
            if not intent.pending:
                self._give(intent, intent.targets)
            return
        original = self._booked.get(intent.subject)
        if original is None:
            return
        if action is _COMMIT:
            self._give(original, original.targets)
        elif action is _CANCEL:
            self._give(original, original.sources)
        elif action is _REVERT:
            self._take(original, original.targets)
            self._give(original, original.sources)

    def shortages(self) -> list[tuple[AccountRef, int]]:
        """How far below zero each account was at its lowest, in minor units; external ones may be."""
        accounts = self._accounts
        return [(accounts[index], -units) for index, units in self._lowest.items() if not accounts[index].external]

    def _take(self, intent: Intent, legs: tuple[Leg, ...]) -> None:
        for leg, units in zip(legs, _amounts(intent, legs), strict=True):
            index = leg.account.index
            self._accounts[index] = leg.account
            left = self._has[index] = self._has.get(index, 0) - units
            if left < self._lowest.get(index, 0):
                self._lowest[index] = left

    def _give(self, intent: Intent, legs: tuple[Leg, ...]) -> None:
        for leg, units in zip(legs, _amounts(intent, legs), strict=True):
            index = leg.account.index
            self._has[index] = self._has.get(index, 0) + units


def _amounts(intent: Intent, legs: tuple[Leg, ...]) -> Sequence[int]:
    """What each leg moves in minor units, rounded up."""
    amounts = [leg.units for leg in legs if leg.units is not None]
    if len(amounts) == len(legs):
        return amounts
    unit = POWERS[ATTO_SCALE - intent.scale]
    return [-(-atto // unit) for atto in leg_amounts_atto(intent, legs)]
