"""Browse: what back offices do: pages of transactions and accounts, one after another, and counts. Reads only.

Cursor lists are followed by their cursor, account lists by page number (contract 2.3). Never refused.
"""

from demogen.contract.answers import next_cursor
from demogen.contract.transactions import Action, Intent
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice

_PAGES = 3


def play(dice: Dice) -> Script:
    ledger = dice.market(accounts=1).ledger
    throw = dice.below(10)
    if throw < 2:
        yield Intent(action=Action.COUNT_TRANSACTIONS, ledger=ledger)
    elif throw < 5:
        for page in range(1, _PAGES + 1):
            yield Intent(action=Action.LIST_ACCOUNTS, ledger=ledger, query=f"limit=20&page={page}")
    else:
        query = "limit=20&sort_order=desc"
        for _ in range(_PAGES):
            shown = yield Intent(action=Action.LIST_TRANSACTIONS, ledger=ledger, query=query)
            cursor = next_cursor(shown.body)
            if not cursor:
                return
            query = f"limit=20&sort_order=desc&cursor={cursor}"


PATTERN = Pattern(name="browse", weight=1, play=play, reads_only=True)
