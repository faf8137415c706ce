"""Look: what people do between payments: a balance, a statement, the latest transactions. Reads only, never refused."""

from demogen.contract.transactions import Action, Intent
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice


def play(dice: Dice) -> Script:
    market = dice.market(accounts=1)
    account = dice.member(market, "customer")
    throw = dice.below(10)
    if throw < 6:
        yield Intent(action=Action.READ_BALANCES, ledger=market.ledger, account=account)
    elif throw < 9:
        yield Intent(action=Action.READ_STATEMENT, ledger=market.ledger, account=account, query="limit=10")
    else:
        yield Intent(action=Action.LIST_TRANSACTIONS, ledger=market.ledger, query="limit=10&sort_order=desc")


PATTERN = Pattern(name="look", weight=4, play=play, reads_only=True)
