"""Fee: a payment of which the house keeps a part: a percentage, a fixed sum, or a rate that falls with the amount.

Expects to be accepted. The fee is stated as an amount, rounded down to the asset's scale, so every unit is placed.
"""

from demogen.contract.transactions import Intent, Leg
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice

_PERCENTAGE_BP = 290
_FIXED_CENTS = 35
#: Up to so many dollars, so many basis points.
_TIERS = ((20, 400), (100, 290), (500, 190), (10**12, 90))


def _tier_bp(dollars: int) -> int:
    return next(bp for limit, bp in _TIERS if dollars < limit)


def play(dice: Dice) -> Script:
    market = dice.market(accounts=3)
    payer = dice.member(market, "customer")
    payee = dice.member(market, "merchant", but=payer)
    house = dice.member(market, "fee", but=payee)
    units = dice.amount(payer)
    typical = dice.stage.table(market.asset, market.scale, "regular")[512] if not dice.stage.whole_units else units
    kind = dice.pick(("percentage", "fixed", "tiered"))
    if kind == "percentage":
        fee = units * _PERCENTAGE_BP // 10_000
    elif kind == "fixed":
        fee = min(units // 2, typical * _FIXED_CENTS // 2_500)
    else:
        fee = units * _tier_bp(units * 25 // max(1, typical)) // 10_000
    if dice.stage.whole_units:
        fee -= fee % 10**market.scale
    legs = ((payee, units - fee), (house, fee))
    targets = tuple(Leg(account, part) for account, part in legs if part and account is not payer)
    if sum(leg.units or 0 for leg in targets) == units:
        yield Intent.spread(units, (Leg(payer, units),), targets, description=f"payment with {kind} fee")
    else:
        yield Intent.move(units, payer, payee, description="payment without fee")


PATTERN = Pattern(name="fee", weight=3, play=play)
