"""The quick way to the commonest bodies: here there is none, and `wire` spells everything.

Where a C compiler was at hand, `bodies.pyx` stands in for this file and spells them byte for byte as `wire` does.
May import: `transactions`.
"""

from __future__ import annotations

from demogen.contract.transactions import Intent


def everyday_body(intent: Intent, mark: str, heads: dict[int, str], texts: dict[str, str]) -> bytes | None:  # noqa: ARG001
    """The JSON of a transaction of few legs and no options; None where it takes `wire` to spell it.

    `heads` are the beginnings of legs by account, `texts` the spelled descriptions: as far as `wire` has met them.
    """
    return None
