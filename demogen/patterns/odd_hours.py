"""Odd hours, an anomaly: a large transfer dated between one and five at night; labelled.

Expects to be accepted. The label (metadata `anomaly`) is what a detector is scored against.
"""

from demogen.contract.transactions import Intent
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice


def play(dice: Dice) -> Script:
    payer, payee = dice.pair("customer", "customer")
    units = dice.amount(payer, dollars=1_900, shape="heavy")
    moment = dice.stage.almanac.night(dice.bits())
    label = (("anomaly", "odd-hours"),)
    yield Intent.move(units, payer, payee, description="transfer", metadata=label, transaction_date=moment)


PATTERN = Pattern(name="odd-hours", weight=0, play=play)
