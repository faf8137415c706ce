"""The only randomness of the load: a counter-based generator that depends on (seed, arrival) and nothing else.

SplitMix64 (Steele, Lea, Flood 2014): a fresh, independent stream for each arrival costs one multiplication, where
reseeding a Mersenne twister would cost more than the whole script. May import: contract, `stage`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from demogen.contract.transactions import AccountRef
from demogen.patterns.markets import Crowd, Market
from demogen.patterns.mixing import GOLDEN, MASK, following, left_over, mix64, place, scaled, seeded
from demogen.patterns.values import MEDIAN_DOLLARS, PLACES, Shape

if TYPE_CHECKING:
    from demogen.patterns.desk import Pair, Quote
    from demogen.patterns.stage import Pick, Stage

T = TypeVar("T")


@lru_cache(1024)
def _number_of(tie: str) -> int:
    """A number for the few words that tie accounts together."""
    return sum(tie.encode())


class Dice:
    """What a script draws from: numbers, accounts by role, amounts."""

    __slots__ = ("_state", "arrival", "stage")

    def __init__(self, stage: Stage, *, seed: int, arrival: int) -> None:
        self.stage = stage
        self.arrival = arrival
        self._state = seeded(seed, arrival)

    def bits(self) -> int:
        """64 random bits."""
        self._state = following(self._state)
        return mix64(self._state)

    def below(self, bound: int) -> int:
        """A number from 0 to bound − 1."""
        return scaled(self.bits(), bound)

    def between(self, low: int, high: int) -> int:
        """A number from low to high, both included."""
        return low + scaled(self.bits(), high - low + 1)

    def chance(self, times: int, out_of: int) -> bool:
        """True `times` in `out_of` throws on average."""
        return scaled(self.bits(), out_of) < times

    def _place(self, pick: Pick, count: int) -> int:
        return place(self.bits(), count) if pick is None else pick(self.bits(), count)

    def pick(self, choices: Sequence[T]) -> T:
        return choices[place(self.bits(), len(choices))]

    def market(self, *, accounts: int = 2) -> Market:
        """One asset of one ledger with at least that many accounts; busier with more accounts."""
        markets = self.stage.markets_with(accounts)
        return markets[self._place(self.stage.pick_market, len(markets))]

    def pair(self, payer_role: str, payee_role: str) -> tuple[AccountRef, AccountRef]:
        """Two different accounts of one market; where nobody has the role, its stand-in or anybody plays it."""
        stage = self.stage
        pairings = stage.pairings.get((payer_role, payee_role)) or stage.pair_up(payer_role, payee_role)
        if stage.pick_market is None:
            # What an even choice leaves of its bits is as good as new for the next one.
            bits, count = self.bits(), len(pairings)
            payers, pick_payer, payees, pick_payee = pairings[place(bits, count)]
            bits = left_over(bits, count)
        else:
            payers, pick_payer, payees, pick_payee = pairings[self._place(stage.pick_market, len(pairings))]
            bits = self.bits()
        payer = payers[place(bits, len(payers)) if pick_payer is None else pick_payer(bits, len(payers))]
        at = self._place(pick_payee, len(payees))
        payee = payees[at]
        return payer, payee if payee is not payer else payees[(at + 1) % len(payees)]

    def member(self, market: Market, role: str, *, but: AccountRef | None = None) -> AccountRef:
        """An account of that role in the market, chosen by the stage's skew."""
        crowd = market.crowd(role)
        if len(crowd) == 1 and crowd[0] is but:
            crowd = market.accounts
        at = self._place(self.stage.pick(role), len(crowd))
        if crowd[at] is but:
            at = (at + 1) % len(crowd)
        return crowd[at]

    def crowd(self, market: Market, size: int, *, but: AccountRef | None = None, role: str = "") -> list[AccountRef]:
        """Up to `size` different accounts of the market (of a role, where one is named), without `but`."""
        everybody = market.crowd(role) if role else market.accounts
        start = self.below(len(everybody))
        # One more than asked for, since `but` may be among them; those after the last are the first.
        found = everybody[start : start + size + 1]
        if len(found) <= size:
            found += everybody[: min(start, size + 1 - len(found))]
        return [account for account in found if account is not but][:size]

    def bound_to(self, account: AccountRef, crowd: Crowd, *, tie: str) -> AccountRef:
        """The one among `crowd` whom an account is tied to for good: its employer, its landlord, its gym."""
        at = self.tied(account, tie=tie) % len(crowd)
        chosen = crowd[at]
        return crowd[(at + 1) % len(crowd)] if chosen is account else chosen

    def home(self, market: Market) -> Crowd:
        """Customers who live together: three neighbours share a home, the last one may be smaller."""
        customers = market.crowd("customer")
        first = self._place(self.stage.pick("customer"), len(customers)) // 3 * 3
        return customers[first : first + 3]

    def amount(self, account: AccountRef, *, dollars: int = MEDIAN_DOLLARS, shape: Shape = "everyday") -> int:
        """Minor units of an amount in the account's asset, its median worth so many dollars; often a round number."""
        return self._amount(account, dollars, shape)

    def _amount(self, account: AccountRef, dollars: int, shape: Shape) -> int:
        stage, scale, bits = self.stage, account.scale, self.bits()
        table = stage.tables.get((account.asset, scale, shape)) or stage.table(account.asset, scale, shape)
        units = table[bits & (PLACES - 1)]
        if dollars != MEDIAN_DOLLARS:
            units = max(1, units * dollars // MEDIAN_DOLLARS)
        if stage.whole_units or not (bits >> 10) & 3:
            whole: int = 10**scale
            return max(whole, units - units % whole)
        return units

    def tied(self, account: AccountRef, *, tie: str) -> int:
        """64 bits that are the same whenever this account is asked for them under that name."""
        return mix64(account.index * GOLDEN + _number_of(tie) & MASK)

    def usual(self, account: AccountRef, *, dollars: int, tie: str) -> int:
        """An amount that is the same whenever this account pays it: its rent, its salary. In minor units."""
        stage, scale = self.stage, account.scale
        table = stage.tables.get((account.asset, scale, "regular")) or stage.table(account.asset, scale, "regular")
        whole: int = 10**scale if stage.whole_units else 1
        units = table[self.tied(account, tie=tie) & (PLACES - 1)] * dollars // MEDIAN_DOLLARS
        return max(whole, units - units % whole)

    def exchange(self) -> tuple[Pair, Quote] | None:
        """Two assets of one ledger and the price; None where no ledger has two."""
        pairs = self.stage.desk.pairs
        if not pairs:
            return None
        pair = self.pick(pairs)
        return pair, self.stage.desk.quote(pair, arrival=self.arrival)

    def moment(self) -> str:
        """A moment of the past for a dated transaction (RFC 3339)."""
        return self.stage.almanac.moment(self.bits())
