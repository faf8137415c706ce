"""Settlement: at the end of a day several merchants and the clearing accounts are squared in one transaction, n to n.

Expects to be accepted. What the payers owe together is shared out among the payees by amounts.
"""

from demogen.contract.money import split_even
from demogen.contract.transactions import Intent, Leg
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice

_SIDE_MAX = 5


def play(dice: Dice) -> Script:
    market = dice.market(accounts=4)
    crowd = dice.crowd(market, dice.between(4, 2 * _SIDE_MAX))
    middle = max(1, len(crowd) // 2)
    payers, payees = crowd[:middle], crowd[middle:]
    whole = 10**market.scale if dice.stage.whole_units else 1
    owed = [dice.amount(payer, dollars=400, shape="heavy") for payer in payers]
    units = sum(owed)
    parts = [part * whole for part in split_even(units // whole, len(payees))]
    sources = tuple([Leg(payer, part) for payer, part in zip(payers, owed, strict=True)])
    targets = tuple([Leg(payee, part) for payee, part in zip(payees, parts, strict=True) if part])
    yield Intent.spread(units, sources, targets, description="end of day settlement", group="SETTLEMENT")


PATTERN = Pattern(name="settlement", weight=2, play=play)
