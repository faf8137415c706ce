"""Deposit: money enters the ledger from outside, through the external account of its asset."""

from demogen.contract.transactions import Action, Intent, Leg
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice


def play(dice: Dice) -> Script:
    market = dice.market(accounts=1)
    payee = dice.member(market, "customer")
    units = dice.amount(payee)
    if market.external is not None:
        yield Intent(
            action=Action.INFLOW,
            ledger=market.ledger,
            asset=market.asset,
            scale=market.scale,
            units=units,
            sources=(Leg(market.external, units),),
            targets=(Leg(payee, units),),
            description="deposit",
        )


PATTERN = Pattern(name="deposit", weight=5, play=play)
