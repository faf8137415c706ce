"""Goes one step on in a script. Where a C compiler was at hand, `steps.pyx` stands in for this file: the same steps,
without an exception for each script that ends. May import: nothing from demogen but types.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from demogen.contract.outcome import Receipt
    from demogen.contract.transactions import Intent
    from demogen.patterns.base import Pause, Script


def next_step(script: Script, receipt: Receipt | None) -> Intent | Pause | None:
    """What the script wants next once it is told `receipt` (None: it begins); None where it has ended."""
    try:
        return next(script) if receipt is None else script.send(receipt)
    except StopIteration:
        return None
