"""Where scripts play: the population arranged for drawing. Built once a run, read by every script.

Holds no chance of its own: whoever draws brings the bits. May import: contract, population.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from demogen.contract.transactions import AccountRef, Leg
from demogen.errors import PreflightFailed
from demogen.patterns.almanac import Almanac
from demogen.patterns.desk import Desk
from demogen.patterns.flows import Flows
from demogen.patterns.markets import Crowd, Market, markets_of
from demogen.patterns.values import Shape, amounts
from demogen.population.directory import Population
from demogen.population.extras import Extras
from demogen.population.skew import Skew, Uniform

#: More tickets than this for a draw would cost memory and change nothing.
_TICKETS_MAX = 8192

#: (64 bits, count) to a place; None: all alike.
Pick = Callable[[int, int], int] | None


#: Who may pay whom in one market, and how each side is chosen: payers, pick, payees, pick.
Pairing = tuple[Crowd, Pick, Crowd, Pick]


class Stage:
    """All markets of a population, drawn in proportion to their accounts.

    `skew` says how unevenly accounts are busy: one for all, or by role; the role "market" stands for the choice of the
    market. `whole_units` restricts amounts to whole major units, which is all the DSL can spell (contract 9).
    Raises PreflightFailed where no market has two accounts: nobody could pay anybody.
    """

    def __init__(
        self,
        accounts: Sequence[AccountRef],
        *,
        skew: Skew | Mapping[str, Skew] | None = None,
        whole_units: bool = False,
        extras: Extras | None = None,
        almanac: Almanac | None = None,
    ) -> None:
        self.whole_units = whole_units
        self.markets = markets_of(accounts)
        self.almanac = almanac or Almanac()
        self.flows = Flows(extras or Extras())
        #: A year's interest in basis points, by account.
        self.interest_bp = extras.interest_bp if extras else {}
        self.desk = Desk(self.markets, extras or Extras())
        self._skews = skew if isinstance(skew, Mapping) else {"": skew or Uniform()}
        self._else = self._skews.get("") or Uniform()
        self._tickets: dict[int, Sequence[Market]] = {}
        self.pairings: dict[tuple[str, str], list[Pairing]] = {}
        self.tables: dict[tuple[str, int, Shape], tuple[int, ...]] = {}
        #: An employer's people and what each earns, by its account; worked out when it first pays them.
        self.payrolls: dict[int, tuple[Leg, ...]] = {}
        self.pick_market: Pick = _pick_of(self._skews["market"]) if "market" in self._skews else None
        if not any(len(market.accounts) > 1 for market in self.markets):
            raise PreflightFailed(
                "the population has no ledger with two accounts in one asset", hint="generate a larger population"
            )

    @classmethod
    def of(
        cls,
        population: Population,
        *,
        skew: Skew | Mapping[str, Skew] | None = None,
        whole_units: bool = False,
    ) -> Stage:
        """The stage of a population, with its rates, its routes and its history."""
        end, days = population.about.get("history_end", ""), int(population.about.get("history_days", "0") or 0)
        almanac = Almanac(date.fromisoformat(end), days=days) if end and days else None
        return cls(population.accounts, skew=skew, whole_units=whole_units, extras=population.extras, almanac=almanac)

    def pick(self, role: str) -> Pick:
        """How a player of that role is chosen among its crowd."""
        return _pick_of(self._skews.get(role) or self._else)

    def markets_with(self, accounts: int) -> Sequence[Market]:
        """Markets with at least that many accounts (or the fullest there are), one ticket for each account."""
        tickets = self._tickets.get(accounts)
        if tickets is None:
            fullest = max((len(market.accounts) for market in self.markets), default=0)
            least = min(accounts, max(fullest, 2))
            tickets = self._tickets[accounts] = self._ticketed(least)
        return tickets

    def pair_up(self, payer_role: str, payee_role: str) -> list[Pairing]:
        """Who can play the two roles, in every market with two accounts; one ticket for each account."""
        found = {
            id(market): self._pairing(market, payer_role, payee_role)
            for market in self.markets
            if len(market.accounts) > 1
        }
        tickets = self.pairings[payer_role, payee_role] = [found[id(market)] for market in self.markets_with(2)]
        return tickets

    def table(self, asset: str, scale: int, shape: Shape) -> tuple[int, ...]:
        """1,024 equally likely amounts around 25 dollars' worth, in minor units (≥ 1)."""
        table = self.tables.get((asset, scale, shape))
        if table is None:
            table = self.tables[asset, scale, shape] = amounts(asset, scale=scale, shape=shape)
        return table

    def _ticketed(self, least: int) -> list[Market]:
        markets = [market for market in self.markets if len(market.accounts) >= least]
        total = sum(len(market.accounts) for market in markets)
        share = max(1, -(-total // _TICKETS_MAX))
        return [market for market in markets for _ in range(max(1, len(market.accounts) // share))]

    def _pairing(self, market: Market, payer_role: str, payee_role: str) -> Pairing:
        payers, payees = market.crowd(payer_role), market.crowd(payee_role)
        if len(payees) == 1 and payees[0] in payers:
            # The only payee never pays itself: somebody else does, or is paid.
            others = tuple(account for account in payers if account is not payees[0])
            payers, payees = (others, payees) if others else (payers, _but(market.accounts, payers[0]))
        return payers, self.pick(payer_role), payees, self.pick(payee_role)


def _pick_of(skew: Skew) -> Pick:
    return None if isinstance(skew, Uniform) else skew.pick


def _but(accounts: Crowd, one: AccountRef) -> Crowd:
    return tuple(account for account in accounts if account is not one)
