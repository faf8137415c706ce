"""Ring, an anomaly: money runs through several accounts and comes home, a little less each time; labelled.

Expects to be accepted. The label (metadata `anomaly`) is what a detector is scored against.
"""

from demogen.contract.transactions import Intent
from demogen.patterns.base import Pattern, Pause, Script
from demogen.patterns.dice import Dice

_KEPT_PERCENT = 97


def play(dice: Dice) -> Script:
    market = dice.market(accounts=3)
    members = dice.crowd(market, dice.between(3, 6))
    units, whole = dice.amount(members[0], dollars=2_400), 10**market.scale
    label = (("anomaly", "ring"), ("case", f"{dice.bits():016x}"))
    for payer, payee in zip(members, [*members[1:], members[0]], strict=True):
        receipt = yield Intent.move(units, payer, payee, description="transfer", metadata=label)
        if not receipt.accepted:
            return
        # Whole units, so that either spelling can say it.
        units = max(whole, units * _KEPT_PERCENT // 100 // whole * whole)
        yield Pause(dice.between(1, 4) / 10)


PATTERN = Pattern(name="ring", weight=0, play=play)
