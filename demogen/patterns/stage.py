"""Where scripts play: the population arranged for drawing. Built once a run, read by every script.

A market is one asset of one ledger with the accounts that hold it. May import: contract, population.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from statistics import NormalDist

import msgspec

from demogen.contract.transactions import AccountRef, LedgerRef
from demogen.errors import PreflightFailed
from demogen.population.skew import Skew, Uniform

#: What a dollar's worth of each asset is, in its own major units; anything else counts as a dollar each.
_PER_DOLLAR = {"JPY": 150.0, "BRL": 5.0, "BTC": 1 / 60_000, "ETH": 1 / 3_000, "POINTS": 100.0, "MILES": 60.0}

#: Everyday payments: median 25 dollars, log-normal; one in a thousand is above 600.
_MEDIAN_DOLLARS = 25.0
_SPREAD = 1.05


class Market(msgspec.Struct, frozen=True):
    """One asset of one ledger. `accounts` excludes the external one, which is where money comes from."""

    ledger: LedgerRef
    asset: str
    scale: int
    accounts: tuple[AccountRef, ...]
    external: AccountRef | None
    by_role: dict[str, tuple[AccountRef, ...]]

    def crowd(self, role: str) -> tuple[AccountRef, ...]:
        """Everybody who plays the role; everybody at all where nobody does."""
        return self.by_role.get(role) or self.accounts


class Stage:
    """All markets of a population, drawn in proportion to their accounts.

    `whole_units` restricts amounts to whole major units, which is all the DSL can spell (contract 9).
    Raises PreflightFailed where no market has two accounts: nobody could pay anybody.
    """

    def __init__(self, accounts: Sequence[AccountRef], *, skew: Skew | None = None, whole_units: bool = False) -> None:
        self.skew: Skew = skew or Uniform()
        self.whole_units = whole_units
        self.markets = _markets(accounts)
        self._tickets: dict[int, list[Market]] = {}
        self._amounts: dict[tuple[str, int], tuple[int, ...]] = {}
        if not self.markets_with(2):
            raise PreflightFailed(
                "the population has no ledger with two accounts in one asset", hint="generate a larger population"
            )

    def markets_with(self, accounts: int) -> Sequence[Market]:
        """Markets with at least that many accounts (or the fullest there are), one ticket for each account."""
        tickets = self._tickets.get(accounts)
        if tickets is None:
            fullest = max((len(market.accounts) for market in self.markets), default=0)
            least = min(accounts, max(fullest, 2))
            tickets = [market for market in self.markets if len(market.accounts) >= least for _ in market.accounts]
            self._tickets[accounts] = tickets
        return tickets

    def amounts(self, asset: str, scale: int) -> tuple[int, ...]:
        """1,024 equally likely everyday amounts, in minor units (≥ 1)."""
        table = self._amounts.get((asset, scale))
        if table is None:
            table = self._amounts[asset, scale] = _everyday(asset, scale)
        return table


def _everyday(asset: str, scale: int) -> tuple[int, ...]:
    normal = NormalDist()
    unit = _PER_DOLLAR.get(asset, 1.0) * _MEDIAN_DOLLARS
    # Through cents of the median, so that no float ever carries more digits than it has.
    parts = [round(10_000 * math.exp(_SPREAD * normal.inv_cdf((place + 0.5) / 1024))) for place in range(1024)]
    base = round(unit * 10**9)
    return tuple(max(1, part * base * 10**scale // (10**9 * 10_000)) for part in parts)


def _markets(accounts: Sequence[AccountRef]) -> list[Market]:
    members: dict[tuple[int, str], list[AccountRef]] = defaultdict(list)
    externals: dict[tuple[int, str], AccountRef] = {}
    for account in accounts:
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
