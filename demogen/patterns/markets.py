"""Markets: one asset of one ledger with the accounts that hold it, by role. May import: contract, population."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache

import msgspec

from demogen.contract.transactions import AccountRef, LedgerRef
from demogen.population.catalog import shipped
from demogen.population.closing import CLOSED

Crowd = tuple[AccountRef, ...]


class Market(msgspec.Struct, frozen=True):
    """One asset of one ledger. `accounts` excludes the external one, which is where money comes from."""

    ledger: LedgerRef
    asset: str
    scale: int
    accounts: Crowd
    external: AccountRef | None
    by_role: dict[str, Crowd]

    def crowd(self, role: str) -> Crowd:
        """Everybody who plays the role, else the first role that does its work, else everybody at all."""
        crowd = self.by_role.get(role)
        if crowd is None:
            stand_ins = (self.by_role[one] for one in stand_ins_of(role) if one in self.by_role)
            crowd = self.by_role[role] = next(stand_ins, self.accounts)
        return crowd


@cache
def stand_ins_of(role: str) -> tuple[str, ...]:
    """The roles that do a role's work in turn where it has no account."""
    catalog = shipped()
    return catalog.fold(role)[1:] if role in catalog.roles else ()


def markets_of(accounts: Sequence[AccountRef]) -> list[Market]:
    """Every market of a population, in the order of its ledgers and of asset codes; closed accounts are in none."""
    members: dict[tuple[int, str], list[AccountRef]] = defaultdict(list)
    externals: dict[tuple[int, str], AccountRef] = {}
    for account in accounts:
        if account.role == CLOSED:
            continue
        place = (account.ledger.index, account.asset)
        if account.external:
            externals[place] = account
        else:
            members[place].append(account)
    markets = []
    for place, crowd in sorted(members.items()):
        by_role: dict[str, list[AccountRef]] = defaultdict(list)
        for account in crowd:
            by_role[account.role].append(account)
        roles = {role: tuple(players) for role, players in by_role.items()}
        first = crowd[0]
        markets.append(Market(first.ledger, first.asset, first.scale, tuple(crowd), externals.get(place), roles))
    return markets
