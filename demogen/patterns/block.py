"""Block: an amount is set aside in escrow by order of a court, and given back; it moves like a payment (contract 4).

Expects to be accepted. Its operations are of the types BLOCK and UNBLOCK.
"""

from msgspec.structs import replace

from demogen.contract.transactions import Action, Intent
from demogen.patterns.base import Pattern, Pause, Script
from demogen.patterns.dice import Dice


def play(dice: Dice) -> Script:
    owner, escrow = dice.pair("customer", "escrow")
    units, lasts_s = dice.amount(owner, dollars=300), dice.between(1, 10) / 10
    order = (("order", f"C-{dice.bits() >> 32}"),)
    seizure = Intent.move(units, owner, escrow, description="blocked by order", metadata=order)
    blocked = yield replace(seizure, action=Action.BLOCK)
    if not blocked.accepted:
        return
    yield Pause(lasts_s)
    release = Intent.move(units, escrow, owner, description="released", metadata=order)
    yield replace(release, action=Action.UNBLOCK)


PATTERN = Pattern(name="block", weight=1, play=play)
