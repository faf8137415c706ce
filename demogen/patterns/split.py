"""Split: one payer, several payees; by shares where they come out even, by amounts where they do not.

The server never rounds a share (contract 4.1): 33 % of a cent is 0.0033. A share is used only where every part is
a whole number of minor units; elsewhere the parts are stated as amounts, the remainder placed by us.
"""

from demogen.contract.money import split_shares
from demogen.contract.transactions import Intent, Leg
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice

_SHARES = {1: (100,), 2: (70, 30), 3: (50, 30, 20), 4: (40, 30, 20, 10)}
#: All shares are tens of a hundred, so that tens of units come out even: how the rest of 0 … 9 is split.
_RESTS = {count: [split_shares(rest, shares) for rest in range(10)] for count, shares in _SHARES.items()}


def play(dice: Dice) -> Script:
    market = dice.market(accounts=3)
    payer = dice.member(market, "customer")
    payees = dice.crowd(market, dice.between(2, 4), but=payer)
    shares = _SHARES[len(payees)]
    units = dice.amount(payer)
    tens, rest = divmod(units, 10)
    if rest == 0 or len(payees) == 1:
        targets = tuple([Leg(payee, share=(share, 0)) for payee, share in zip(payees, shares, strict=True)])
    else:
        parts = [tens * share // 10 + part for share, part in zip(shares, _RESTS[len(shares)][rest], strict=True)]
        targets = tuple([Leg(payee, part) for payee, part in zip(payees, parts, strict=True) if part])
    yield Intent.spread(units, (Leg(payer, units),), targets, description="split")


PATTERN = Pattern(name="split", weight=12, play=play)
