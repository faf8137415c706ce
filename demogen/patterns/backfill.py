"""Back-fill: a payment of the past, dated on a busy day and hour, salaries on pay day. Expects to be accepted.

The date becomes the transaction's creation date (contract 4); a hold cannot carry one (code 0122).
"""

from demogen.contract.transactions import Intent
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice


def play(dice: Dice) -> Script:
    if dice.chance(1, 12):
        employer, worker = dice.pair("expense", "customer")
        units = dice.usual(worker, dollars=3_200, tie="salary")
        moment = dice.stage.almanac.pay_day(dice.bits())
        yield Intent.move(units, employer, worker, description="salary", transaction_date=moment)
    else:
        payer, payee = dice.pair("customer", "merchant")
        units, moment = dice.amount(payer), dice.moment()
        yield Intent.move(units, payer, payee, description="card payment", transaction_date=moment)


PATTERN = Pattern(name="backfill", weight=0, play=play)
