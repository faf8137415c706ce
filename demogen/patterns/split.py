"""Split: one payer, several payees; by shares where they come out even, by amounts where they do not.

The server never rounds a share (contract 4.1): 33 % of a cent is 0.0033. A share is used only where every part is
a whole number of minor units; elsewhere the parts are stated as amounts, the remainder placed by us.
"""

from demogen.contract.money import split_shares
from demogen.contract.transactions import Intent, Leg
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice

_SHARES = {1: (100,), 2: (70, 30), 3: (50, 30, 20), 4: (40, 30, 20, 10)}


def play(dice: Dice) -> Script:
    market = dice.market(accounts=3)
    payer = dice.member(market, "customer")
    payees = dice.crowd(market, dice.between(2, 4), but=payer)
    shares = _SHARES[len(payees)]
    units = dice.amount(payer)
    # All shares are tens of a hundred.
    if units % 10 == 0 or len(payees) == 1:
        targets = tuple([Leg(payee, share=(share, 0)) for payee, share in zip(payees, shares, strict=True)])
    else:
        parts = split_shares(units, shares)
        targets = tuple([Leg(payee, part) for payee, part in zip(payees, parts, strict=True) if part])
    yield Intent.spread(units, (Leg(payer, units),), targets, description="split")


PATTERN = Pattern(name="split", weight=12, play=play)
