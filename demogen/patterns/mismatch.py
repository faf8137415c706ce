"""Mismatch: two sides that do not add up to the same. Meant to be refused with 0073 (contract 4.1)."""

from demogen.contract.transactions import Intent, Leg
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice

_REFUSALS = ("0073",)


def play(dice: Dice) -> Script:
    payer, payee = dice.pair("customer", "merchant")
    units = dice.amount(payer)
    more = (Leg(payee, units + 10**payer.scale),)
    yield Intent.spread(units, (Leg(payer, units),), more, description="does not add up", refused_with=_REFUSALS)


PATTERN = Pattern(name="mismatch", weight=1, play=play, refusals=_REFUSALS)
