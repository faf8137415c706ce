"""Is every cent still there, while the load runs? An interval for what is missing or too much, by asset.

Balances cannot be read all at once, so money that moves during a look makes its sum uncertain by at most that much:
the interval is the sum's change since the opening, give or take it. Zero outside the interval is a loss; at rest the
interval is one number. May import: `client`, `contract`, the rest of this room.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec

from demogen.audit.opening import opening_balances
from demogen.audit.pages import BalanceItem
from demogen.audit.sweep import Sweeper
from demogen.client.crew import Crew
from demogen.contract.transactions import LedgerRef

_NOTHING = Decimal(0)


class Interval(msgspec.Struct, frozen=True):
    """What all balances of an asset are worth together, less what they were before the load: between these two."""

    low: Decimal
    high: Decimal

    @property
    def conserved(self) -> bool:
        """Whether nothing need be missing or too much."""
        return self.low <= 0 <= self.high


class Look(msgspec.Struct, frozen=True):
    """The change since the opening that one look found, by asset; uncertain by what moved meanwhile."""

    change: dict[str, Decimal]
    balances: int

    def interval(self, moved: Mapping[str, Decimal]) -> dict[str, Interval]:
        """By asset; `moved` is the value of all requests that were under way at some time of the look."""
        return {
            asset: Interval(change - moved.get(asset, _NOTHING), change + moved.get(asset, _NOTHING))
            for asset, change in self.change.items()
        }


class Watch:
    """Looks at the ledgers of a run again and again. Costs one read for each hundred balances and look."""

    def __init__(self, opening: Path, *, ledgers: Sequence[LedgerRef], crew: Crew, sweeper: Sweeper) -> None:
        """`opening` is what `read_opening` saved. Raises RunFolderError where it cannot be read."""
        self._ledgers = ledgers
        self._crew = crew
        self._sweeper = sweeper
        self._before = _worth(opening_balances(opening))

    def look(self) -> Look:
        """Read every balance once. Raises LedgerUnreachable and IntegrityUnknown where reading fails."""
        found: list[BalanceItem] = []
        walks = (self._sweeper.balances(ledger, lambda _, items: found.extend(items)) for ledger in self._ledgers)
        for _count in self._crew.run(walks):
            pass
        now = _worth(found)
        change = {
            asset: now.get(asset, _NOTHING) - self._before.get(asset, _NOTHING)
            for asset in sorted(now.keys() | self._before.keys())
        }
        return Look(change, len(found))


def _worth(balances: Sequence[BalanceItem]) -> dict[str, Decimal]:
    """What balances are worth to the sum that never changes (contract 8.2), by asset."""
    total: dict[str, Decimal] = {}
    for item in balances:
        available = Decimal(item.available)
        worth = -available if item.direction == "debit" else available + Decimal(item.on_hold)
        total[item.asset_code] = total.get(item.asset_code, _NOTHING) + worth
    return total
