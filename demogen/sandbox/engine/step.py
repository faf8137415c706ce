"""One step of one transaction, ready to be written: what planning hands to booking. Values only.

May import: demogen.sandbox.engine.planning, demogen.sandbox.store.
"""

from __future__ import annotations

from dataclasses import dataclass

from demogen.sandbox.engine.planning import State
from demogen.sandbox.store.balances import Balance
from demogen.sandbox.store.journal import Operation, Transaction


@dataclass(slots=True)
class Step:
    """A create, commit or cancel; `after` maps balance keys to the state they get."""

    transaction: Transaction
    operations: list[Operation]
    after: dict[int, tuple[Balance, State]]
    is_new: bool
    hold: str | None = None  # legs to keep until commit or cancel
    releases: bool = False  # the kept legs are done with
    lost: bool = False  # a defect: answered, and never written
    then: Exception | None = None  # a defect: what is answered after writing
