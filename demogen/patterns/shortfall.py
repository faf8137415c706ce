"""Shortfall: a payment beyond the payer's means is refused, the payer is funded, and the payment goes through.

Expects 0018 (or 0167 past an overdraft limit) first, then to be accepted. What came in leaves again at the end, so
that nobody is rich by accident.
"""

from demogen.contract.transactions import Action, Intent, Leg
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice

#: More than any run funds an account with, less than what overdraw asks for.
_BEYOND_MEANS = 10**13
_REFUSALS = ("0018", "0167")


def play(dice: Dice) -> Script:
    market = dice.market()
    payer = dice.member(market, "customer")
    payee = dice.member(market, "merchant", but=payer)
    outside = market.external
    units = _BEYOND_MEANS * 10**market.scale + dice.amount(payer)
    payment = Intent.move(units, payer, payee, description="purchase beyond means", refused_with=_REFUSALS)
    refused = yield payment
    if not refused.rejected or outside is None:
        return
    link = (("retry_of", refused.mark),)
    place = {"ledger": market.ledger, "asset": market.asset, "scale": market.scale, "units": units, "metadata": link}
    loan = yield Intent(
        action=Action.INFLOW, sources=(Leg(outside, units),), targets=(Leg(payer, units),),
        description="loan paid out", **place,
    )  # fmt: skip
    if not loan.accepted:
        return
    paid = yield Intent.move(units, payer, payee, description="purchase after funding", metadata=link)
    if paid.indeterminate:
        return
    yield Intent(
        action=Action.OUTFLOW, sources=(Leg(payee if paid.accepted else payer, units),), targets=(Leg(outside, units),),
        description="loan paid back", **place,
    )  # fmt: skip


PATTERN = Pattern(name="shortfall", weight=1, play=play, refusals=_REFUSALS)
