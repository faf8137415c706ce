"""Remaining probe: what is left over goes to the last payee. Off by default: v4 answers 201 and loses the rest.

Expects to be accepted and booked in full, which v3.8 does (contract 4.1, 13.1): on a v4 the auditor shows what is gone.
"""

from demogen.contract.transactions import Intent, Leg
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice


def play(dice: Dice) -> Script:
    market = dice.market(accounts=3)
    payer = dice.member(market, "customer")
    first, *others = dice.crowd(market, 2, but=payer)
    whole = 10**market.scale
    units = max(2 * whole, dice.amount(payer))
    targets = (Leg(first, whole), Leg(others[0] if others else first, remaining=True))
    yield Intent.spread(units, (Leg(payer, units),), targets, description="split with a remainder")


PATTERN = Pattern(name="remaining-probe", weight=0, play=play)
