"""Burst, an anomaly: a stolen card tried on merchant after merchant within a moment; labelled.

Expects to be accepted. The label (metadata `anomaly`) is what a detector is scored against.
"""

from demogen.contract.transactions import Intent
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice


def play(dice: Dice) -> Script:
    market = dice.market()
    victim = dice.member(market, "customer")
    label = (("anomaly", "burst"), ("case", f"{dice.bits():016x}"))
    for _ in range(dice.between(6, 12)):
        shop = dice.member(market, "merchant", but=victim)
        units = dice.amount(victim, dollars=80, shape="regular")
        receipt = yield Intent.move(units, victim, shop, description="card payment", metadata=label)
        if not receipt.accepted:
            return


PATTERN = Pattern(name="burst", weight=0, play=play)
