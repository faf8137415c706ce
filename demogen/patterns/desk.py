"""The exchange desk: what one asset costs in another, with a spread, over two hops where no rate leads there straight.

Rates are the population's, which the server stores and never applies (contract 3.7); where it has none they follow
from what the assets are worth. They drift a little with the arrivals, so that a refresh has something to say. May
import: contract, population.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from demogen.contract.money import POWERS
from demogen.patterns.markets import Market
from demogen.patterns.mixing import mix64
from demogen.patterns.values import dollars_per_unit
from demogen.population.extras import Extras

_SPREAD_BP = 40
_DRIFT_BP = 50
#: A rate stands for so many arrivals.
_EPOCH_BITS = 12


class Pair(NamedTuple):
    """Two assets that one ledger can exchange, and the market in between where it takes two hops."""

    source: Market
    target: Market
    middle: Market | None


class Quote(NamedTuple):
    """One unit of the source buys `rate` units of the target; the house keeps `spread_bp` basis points of it.

    `told` is the price as metadata.
    """

    rate: Fraction
    spread_bp: int
    told: tuple[tuple[str, str], ...]

    def bought(self, units: int, *, from_scale: int, to_scale: int) -> int:
        """Minor units of the target for so many of the source, the spread taken off; rounded down, at least one."""
        numerator = units * self.rate.numerator * (10_000 - self.spread_bp) * POWERS[to_scale]
        return max(1, numerator // (self.rate.denominator * 10_000 * POWERS[from_scale]))


class Desk:
    """Every pair a population can exchange."""

    def __init__(self, markets: Sequence[Market], extras: Extras) -> None:
        self._rates = {(one.ledger, one.source, one.target): (one.value, one.spread_bp) for one in extras.rates}
        self.pairs = [pair for crowd in _by_ledger(markets) for pair in self._pairs(crowd)]
        self._quotes: dict[tuple[int, str, str], tuple[int, Quote]] = {}

    def quote(self, pair: Pair, *, arrival: int) -> Quote:
        """The price of a pair at an arrival; the same on every worker."""
        source, target = pair.source, pair.target
        epoch, place = arrival >> _EPOCH_BITS, (source.ledger.index, source.asset, target.asset)
        kept = self._quotes.get(place)
        if kept is None or kept[0] != epoch:
            kept = self._quotes[place] = (epoch, self._quoted(pair, epoch))
        return kept[1]

    def _quoted(self, pair: Pair, epoch: int) -> Quote:
        source, target = pair.source, pair.target
        if pair.middle is None:
            rate, spread_bp = self._rate(source, target)
        else:
            first, first_bp = self._rate(source, pair.middle)
            second, second_bp = self._rate(pair.middle, target)
            rate, spread_bp = first * second, first_bp + second_bp
        drift_bp = mix64(epoch * 2_654_435_761 + source.ledger.index) % (2 * _DRIFT_BP + 1) - _DRIFT_BP
        drifted = rate * (10_000 + drift_bp) / 10_000
        told = (("fx_rate", f"{drifted.numerator}/{drifted.denominator}"), ("fx_spread", str(spread_bp)))
        return Quote(drifted, spread_bp, told)

    def _rate(self, source: Market, target: Market) -> tuple[Fraction, int]:
        known = self._known(source, target)
        return known or (dollars_per_unit(source.asset) / dollars_per_unit(target.asset), _SPREAD_BP)

    def _known(self, source: Market, target: Market) -> tuple[Fraction, int] | None:
        ledger = source.ledger.index
        straight = self._rates.get((ledger, source.asset, target.asset))
        if straight is not None:
            return straight
        back = self._rates.get((ledger, target.asset, source.asset))
        return (1 / back[0], back[1]) if back is not None else None

    def _pairs(self, crowd: Sequence[Market]) -> list[Pair]:
        return [Pair(a, b, self._middle(a, b, crowd)) for a in crowd for b in crowd if a is not b]

    def _middle(self, source: Market, target: Market, crowd: Sequence[Market]) -> Market | None:
        """The market over which two rates lead there, where no single one does."""
        if self._known(source, target) is not None:
            return None
        for one in crowd:
            if one is not source and one is not target and self._known(source, one) and self._known(one, target):
                return one
        return None


def _by_ledger(markets: Sequence[Market]) -> list[list[Market]]:
    ledgers: dict[int, list[Market]] = {}
    for market in markets:
        if len(market.accounts) > 1:
            ledgers.setdefault(market.ledger.index, []).append(market)
    return list(ledgers.values())
