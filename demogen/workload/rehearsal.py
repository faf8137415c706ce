"""A rehearsal: the first scripts of a run played without a ledger, to learn what they will need.

Every intent that expects success is taken as accepted. How far below zero each script would take an account, scaled to
the whole run with a margin, is what that account must have, so that none runs dry by construction (design 4.2).
May import: contract, patterns, `workload.mix`, `workload.till`.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

import msgspec

from demogen.contract.outcome import Outcome, Receipt
from demogen.contract.transactions import AccountRef, Intent
from demogen.errors import PreflightFailed
from demogen.patterns import Pattern, Pause, Stage
from demogen.patterns.dice import Dice
from demogen.patterns.markets import Market
from demogen.patterns.mixing import GOLDEN, MASK
from demogen.patterns.steps import next_step
from demogen.workload.mix import Mix
from demogen.workload.till import Till

_SCRIPTS = 4_000
#: Where most of a mix only reads it takes more scripts to see who pays.
_WRITES = 4_000
_SCRIPTS_MAX = 40_000
_MARGIN = 4.0
#: An account has this many times the most that one script takes, whatever the rest says.
_SPARE = 20
#: A script of more intents than this does not end.
_INTENTS_MAX = 10_000
#: So often a pattern may find nobody to play it before that is no accident.
_TRIES = 50


class Need(msgspec.Struct, frozen=True):
    """What an account must have available before the load, in minor units of its asset."""

    account: AccountRef
    units: int


def rehearse(mix: Mix, stage: Stage, *, seed: int, scripts: int = _SCRIPTS) -> Iterator[Intent]:
    """The intents of the first scripts, as if the ledger accepted whatever is meant to be accepted."""
    for number in range(scripts):
        dice = Dice(stage, seed=seed, arrival=number)
        yield from play_alone(mix.patterns[mix.draw(dice)], dice)


def play_alone(pattern: Pattern, dice: Dice, *, heard: Callable[[Receipt], None] | None = None) -> Iterator[Intent]:
    """The intents of one script, each answered as it expects; `heard` is told the receipts.

    Raises PreflightFailed where the script does not end.
    """
    script = pattern.play(dice)
    receipt: Receipt | None = None
    for place in range(_INTENTS_MAX):
        step = next_step(script, receipt)
        if step is None:
            return
        if isinstance(step, Pause):
            receipt = receipt or _receipt(dice.arrival, place, refused=False)
            continue
        yield step
        receipt = _receipt(dice.arrival, place, refused=step.expects_refusal)
        if heard is not None:
            heard(receipt)
    raise PreflightFailed(f"a script of the pattern {pattern.name!r} does not end", hint="let it return some time")


def needs(mix: Mix, stage: Stage, *, seed: int, arrivals: int) -> list[Need]:
    """What every account of the stage needs for a run of that many arrivals.

    Raises PreflightFailed where a pattern of the mix finds nobody to play it in this population.
    """
    takes: dict[int, int] = defaultdict(int)
    largest: dict[str, int] = defaultdict(int)
    tries: dict[str, int] = defaultdict(int)
    played: dict[str, int] = defaultdict(int)
    writes = 0
    # A long run meets what is rare and dear often enough to run an account dry that was never seen to pay it.
    enough = max(_WRITES, min(arrivals, _SCRIPTS_MAX))
    for number in range(_SCRIPTS_MAX):
        if writes >= enough and number >= _SCRIPTS:
            break
        # From all along the run, since its mix may drift: multiples of the golden ratio lie evenly.
        dice = Dice(stage, seed=seed, arrival=(number * GOLDEN & MASK) * max(1, arrivals) >> 64)
        pattern = mix.patterns[mix.draw(dice)]
        till, before = Till(), writes
        tries[pattern.name] += 1
        for intent in play_alone(pattern, dice, heard=till.settle):
            played[pattern.name] += 1
            writes += intent.action.is_write
            till.ask(intent)
        if writes > before:
            for account, units in till.shortages():
                takes[account.index] += units
                largest[account.asset] = max(largest[account.asset], units)
    _require_players(tries, played)
    ratio = _MARGIN * max(1.0, arrivals / max(1, writes))
    return [need for market in stage.markets for need in _of_market(market, takes, ratio, largest[market.asset])]


def _of_market(market: Market, takes: Mapping[int, int], ratio: float, largest: int) -> Iterator[Need]:
    """Each account as much as it was seen to take, or as its role takes on average, whichever is more."""
    totals: dict[str, int] = defaultdict(int)
    heads: dict[str, int] = defaultdict(int)
    for account in market.accounts:
        totals[account.role] += takes.get(account.index, 0)
        heads[account.role] += 1
    for account in market.accounts:
        usual = totals[account.role] // heads[account.role]
        yield Need(account, math.ceil(ratio * max(usual, takes.get(account.index, 0))) + _SPARE * largest)


def _require_players(tries: Mapping[str, int], played: Mapping[str, int]) -> None:
    idle = sorted(name for name, count in tries.items() if count >= _TRIES and not played.get(name))
    # Where nothing was played at all, few tries are proof enough.
    idle = idle or sorted(tries) if not sum(played.values()) else idle
    if idle:
        raise PreflightFailed(
            f"the pattern {idle[0]!r} finds nobody to play it in this population",
            hint="generate a larger population, or leave the pattern out of the mix",
        )


def _receipt(number: int, place: int, *, refused: bool) -> Receipt:
    identity = f"00000000-0000-7000-8000-{(number * _INTENTS_MAX + place) % 16**12:012x}"
    return Receipt(
        Outcome.REJECTED if refused else Outcome.ACCEPTED,
        422 if refused else 201,
        "",
        identity,
        False,
        True,
        f"rehearsal-0-{number}",
    )
