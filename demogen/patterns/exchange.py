"""Exchange: a customer sells one asset for another to the treasury, at the desk's rate less its spread.

Expects to be accepted. The server applies no rate (contract 3.7), so it is two transactions; where two rates lead
there, the treasury covers itself in the asset between. If the treasury cannot pay out, the sale is given back.
"""

from demogen.contract.transactions import AccountRef, Intent
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice
from demogen.patterns.markets import Market


def _partner(market: Market, role: str, but: AccountRef) -> AccountRef:
    crowd = market.crowd(role)
    return next((one for one in (*crowd, *market.accounts) if one is not but), but)


def play(dice: Dice) -> Script:
    offer = dice.exchange()
    if offer is None:
        return
    (source, target, middle), quote = offer
    seller = dice.member(source, "customer")
    buyer = target.accounts[seller.index % len(target.accounts)]
    units = dice.amount(seller, dollars=120)
    bought = quote.bought(units, from_scale=source.scale, to_scale=target.scale)
    if dice.stage.whole_units:
        whole = 10**target.scale
        bought = max(whole, bought - bought % whole)
    desk = _partner(source, "treasury", seller)
    sale = yield Intent.move(units, seller, desk, description="currency sold", metadata=quote.told)
    if not sale.accepted:
        return
    link = (("exchange", sale.mark),)
    if middle is not None:
        treasury = dice.member(middle, "treasury")
        cover = dice.member(middle, "settlement", but=treasury)
        through = dice.amount(treasury, dollars=120)
        yield Intent.move(through, treasury, cover, description="currency cover", metadata=link)
        yield Intent.move(through, cover, treasury, description="currency cover returned", metadata=link)
    purchase = yield Intent.move(
        bought, _partner(target, "treasury", buyer), buyer, description="currency bought", metadata=link
    )
    if purchase.rejected:
        yield Intent.move(units, desk, seller, description="currency sale given back", metadata=link)


PATTERN = Pattern(name="exchange", weight=3, play=play)
