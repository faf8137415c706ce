"""Double revert: a sale taken back twice, and its reversal taken back too; both meant to be refused (contract 7.2).

Expects 0087 for the second revert and 0088 for the revert of a reversal.
"""

from demogen.contract.transactions import Action, Intent
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice


def play(dice: Dice) -> Script:
    payer, payee = dice.pair("customer", "merchant")
    sale = Intent.move(dice.amount(payer), payer, payee, description="reverted twice")
    of_reversal = dice.chance(1, 2)
    sold = yield sale
    if not sold.accepted:
        return
    undone = yield Intent.follow(Action.REVERT, sale, sold.transaction_id)
    if not undone.accepted:
        return
    if of_reversal:
        yield Intent.follow(Action.REVERT, sale, undone.transaction_id, refused_with=("0088",))
    else:
        yield Intent.follow(Action.REVERT, sale, sold.transaction_id, refused_with=("0087",))


PATTERN = Pattern(name="double-revert", weight=1, play=play, refusals=("0087", "0088"))
