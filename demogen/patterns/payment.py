"""Payment: a customer pays a merchant, who refunds one sale in ten; without an answer the customer asks once more."""

from demogen.contract.transactions import Action, Intent
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice


def play(dice: Dice) -> Script:
    payer, payee = dice.pair("customer", "merchant")
    sale = Intent.move(dice.amount(payer), payer, payee, description="card payment")
    refunded = dice.chance(1, 10)
    receipt = yield sale
    if receipt.indeterminate:
        # No answer came, so the client asks again under the same key, which books once at most (contract 6).
        receipt = yield sale.again(receipt.mark)
    if receipt.accepted and refunded:
        yield Intent.follow(Action.REVERT, sale, receipt.transaction_id)


PATTERN = Pattern(name="payment", weight=40, play=play)
