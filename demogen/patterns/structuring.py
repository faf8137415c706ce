"""Structuring, an anomaly: a large sum in parts just below the reporting threshold, within seconds; labelled.

Expects to be accepted. The label (metadata `anomaly`) is what a detector is scored against.
"""

from demogen.contract.transactions import Intent
from demogen.patterns.base import Pattern, Pause, Script
from demogen.patterns.dice import Dice

_THRESHOLD_DOLLARS = 10_000


def play(dice: Dice) -> Script:
    payer, payee = dice.pair("customer", "customer")
    threshold = dice.stage.table(payer.asset, payer.scale, "regular")[512] * _THRESHOLD_DOLLARS // 25
    whole = 10**payer.scale
    label = (("anomaly", "structuring"), ("case", f"{dice.bits():016x}"))
    for _ in range(dice.between(3, 7)):
        units = max(whole, threshold * dice.between(930, 995) // 1000 // whole * whole)
        receipt = yield Intent.move(units, payer, payee, description="transfer", metadata=label)
        if not receipt.accepted:
            return
        yield Pause(dice.between(1, 5) / 10)


PATTERN = Pattern(name="structuring", weight=0, play=play)
