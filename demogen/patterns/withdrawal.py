"""Withdrawal: money leaves the ledger through the external account of its asset."""

from demogen.contract.transactions import Action, Intent, Leg
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice


def play(dice: Dice) -> Script:
    market = dice.market(accounts=1)
    payer = dice.member(market, "customer")
    units = dice.amount(payer)
    if market.external is not None:
        yield Intent(
            action=Action.OUTFLOW,
            ledger=market.ledger,
            asset=market.asset,
            scale=market.scale,
            units=units,
            sources=(Leg(payer, units),),
            targets=(Leg(market.external, units),),
            description="withdrawal",
        )


PATTERN = Pattern(name="withdrawal", weight=3, play=play)
