"""Memo: an annotation, which the ledger notes and which moves nothing (contract 4). Expects to be accepted."""

from msgspec.structs import replace

from demogen.contract.transactions import Action, Intent
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice


def play(dice: Dice) -> Script:
    payer, payee = dice.pair("customer", "merchant")
    noted = Intent.move(dice.amount(payer), payer, payee, description="quotation, not binding")
    yield replace(noted, action=Action.ANNOTATION)


PATTERN = Pattern(name="memo", weight=1, play=play)
