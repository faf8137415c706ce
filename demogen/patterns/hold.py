"""Hold: an amount is reserved, then captured three times in four and released otherwise (contract 7.1).

Stated as amounts, never `remaining`: v3.8 loses money when it commits such a hold (contract 7.3).
"""

from demogen.contract.transactions import Action, Intent
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice


def play(dice: Dice) -> Script:
    payer, payee = dice.pair("customer", "merchant")
    authorisation = Intent.move(dice.amount(payer), payer, payee, pending=True, description="authorisation")
    captured = dice.chance(3, 4)
    receipt = yield authorisation
    if receipt.accepted:
        action = Action.COMMIT if captured else Action.CANCEL
        yield Intent.follow(action, authorisation, receipt.transaction_id)


PATTERN = Pattern(name="hold", weight=5, play=play)
