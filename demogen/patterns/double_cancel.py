"""Double cancel: a hold released twice, or captured once released. The second step is meant to be refused.

v3.8 says 0099; v4 says 0486 while its lock lasts and 0099 after that (contract 7.1, 13.1).
"""

from demogen.contract.transactions import Action, Intent
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice

_REFUSALS = ("0099", "0486")


def play(dice: Dice) -> Script:
    payer, payee = dice.pair("customer", "merchant")
    authorisation = Intent.move(dice.amount(payer), payer, payee, pending=True, description="released twice")
    again = dice.pick((Action.CANCEL, Action.COMMIT))
    held = yield authorisation
    if not held.accepted:
        return
    released = yield Intent.follow(Action.CANCEL, authorisation, held.transaction_id)
    if released.accepted:
        yield Intent.follow(again, authorisation, held.transaction_id, refused_with=_REFUSALS)


PATTERN = Pattern(name="double-cancel", weight=1, play=play, refusals=_REFUSALS)
