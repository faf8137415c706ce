"""Payroll: an employer pays its people in one transaction, each their usual salary. Expects to be accepted."""

from demogen.contract.transactions import AccountRef, Intent, Leg
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice
from demogen.patterns.markets import Market

_STAFF_MAX = 40
#: Payrolls kept at most: a few thousand bytes each.
_KEPT_MAX = 4096


def _payroll(dice: Dice, market: Market, employer: AccountRef) -> tuple[Leg, ...]:
    """The same people and salaries whenever this employer pays; neighbours in the books, two to forty of them."""
    people = [one for one in market.crowd("customer") if one is not employer]
    people = people or [one for one in market.accounts if one is not employer]
    bits = dice.tied(employer, tie="payroll")
    first, count = bits % len(people), 2 + (bits >> 32) % (_STAFF_MAX - 1)
    staff = (people[first:] + people[:first])[:count]
    return tuple(Leg(worker, dice.usual(worker, dollars=3_200, tie="salary")) for worker in staff)


def play(dice: Dice) -> Script:
    market = dice.market(accounts=3)
    employer = dice.member(market, "expense")
    payrolls = dice.stage.payrolls
    salaries = payrolls.get(employer.index)
    if salaries is None:
        if len(payrolls) >= _KEPT_MAX:
            payrolls.clear()
        salaries = payrolls[employer.index] = _payroll(dice, market, employer)
    units = sum([leg.units or 0 for leg in salaries])
    yield Intent.spread(units, (Leg(employer, units),), salaries, description="payroll", group="PAYROLL")


PATTERN = Pattern(name="payroll", weight=2, play=play)
