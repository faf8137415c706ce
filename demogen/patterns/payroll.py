"""Payroll: an employer pays its people in one transaction, each their usual salary. Expects to be accepted."""

from demogen.contract.transactions import Intent, Leg
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice

_STAFF_MAX = 40


def play(dice: Dice) -> Script:
    market = dice.market(accounts=3)
    employer = dice.member(market, "expense")
    staff = dice.crowd(market, dice.between(2, _STAFF_MAX), but=employer, role="customer")
    if not staff:
        staff = dice.crowd(market, 2, but=employer)
    salaries = tuple(Leg(worker, dice.usual(worker, dollars=3_200, tie="salary")) for worker in staff)
    units = sum(leg.units or 0 for leg in salaries)
    yield Intent.spread(units, (Leg(employer, units),), salaries, description="payroll", group="PAYROLL")


PATTERN = Pattern(name="payroll", weight=2, play=play)
