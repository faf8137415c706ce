"""Interest: a customer puts money aside, and is paid a month's interest on what the savings account then holds.

Expects to be accepted. At the account's own rate, on the balance as the ledger shows it, rounded down to minor units;
where that is nothing, nothing is booked. The bank's treasury pays.
"""

from demogen.contract.answers import available_text
from demogen.contract.money import ATTO_SCALE, POWERS, atto_of_text
from demogen.contract.transactions import Action, Intent
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice
from demogen.population.books import month_of_interest
from demogen.population.catalog import shipped


def play(dice: Dice) -> Script:
    market = dice.market()
    savings = dice.member(market, "savings")
    customer, bank = dice.member(market, "customer", but=savings), dice.member(market, "treasury", but=savings)
    put_aside = yield Intent.move(dice.amount(customer), customer, savings, description="put aside")
    if not put_aside.accepted:
        return
    shown = yield Intent(action=Action.READ_BALANCES, ledger=savings.ledger, account=savings)
    balance = available_text(shown.body)
    if not balance:
        return
    # Where nobody has savings, a stand-in earns what they would.
    yearly_bp = dice.stage.interest_bp.get(savings.index) or shipped().savings_bp
    units = month_of_interest(atto_of_text(balance) // POWERS[ATTO_SCALE - market.scale], yearly_bp)
    if dice.stage.whole_units:
        units -= units % POWERS[market.scale]
    if units:
        terms = (("interest_bp", str(yearly_bp)), ("balance", balance))
        yield Intent.move(units, bank, savings, description="interest for a month", metadata=terms)


PATTERN = Pattern(name="interest", weight=1, play=play)
