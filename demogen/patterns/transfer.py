"""Transfer: one account sends money to another of the same asset."""

from demogen.contract.transactions import Intent
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice


def play(dice: Dice) -> Script:
    payer, payee = dice.pair("customer", "customer")
    yield Intent.move(dice.amount(payer), payer, payee, description="transfer")


PATTERN = Pattern(name="transfer", weight=20, play=play)
