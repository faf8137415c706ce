"""What a look at the books shows while the load runs, as a value that travels: a line of JSON each. Judges nothing.

May import: nothing from demogen.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of one look: bounds by asset as decimal texts, and each ledger where money is surely amiss.

    `at_s` is unix time; `trouble` says why there was nothing to see, "" otherwise.
    """

    at_s: float
    assets: dict[str, tuple[str, str]] = {}
    amiss: list[str] = []
    trouble: str = ""


def as_line(sight: Sight) -> str:
    """`14:03:22  EUR 0 · USD -12.5 … 10`, and what is amiss."""
    moment = f"{datetime.fromtimestamp(sight.at_s, UTC):%H:%M:%S}"
    if sight.trouble:
        return f"{moment}  nothing to see: {sight.trouble}"
    assets = [
        f"{asset} {low}" if low == high else f"{asset} {low} … {high}" for asset, (low, high) in sight.assets.items()
    ]
    return f"{moment}  " + " · ".join(assets) + "".join(f"\n          AMISS in {words}" for words in sight.amiss)
