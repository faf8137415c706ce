"""Routed: a payment or transfer that names its accounting routes, where the ledger has them (contract 11).

Expects to be accepted. Ledgers that insist on routes get them with every pattern; this one uses them everywhere.
"""

from demogen.contract.transactions import Intent
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice

_FLOWS = (("payment", "customer", "merchant"), ("refund", "merchant", "customer"), ("transfer", "customer", "customer"))


def play(dice: Dice) -> Script:
    name, payer_role, payee_role = dice.pick(_FLOWS)
    payer, payee = dice.pair(payer_role, payee_role)
    plain = Intent.move(dice.amount(payer), payer, payee, description=f"{name} through routes")
    yield dice.stage.flows.routed(plain, name=name)


PATTERN = Pattern(name="routed", weight=0, play=play)
