"""Household: one pays the groceries of a shared home, the others pay their parts back. Expects to be accepted."""

from demogen.contract.money import split_even
from demogen.contract.transactions import Intent
from demogen.patterns.base import Pattern, Pause, Script
from demogen.patterns.dice import Dice


def play(dice: Dice) -> Script:
    market = dice.market()
    payer, *others = dice.home(market)
    shop = dice.member(market, "merchant", but=payer)
    units, repays_s = dice.amount(payer, dollars=90), dice.between(1, 10) / 10
    bought = yield Intent.move(units, payer, shop, description="groceries")
    if not bought.accepted:
        return
    yield Pause(repays_s)
    whole = 10**market.scale if dice.stage.whole_units else 1
    parts = [part * whole for part in split_even(units // whole, len(others) + 1)]
    for member, part in zip(others, parts[1:], strict=True):
        if part:
            link = (("groceries", bought.mark),)
            yield Intent.move(part, member, payer, description="my part of the groceries", metadata=link)


PATTERN = Pattern(name="household", weight=1, play=play)
