"""How legs become amounts, and when two sides do not make a transaction (contract 4.1, 4.2).

May import: demogen.sandbox.exact, demogen.sandbox.refusal, demogen.sandbox.engine.order.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from demogen.sandbox import exact
from demogen.sandbox.engine.order import Leg, Order
from demogen.sandbox.refusal import Refusal

_JUDGE = "ValidateSendSourceAndDistribute"


def resolve(total: Decimal, legs: Sequence[Leg]) -> tuple[list[Decimal], Decimal]:
    """The amount of each leg (zero makes no operation) and their sum, in list order (contract 4.1)."""
    rest, sum_, amounts = total, exact.ZERO, []
    for leg in legs:
        if leg.amount is not None:
            amount = leg.amount if leg.amount > 0 else exact.ZERO
            rest = exact.subtract(rest, amount)
        elif leg.percentage:
            amount = exact.share(total, leg.percentage, leg.of_percentage)
            rest = exact.subtract(rest, amount)
        else:
            amount = rest
        sum_ = exact.add(sum_, amount)
        amounts.append(amount)
    return amounts, sum_


def amounts_of(order: Order) -> tuple[list[Decimal], list[Decimal]]:
    """Both sides' amounts; 0090 when a balance faces itself, 0073 when a side does not make the value."""
    sources, sent = resolve(order.value, order.sources)
    targets, received = resolve(order.value, order.targets)
    for place, (source, target) in enumerate(zip(order.sources, order.targets, strict=False)):
        same = source.alias == target.alias and source.name == target.name
        if same and (sources[place] or targets[place] or source.is_remaining or target.is_remaining):
            raise Refusal("0090", entity=_JUDGE)
    if sent != order.value or received != order.value:
        raise Refusal("0073", entity=_JUDGE)
    return sources, targets
