"""Order: authorised, captured in full when it ships, settled with the merchant's bank, now and then returned later.

Expects to be accepted. One order in eight is cancelled before it ships; every step names the order.
"""

from demogen.contract.transactions import Action, Intent
from demogen.patterns.base import Pattern, Pause, Script
from demogen.patterns.dice import Dice


def play(dice: Dice) -> Script:
    market = dice.market()
    buyer = dice.member(market, "customer")
    shop = dice.member(market, "merchant", but=buyer)
    clearing = dice.member(market, "settlement", but=shop)
    units, order = dice.amount(buyer, dollars=60), (("order", f"O-{dice.bits():016x}"),)
    cancelled, returned = dice.chance(1, 8), dice.chance(1, 10)
    ships_s, settles_s, returns_s = (dice.between(2, 12) / 10 for _ in range(3))
    authorisation = Intent.move(units, buyer, shop, pending=True, description="order authorised", metadata=order)
    authorised = yield authorisation
    if not authorised.accepted:
        return
    yield Pause(ships_s)
    step = Action.CANCEL if cancelled else Action.COMMIT
    captured = yield Intent.follow(step, authorisation, authorised.transaction_id)
    if cancelled or not captured.accepted:
        return
    yield Pause(settles_s)
    settled = yield Intent.move(units, shop, clearing, description="order settled", metadata=order)
    if not returned or not settled.accepted:
        return
    yield Pause(returns_s)
    undone = yield Intent.follow(Action.REVERT, authorisation, settled.transaction_id)
    if undone.accepted:
        yield Intent.follow(Action.REVERT, authorisation, authorised.transaction_id)


PATTERN = Pattern(name="order", weight=2, play=play)
