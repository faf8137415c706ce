"""What a transaction request asks for, whatever it was spelled in (contract 4). Values only.

May import: demogen.sandbox.exact.
"""

from __future__ import annotations

from decimal import Decimal
from hashlib import sha256
from typing import Any

import msgspec

from demogen.sandbox import exact

_encode = msgspec.json.Encoder(order="sorted").encode


class Leg(msgspec.Struct, gc=False):
    """One entry of a side: an amount, or a share (percentage not 0), or else what remains."""

    alias: str
    name: str = "default"
    amount: Decimal | None = None
    percentage: int = 0
    of_percentage: int = 100
    description: str = ""
    chart: str = ""
    metadata: dict[str, Any] | None = None
    route: str = ""
    route_id: str | None = None
    unused: list[Any] | None = None  # what has no effect, but is part of the fingerprint

    @property
    def is_remaining(self) -> bool:
        return self.amount is None and self.percentage == 0


class Order(msgspec.Struct):
    """A transaction as it was asked for."""

    kind: str  # json, annotation, block, unblock
    description: str
    code: str
    group_name: str
    pending: bool
    metadata: dict[str, Any] | None
    date_us: int | None
    route: str
    route_id: str | None
    asset: str
    value: Decimal
    sources: list[Leg]
    targets: list[Leg]
    skip_fees: bool = False
    skip_tracer: bool = False
    parent: int | None = None
    asked_pending: bool = False  # as sent: some kinds ignore it, the fingerprint does not


def fingerprint(order: Order) -> str:
    """A hash of what the order says: key order and number spelling do not matter, all content does (contract 6)."""
    content = (
        order.description, order.code, order.group_name, order.pending or order.asked_pending, order.metadata,
        order.date_us, order.route, order.route_id, order.asset, exact.text(order.value),
        [_say(leg) for leg in order.sources], [_say(leg) for leg in order.targets],
    )  # fmt: skip
    return sha256(_encode(content)).hexdigest()


def _say(leg: Leg) -> tuple[object, ...]:
    amount = None if leg.amount is None else exact.text(leg.amount)
    return (
        leg.alias, leg.name, amount, leg.percentage, leg.of_percentage, leg.description, leg.chart, leg.metadata,
        leg.route, leg.route_id, leg.unused,
    )  # fmt: skip
