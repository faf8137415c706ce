"""Compensate: a payment to the wrong payee is put right by a second transaction that names the first.

Expects to be accepted. The ledger knows no link between the two: the reference is ours, unlike a revert's (contract
7.2).
"""

from demogen.contract.transactions import Intent
from demogen.patterns.base import Pattern, Pause, Script
from demogen.patterns.dice import Dice


def play(dice: Dice) -> Script:
    payer, wrong = dice.pair("customer", "customer")
    units = dice.amount(payer)
    mistake = yield Intent.move(units, payer, wrong, description="transfer to the wrong account")
    if not mistake.accepted:
        return
    yield Pause(dice.between(1, 20) / 10)
    link = (("compensates", mistake.mark), ("original", mistake.transaction_id))
    yield Intent.move(units, wrong, payer, description="correction", metadata=link)


PATTERN = Pattern(name="compensate", weight=1, play=play)
