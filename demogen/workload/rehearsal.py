"""A rehearsal: the first scripts of a run played without a ledger, to learn what they will need.

Every intent that expects success is taken as accepted. The outflow seen, scaled to the whole run with a margin, is
what each account must have, so that none runs dry by construction (design 4.2). May import: contract, patterns,
`workload.mix`.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator

import msgspec

from demogen.contract.outcome import Outcome, Receipt
from demogen.contract.transactions import AccountRef, Action, Intent
from demogen.patterns import Dice, Pause, Stage
from demogen.workload.mix import Mix

_SCRIPTS = 4_000
_MARGIN = 2.0


class Need(msgspec.Struct, frozen=True):
    """What an account must have available before the load, in minor units of its asset."""

    account: AccountRef
    units: int


def rehearse(mix: Mix, stage: Stage, *, seed: int, scripts: int = _SCRIPTS) -> Iterator[Intent]:
    """The intents of the first scripts, as if the ledger accepted whatever is meant to be accepted."""
    for number in range(scripts):
        dice = Dice(stage, seed=seed, arrival=number)
        script = mix.patterns[mix.draw(dice)].play(dice)
        receipt: Receipt | None = None
        while True:
            try:
                step = next(script) if receipt is None else script.send(receipt)
            except StopIteration:
                break
            if isinstance(step, Pause):
                receipt = receipt or _receipt(Outcome.ACCEPTED, number)
                continue
            yield step
            receipt = _receipt(Outcome.REJECTED if step.expects_refusal else Outcome.ACCEPTED, number)


def needs(mix: Mix, stage: Stage, *, seed: int, arrivals: int) -> list[Need]:
    """What every account of the stage needs for a run of that many arrivals."""
    outflow: dict[int, int] = defaultdict(int)
    largest: dict[str, int] = defaultdict(int)
    played = 0
    for intent in rehearse(mix, stage, seed=seed):
        if not intent.action.is_write:
            continue
        played += 1
        if intent.action not in (Action.CREATE, Action.OUTFLOW) or intent.expects_refusal:
            continue
        largest[intent.asset] = max(largest[intent.asset], intent.units)
        for leg in intent.sources:
            outflow[leg.account.index] += leg.units or 0
        # A refund or reversal takes from whoever was paid.
        for leg in intent.targets:
            outflow[leg.account.index] += (leg.units or intent.units) // 10
    ratio = max(1.0, arrivals / max(1, played))
    found = []
    for market in stage.markets:
        spare = 20 * largest[market.asset]
        found += [
            Need(account, math.ceil(_MARGIN * ratio * outflow[account.index]) + spare) for account in market.accounts
        ]
    return found


def _receipt(outcome: Outcome, number: int) -> Receipt:
    identity = f"00000000-0000-7000-8000-{number:012x}"
    return Receipt(
        outcome, 201 if outcome is Outcome.ACCEPTED else 422, "", identity, False, True, f"rehearsal-0-{number}"
    )
