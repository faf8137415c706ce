"""Which account of a ledger plays which role in which asset: one answer for every ledger of a spec, by arithmetic.

Accounts 0 … main-1 are in the ledger's main asset, the rest go round the other assets. No list is kept, so a ledger
may have millions of accounts. May import: catalog, spec.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from math import lcm
from typing import NamedTuple

from demogen.population.catalog import MAIN_ASSET_ACCOUNTS_MIN, Catalog
from demogen.population.spec import PopulationSpec

#: How far back a parent account is looked for.
_LOOK_BACK = 40


class Standing(NamedTuple):
    """`slot` is the ledger's asset (0 is the main one), `nth` the account's position among that asset's accounts."""

    slot: int
    nth: int
    role: str


class Layout:
    """The roles and assets of the accounts of every ledger of one spec."""

    def __init__(self, spec: PopulationSpec, catalog: Catalog) -> None:
        accounts, assets = spec.accounts_per_ledger, spec.assets_per_ledger
        self.accounts = accounts
        self._catalog = catalog
        allowed = _allowed(spec, catalog)
        self._main_order = tuple(role for role in catalog.order.main if role in allowed)
        self._other_order = tuple(role for role in catalog.order.other if role in allowed)
        self._cycle = _interleave(
            {name: role.share_in_cycle for name, role in catalog.roles.items() if name in allowed}
        )
        main = accounts if assets == 1 else min(accounts, max(MAIN_ASSET_ACCOUNTS_MIN, accounts * 6 // 10))
        self.main = main
        # Two accounts at least in each other asset that is used at all: one alone could pay nobody.
        self.others = min(assets - 1, max(1, (accounts - main) // 2)) if accounts > main else 0

    def place(self, position: int) -> Standing:
        """Where account `position` (0 ≤ position < accounts) of any ledger stands."""
        if position < self.main:
            return Standing(0, position, self._role(self._main_order, position))
        nth, slot = divmod(position - self.main, self.others)
        return Standing(1 + slot, nth, self._role(self._other_order, nth))

    def positions(self, slot: int) -> range:
        """The positions of the accounts in one asset, ascending."""
        if slot == 0:
            return range(self.main)
        return range(self.main + slot - 1, self.accounts, self.others) if slot <= self.others else range(0)

    def parent_of(self, position: int) -> int | None:
        """The customer's account that a savings, credit or investment account hangs under, of the same asset."""
        slot, nth, role = self.place(position)
        if role not in ("savings", "credit", "investment"):
            return None
        step = 1 if slot == 0 else self.others
        order = self._main_order if slot == 0 else self._other_order
        for earlier in range(nth - 1, max(-1, nth - _LOOK_BACK), -1):
            if self._role(order, earlier) == "customer":
                return position - (nth - earlier) * step
        return None

    def overdraft_of(self, position: int) -> int:
        """The overdraft limit of an account in dollars, 0 for none."""
        _, nth, role = self.place(position)
        kind = self._catalog.account_types[self._catalog.roles[role].kind]
        # The last of each round, so that the few accounts of a small ledger have none.
        return kind.overdraft_usd if kind.overdraft_in and (nth + 1) % kind.overdraft_in == 0 else 0

    def reserve_of(self, position: int) -> str:
        """The key of an account's additional balance, "" for none: merchants keep a rolling reserve, escrow a vault."""
        return {"merchant": "reserve", "escrow": "vault"}.get(self.place(position).role, "")

    @cached_property
    def children(self) -> int:
        return self._total(lambda position: self.parent_of(position) is not None)

    @cached_property
    def overdrafts(self) -> int:
        return self._total(lambda position: self.overdraft_of(position) > 0)

    @cached_property
    def reserves(self) -> int:
        return self._total(lambda position: self.reserve_of(position) != "")

    def _total(self, chosen: Callable[[int], bool]) -> int:
        """How many positions are chosen. Roles repeat, so a ledger of millions costs no more than one of thousands."""
        rounds = [kind.overdraft_in for kind in self._catalog.account_types.values() if kind.overdraft_in]
        period = len(self._cycle) * lcm(*rounds)
        settled = max(len(self._main_order), len(self._other_order)) + _LOOK_BACK
        total = 0
        for slot in range(1 + self.others):
            positions = self.positions(slot)
            whole, rest = divmod(max(0, len(positions) - settled), period)
            total += sum(map(chosen, positions[:settled]))
            if whole:
                total += whole * sum(map(chosen, positions[settled : settled + period]))
            total += sum(map(chosen, positions[settled : settled + rest]))
        return total

    def _role(self, order: tuple[str, ...], nth: int) -> str:
        if nth < len(order):
            return order[nth]
        return self._cycle[(nth - len(order)) % len(self._cycle)]


def _allowed(spec: PopulationSpec, catalog: Catalog) -> frozenset[str]:
    """Roles whose account type was asked for; with none of them, all."""
    asked = frozenset(name for name, role in catalog.roles.items() if role.kind in spec.account_types)
    return asked or frozenset(catalog.roles)


def _interleave(shares: dict[str, int]) -> tuple[str, ...]:
    """Each name `share` times, spread evenly; the same for the same shares."""
    turns = [((2 * turn + 1) / (2 * share), name) for name, share in shares.items() for turn in range(share)]
    return tuple(name for _, name in sorted(turns)) or tuple(shares)
