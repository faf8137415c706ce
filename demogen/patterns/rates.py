"""Rates: the desk publishes what a pair of assets costs now. Expects to be accepted; rides along.

The time to live is always sent: without it v3.8.0 ends its own process (contract 3.7).
"""

from demogen.contract.entities import AssetRateInput
from demogen.contract.transactions import Action, Intent
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice

_SCALE = 8
_TTL_S = 3600


def play(dice: Dice) -> Script:
    offer = dice.exchange()
    if offer is None:
        return
    pair, quote = offer
    rate = AssetRateInput(
        source_asset=pair.source.asset,
        target_asset=pair.target.asset,
        rate=max(1, int(quote.rate * 10**_SCALE)),
        scale=_SCALE,
        ttl=_TTL_S,
        source="demogen desk",
        metadata={"spread_bp": quote.spread_bp},
    )
    yield Intent(action=Action.ENTITY, ledger=pair.source.ledger, route="asset_rate.put", entity=rate)


PATTERN = Pattern(name="rates", weight=1, play=play, reads_only=True)
