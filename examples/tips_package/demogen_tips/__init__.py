"""Round-up: a payment, and what is missing to the next ten goes to savings. Expects to be accepted."""

from demogen.contract.transactions import Intent
from demogen.patterns import Dice, Pattern, Script


def play(dice: Dice) -> Script:
    market = dice.market(accounts=3)
    payer = dice.member(market, "customer")
    shop = dice.member(market, "merchant", but=payer)
    savings = dice.member(market, "savings", but=payer)
    units, ten = dice.amount(payer), 10 * 10**payer.scale
    paid = yield Intent.move(units, payer, shop, description="card payment")
    change = -units % ten
    if paid.accepted and change and savings is not payer:
        yield Intent.move(change, payer, savings, description="rounded up", metadata=(("of", paid.mark),))


PATTERN = Pattern(name="round-up", weight=1, play=play)
