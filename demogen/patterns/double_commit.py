"""Double commit: a hold captured twice. The second capture is meant to be refused.

v3.8 says 0099; v4 says 0486 while its lock lasts and 0099 after that (contract 7.1, 13.1).
"""

from demogen.contract.transactions import Action, Intent
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice

_REFUSALS = ("0099", "0486")


def play(dice: Dice) -> Script:
    payer, payee = dice.pair("customer", "merchant")
    authorisation = Intent.move(dice.amount(payer), payer, payee, pending=True, description="captured twice")
    receipt = yield authorisation
    if not receipt.accepted:
        return
    transaction_id = receipt.transaction_id
    receipt = yield Intent.follow(Action.COMMIT, authorisation, transaction_id)
    if receipt.accepted:
        yield Intent.follow(Action.COMMIT, authorisation, transaction_id, refused_with=_REFUSALS)


PATTERN = Pattern(name="double-commit", weight=1, play=play, refusals=_REFUSALS)
