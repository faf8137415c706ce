"""Refund: a sale that the merchant takes back in full; the ledger books a linked reversal (contract 7.2)."""

from demogen.contract.transactions import Action, Intent
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice


def play(dice: Dice) -> Script:
    payer, payee = dice.pair("customer", "merchant")
    sale = Intent.move(dice.amount(payer), payer, payee, description="sale on approval")
    receipt = yield sale
    if receipt.accepted:
        yield Intent.follow(Action.REVERT, sale, receipt.transaction_id)


PATTERN = Pattern(name="refund", weight=6, play=play)
