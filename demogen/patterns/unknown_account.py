"""Unknown account: a payment to an alias that nobody has. Meant to be refused with 0019 (contract 4)."""

from demogen.contract.transactions import AccountRef, Intent
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice

_REFUSALS = ("0019",)
#: Beyond any row of a manifest, and still a number that journal and audit can hold.
_NOBODY = 2**31 - 1


def play(dice: Dice) -> Script:
    payer, payee = dice.pair("customer", "merchant")
    nobody = AccountRef(_NOBODY, "", "@nobody-has-this-alias", payee.asset, payee.scale, payee.ledger)
    units = dice.amount(payer)
    yield Intent.move(units, payer, nobody, description="to an unknown account", refused_with=_REFUSALS)


PATTERN = Pattern(name="unknown-account", weight=1, play=play, refusals=_REFUSALS)
