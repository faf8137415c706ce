"""Wrong asset: a payment in one asset to an account that holds another. Meant to be refused with 0034 (contract 4)."""

from demogen.contract.transactions import Intent
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice

_REFUSALS = ("0034",)


def play(dice: Dice) -> Script:
    pairs = dice.stage.desk.pairs
    if not pairs:
        return
    pair = dice.pick(pairs)
    payer, payee = dice.member(pair.source, "customer"), dice.member(pair.target, "merchant")
    units = dice.amount(payer)
    yield Intent.move(units, payer, payee, description="in the wrong asset", refused_with=_REFUSALS)


PATTERN = Pattern(name="wrong-asset", weight=1, play=play, refusals=_REFUSALS)
