"""The only randomness of the load: a counter-based generator that depends on (seed, arrival) and nothing else.

SplitMix64 (Steele, Lea, Flood 2014): a fresh, independent stream for each arrival costs one multiplication, where
reseeding a Mersenne twister would cost more than the whole script. May import: contract, `stage`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from demogen.contract.transactions import AccountRef
from demogen.patterns.stage import Market, Stage

T = TypeVar("T")

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15


def mix64(value: int) -> int:
    """SplitMix64's finaliser: a bijection of 64-bit integers that scatters neighbours."""
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


class Dice:
    """What a script draws from: numbers, accounts by role, amounts."""

    __slots__ = ("_state", "stage")

    def __init__(self, stage: Stage, *, seed: int, arrival: int) -> None:
        self.stage = stage
        self._state = mix64((seed * _GOLDEN + arrival) & _MASK)

    def bits(self) -> int:
        """64 random bits."""
        self._state = state = (self._state + _GOLDEN) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        return state ^ (state >> 31)

    def below(self, bound: int) -> int:
        """A number from 0 to bound − 1."""
        return (self.bits() * bound) >> 64

    def between(self, low: int, high: int) -> int:
        """A number from low to high, both included."""
        return low + ((self.bits() * (high - low + 1)) >> 64)

    def chance(self, times: int, out_of: int) -> bool:
        """True `times` in `out_of` throws on average."""
        return self.below(out_of) < times

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]

    def market(self, *, accounts: int = 2) -> Market:
        """One asset of one ledger with at least that many accounts; busier with more accounts."""
        return self.pick(self.stage.markets_with(accounts))

    def pair(self, payer_role: str, payee_role: str) -> tuple[AccountRef, AccountRef]:
        """Two different accounts of one market; where nobody has the role, anybody plays it."""
        market = self.market()
        payer = self.member(market, payer_role)
        return payer, self.member(market, payee_role, but=payer)

    def member(self, market: Market, role: str, *, but: AccountRef | None = None) -> AccountRef:
        """An account of that role in the market, chosen by the stage's skew."""
        crowd = market.crowd(role)
        if len(crowd) == 1 and crowd[0] is but:
            crowd = market.accounts
        place = self.stage.skew.pick(self.bits(), len(crowd))
        if crowd[place] is but:
            place = (place + 1) % len(crowd)
        return crowd[place]

    def crowd(self, market: Market, size: int, *, but: AccountRef) -> list[AccountRef]:
        """Up to `size` different accounts of the market, without `but`."""
        everybody = market.accounts
        start, found = self.below(len(everybody)), []
        for step in range(len(everybody)):
            account = everybody[(start + step) % len(everybody)]
            if account is not but:
                found.append(account)
                if len(found) == size:
                    break
        return found

    def amount(self, account: AccountRef) -> int:
        """Minor units of an everyday amount in the account's asset: log-normal, often a round number."""
        bits = self.bits()
        units = self.stage.amounts(account.asset, account.scale)[bits & 1023]
        whole: int = 10**account.scale
        if self.stage.whole_units or not (bits >> 10) & 3:
            return max(whole, units - units % whole)
        return units
