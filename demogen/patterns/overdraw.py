"""Overdraw: more than anybody has. It is meant to be refused; a refusal is load too.

0018 is the ledger's word for it; 0167 where the account has an overdraft limit (contract 8.4).
"""

from demogen.contract.transactions import Intent
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice

#: Far beyond any balance this project funds, far below the ledger's limits.
_MORE_THAN_ANYBODY_HAS = 10**17
_REFUSALS = ("0018", "0167")


def play(dice: Dice) -> Script:
    payer, payee = dice.pair("customer", "merchant")
    units = _MORE_THAN_ANYBODY_HAS * 10**payer.scale + dice.amount(payer)
    yield Intent.move(units, payer, payee, description="overdraw", refused_with=_REFUSALS)


PATTERN = Pattern(name="overdraw", weight=2, play=play, refusals=_REFUSALS)
