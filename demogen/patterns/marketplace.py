"""Marketplace sale: the buyer's money waits in escrow; on delivery the seller gets it, the platform its commission.

Expects to be accepted. A dispute (one in fifteen) sends the escrow back to the buyer.
"""

from demogen.contract.transactions import Intent, Leg
from demogen.patterns.base import Pattern, Pause, Script
from demogen.patterns.dice import Dice

_COMMISSION_PERCENT = 12


def play(dice: Dice) -> Script:
    market = dice.market(accounts=4)
    buyer = dice.member(market, "customer")
    escrow = dice.member(market, "escrow", but=buyer)
    seller = next((one for one in dice.crowd(market, 4, but=buyer, role="merchant") if one is not escrow), None)
    house = dice.member(market, "revenue", but=escrow)
    units = dice.amount(buyer, dollars=45)
    disputed, delivery_s = dice.chance(1, 15), dice.between(2, 15) / 10
    sale = yield Intent.move(units, buyer, escrow, description="marketplace sale")
    if not sale.accepted:
        return
    yield Pause(delivery_s)
    link = (("sale", sale.mark),)
    if disputed or seller is None:
        yield Intent.move(units, escrow, buyer, description="sale disputed", metadata=link)
        return
    commission = units * _COMMISSION_PERCENT // 100
    if dice.stage.whole_units:
        commission -= commission % 10**market.scale
    targets = [Leg(seller, units - commission)]
    if commission:
        targets.append(Leg(house, commission))
    yield Intent.spread(units, (Leg(escrow, units),), tuple(targets), description="seller paid out", metadata=link)


PATTERN = Pattern(name="marketplace", weight=2, play=play)
