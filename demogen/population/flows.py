"""The kinds of booking a population's first transactions are made of: a table.

May import: nothing from demogen.
"""

from __future__ import annotations

from typing import NamedTuple


class Flow(NamedTuple):
    """One kind of booking. `targets` are roles; several share the amount. `cents` is the median, in US cents.

    `weight` is the mean: in a history that ages it goes from `weight` − `drift` to `weight` + `drift`.
    """

    weight: int
    source: str
    targets: tuple[str, ...]
    cents: int
    spread: int
    description: str
    drift: int = 0


FLOWS = {
    "payment": Flow(46, "customer", ("merchant",), 4_200, 950, "card payment", 4),
    "transfer": Flow(22, "customer", ("customer",), 9_000, 1_100, "transfer", 2),
    "split": Flow(9, "customer", ("merchant", "fee"), 6_500, 900, "marketplace sale"),
    "deposit": Flow(6, "", ("customer",), 45_000, 900, "cash deposit", -3),
    "withdrawal": Flow(5, "customer", ("",), 12_000, 600, "cash withdrawal", -3),
    "fee": Flow(4, "customer", ("fee",), 350, 400, "service fee"),
    "refund": Flow(3, "merchant", ("customer",), 3_800, 900, "refund"),
    "settlement": Flow(3, "merchant", ("settlement",), 60_000, 700, "merchant settlement"),
    "interest": Flow(2, "treasury", ("savings",), 25_000, 800, "interest for a month"),
    "payroll": Flow(2, "expense", ("customer", "customer", "customer"), 900_000, 250, "payroll"),
}
