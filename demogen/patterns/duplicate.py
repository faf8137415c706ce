"""Duplicate: a payment sent twice under one key, as a client does that never saw the first answer.

The second must book nothing and answer with the first transaction (contract 6).
"""

from demogen.contract.transactions import Intent
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice


def play(dice: Dice) -> Script:
    payer, payee = dice.pair("customer", "merchant")
    payment = Intent.move(dice.amount(payer), payer, payee, description="payment sent twice")
    receipt = yield payment
    if not receipt.rejected:
        yield payment.again(receipt.mark)


PATTERN = Pattern(name="duplicate", weight=2, play=play)
