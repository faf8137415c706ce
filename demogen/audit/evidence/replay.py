"""A journal played again against another ledger: the same requests in the same order, on fresh ledgers of their own.

One request after the other, not at the old pace: what is compared is what the ledger says and whether its books hold.
May import: `reproduce`, `units`, `ground`.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from demogen.audit.evidence.reproduce import Stand
from demogen.audit.evidence.units import units_of
from demogen.audit.ground import Ground
from demogen.audit.verdict import Verdict
from demogen.contract.money import atto_of_text

_SHOWN = 10


class Replayed(msgspec.Struct, frozen=True):
    """What came of one ledger's requests. `otherwise` are marks of those that were answered otherwise than before."""

    ledger_id: str
    requests: int
    otherwise: tuple[str, ...]
    verdict: Verdict
    violated: tuple[str, ...]

    @property
    def alike(self) -> bool:
        """Whether every request was answered as before, and the books hold."""
        return not self.otherwise and self.verdict is Verdict.HOLDS


def replay(ground: Ground, stand: Stand, *, limit: int) -> Iterator[Replayed]:
    """Play the first `limit` requests of each ledger of an audited run again; a result for each."""
    for row, ledger_id in ground.rows("select ledger, ledger_id from plan.ledgers order by ledger"):
        keys = ground.rows(
            "select key_id from facts.requests where ledger = ? and doubtful = 0 order by sent_ns, key_id limit ?",
            [row, limit],
        )
        units = units_of(ground, [key for (key,) in keys])
        if not units:
            continue
        opened = ground.rows(
            "select alias, money_text(available) from opening.balances where ledger = ? and balance_key = 'default'",
            [row],
        )
        funds = {alias: atto_of_text(amount) for alias, amount in opened}
        played = stand.play(units, rounds=1, funds=funds)
        otherwise = [unit.mark for unit, now in zip(units, played.accepted, strict=True) if unit.accepted != now]
        yield Replayed(
            ledger_id,
            len(units),
            tuple(otherwise[:_SHOWN]),
            played.report.verdict,
            tuple(sorted(played.report.violated)),
        )
