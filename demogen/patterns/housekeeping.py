"""Housekeeping: an account is opened, given a second balance, renamed, blocked, emptied of it and closed again.

Expects to be accepted; rides along. Only what the script itself has made is changed or closed, since an account that
moved money within the hour cannot be (contract 3.5, code 0012). Without an alias no name can be taken.
"""

from demogen.contract.entities import AccountInput, AccountPatch, BalanceInput, BalancePatch, Body, Status
from demogen.contract.transactions import Action, Intent
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice

#: A type that ledgers which insist on account types have (population/data/account_types.toml).
_TYPE = "checking"


def play(dice: Dice) -> Script:
    market = dice.market(accounts=1)
    kind, closes = dice.member(market, "customer"), dice.chance(3, 4)

    def write(route: str, subject: str = "", entity: Body | None = None) -> Intent:
        return Intent(action=Action.ENTITY, ledger=kind.ledger, route=route, subject=subject, entity=entity)

    opened = yield write(
        "account.create",
        entity=AccountInput(asset_code=kind.asset, type=_TYPE, name="opened", metadata={"demogen": "housekeeping"}),
    )
    account_id = opened.transaction_id
    if not account_id:
        return
    second = yield write("balance.create", account_id, BalanceInput(key="vault", allow_sending=False))
    if second.transaction_id:
        yield write("balance.update", second.transaction_id, BalancePatch(allow_sending=True))
        yield write("balance.delete", second.transaction_id)
    yield write("account.update", account_id, AccountPatch(name="renamed", metadata={"reviewed": True}))
    yield write("account.update", account_id, AccountPatch(blocked=True, status=Status(code="BLOCKED")))
    if closes:
        yield write("account.delete", account_id)


PATTERN = Pattern(name="housekeeping", weight=1, play=play, reads_only=True)
