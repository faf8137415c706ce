"""Early revert: a hold that is reverted before it was captured. Meant to be refused with 0099; then released."""

from demogen.contract.transactions import Action, Intent
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice

_REFUSALS = ("0099",)


def play(dice: Dice) -> Script:
    payer, payee = dice.pair("customer", "merchant")
    authorisation = Intent.move(dice.amount(payer), payer, payee, pending=True, description="reverted too early")
    held = yield authorisation
    if held.accepted:
        yield Intent.follow(Action.REVERT, authorisation, held.transaction_id, refused_with=_REFUSALS)
        yield Intent.follow(Action.CANCEL, authorisation, held.transaction_id)


PATTERN = Pattern(name="early-revert", weight=1, play=play, refusals=_REFUSALS)
