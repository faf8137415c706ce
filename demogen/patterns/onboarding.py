"""Onboarding: a new client from nothing: organization, ledger, asset, portfolio, segment, two accounts.

Expects to be accepted; rides along, since the target rate counts transactions. Its names stand inside what it has just
made, so that no earlier run can be in the way.
"""

from demogen.contract.entities import (
    AccountInput,
    AssetInput,
    Body,
    LedgerInput,
    OrganizationInput,
    PortfolioInput,
    SegmentInput,
)  # fmt: skip
from demogen.contract.transactions import Action, Intent, LedgerRef
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice

_CURRENCIES = ("USD", "BRL", "EUR", "JPY")


def play(dice: Dice) -> Script:
    home = dice.market(accounts=1).ledger
    number, code = dice.bits() >> 32, dice.pick(_CURRENCIES)
    label = {"demogen": "onboarding"}

    def make(route: str, place: LedgerRef, entity: Body) -> Intent:
        return Intent(action=Action.ENTITY, ledger=place, route=route, entity=entity)

    firm = OrganizationInput(legal_name=f"Client {number}", legal_document=str(number), metadata=label)
    made = yield make("organization.create", home, firm)
    if not made.transaction_id:
        return
    organization = LedgerRef(home.index, made.transaction_id, home.ledger_id)
    made = yield make("ledger.create", organization, LedgerInput(name="Operations", metadata=label))
    if not made.transaction_id:
        return
    place = LedgerRef(home.index, organization.organization_id, made.transaction_id)
    yield make("asset.create", place, AssetInput(name=code, type="currency", code=code, metadata=label))
    portfolio = yield make("portfolio.create", place, PortfolioInput(name="Clients", metadata=label))
    segment = yield make("segment.create", place, SegmentInput(name="Direct", metadata=label))
    for name in ("checking", "savings"):
        account = AccountInput(
            asset_code=code,
            type=name,
            name=f"{name} of client {number}",
            alias=f"@{name}",
            portfolio_id=portfolio.transaction_id or None,
            segment_id=segment.transaction_id or None,
            metadata=label,
        )
        yield make("account.create", place, account)


PATTERN = Pattern(name="onboarding", weight=1, play=play, reads_only=True)
