"""Is every cent still there, while the load runs? An interval for what is missing or too much, by asset.

Balances cannot be read all at once, so money that moves during a look makes its sum uncertain by at most that much:
the interval is the sum's change since the opening, give or take it. Zero outside the interval is a loss. Where two
looks in a row see the same, nothing moved between them, and the interval is one number. Reads are few and patient: a
ledger that labours is looked at less. May import: `client`, `contract`, `clock`, `errors`, the rest of this room.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import msgspec

from demogen.audit.opening import opening_worth
from demogen.audit.pages import BalanceItem
from demogen.audit.sweep import Sweeper
from demogen.audit.underway import Moved, Pot, Underway
from demogen.client.crew import Crew
from demogen.clock import NS_PER_S, Clock
from demogen.contract.money import ATTO_SCALE, units_text
from demogen.contract.transactions import LedgerRef
from demogen.errors import IntegrityUnknown, LedgerUnreachable, UsageError
from demogen.record.sight import Sight

#: At most this share of the time is spent on reading, one request after the other.
_BUSY_SHARE = 0.1
_PAUSE_MAX_S = 60.0
#: So long a look waits for the journals to tell what was under way in it.
_JOURNALS_WITHIN_NS = 6 * NS_PER_S
#: Looks after the load, until two see the same.
_LAST_LOOKS = 20
_LAST_PAUSE_S = 0.1
_NAP_S = 0.1

_State: TypeAlias = tuple[str, int, str, str]


class Interval(msgspec.Struct, frozen=True):
    """What balances are worth together, less what they were before the load: between these two, in atto units."""

    low: int
    high: int

    @property
    def conserved(self) -> bool:
        """Whether nothing need be missing or too much."""
        return self.low <= 0 <= self.high


class Look(msgspec.Struct, frozen=True):
    """The change since the opening that one look found, in atto units. Times are unix time in ns."""

    began_ns: int
    ended_ns: int
    change: dict[Pot, int]
    states: dict[Pot, list[_State]]

    def intervals(self, moved: Moved, *, at_rest: frozenset[Pot] = frozenset()) -> dict[Pot, Interval]:
        """Uncertain by what `moved` during the look; exact where a balance's pot is `at_rest`."""
        told: dict[Pot, Interval] = {}
        for pot, change in self.change.items():
            if pot in at_rest:
                told[pot] = Interval(change, change)
            elif pot[0] not in moved.unknown:
                give = moved.atto.get(pot, 0)
                told[pot] = Interval(change - give, change + give)
        return told

    def same_as(self, other: Look) -> frozenset[Pot]:
        """Pots whose balances stood still from one look to the other: then each look saw one moment of them."""
        return frozenset(pot for pot, states in self.states.items() if other.states.get(pot) == states)


class Watch:
    """Looks at the ledgers of a run again and again. Costs one read for each hundred balances and look."""

    def __init__(
        self, opening: Path, *, ledgers: Sequence[LedgerRef], crew: Crew, sweeper: Sweeper, clock: Clock
    ) -> None:
        """`opening` is what `read_opening` saved. Raises RunFolderError where it cannot be read."""
        self._ledgers = ledgers
        self._crew = crew
        self._sweeper = sweeper
        self._clock = clock
        self._before = {pot: worth for pot, worth in opening_worth(opening).items() if pot[0] in _rows(ledgers)}

    def look(self) -> Look:
        """Read every balance once. Raises LedgerUnreachable and IntegrityUnknown where reading fails."""
        began_ns = self._clock.wall_ns()
        worth: dict[Pot, int] = {}
        states: dict[Pot, list[_State]] = {}

        def take(ledger: LedgerRef, items: list[BalanceItem]) -> None:
            for item in items:
                pot = (ledger.index, item.asset_code)
                worth[pot] = worth.get(pot, 0) + _worth(item)
                states.setdefault(pot, []).append((item.id, *item.state))

        for _count in self._crew.run(self._sweeper.balances(ledger, take) for ledger in self._ledgers):
            pass
        for seen in states.values():
            seen.sort()
        change = {
            pot: worth.get(pot, 0) - self._before.get(pot, 0) for pot in sorted(worth.keys() | self._before.keys())
        }
        return Look(began_ns, self._clock.wall_ns(), change, states)


def vigil(
    watch: Watch, underway: Underway, *, clock: Clock, every_s: float, over: Callable[[], bool]
) -> Iterator[Sight]:
    """Look while the load runs, and once it is `over` until the ledger is at rest; what each look showed.

    A look is told once the next is done: by then the journals say what was under way. Raises RunFolderError where a
    file among the journals is none.
    """
    waiting: list[tuple[Look, frozenset[Pot]]] = []
    last: Look | None = None
    looks_left, pause_s, ending = _LAST_LOOKS, every_s, False
    while looks_left:
        ended_before, ending = ending, over()
        try:
            look = watch.look()
        except (LedgerUnreachable, IntegrityUnknown) as error:
            yield Sight(at_s=clock.wall_ns() / NS_PER_S, trouble=str(error))
            if ending:
                return
            last, pause_s = None, min(_PAUSE_MAX_S, 2 * pause_s)
            _pause(pause_s, clock=clock, over=over)
            continue
        underway.poll()
        still = look.same_as(last) if last is not None else frozenset()
        if waiting:
            waiting[-1] = (waiting[-1][0], waiting[-1][1] | still)
        if ended_before:
            # Only the last look after the load is told: the ledger may still have been at work in those before.
            waiting.pop()
        yield from _told(waiting, underway, now_ns=clock.wall_ns(), ending=ending)
        waiting.append((look, still))
        last = look
        if ending:
            looks_left = 0 if len(still) == len(look.states) else looks_left - 1
            if looks_left:
                clock.sleep(_LAST_PAUSE_S)
            continue
        took_s = (look.ended_ns - look.began_ns) / NS_PER_S
        pause_s = min(_PAUSE_MAX_S, max(every_s, took_s / _BUSY_SHARE))
        _pause(pause_s, clock=clock, over=over)
    yield from _told(waiting, underway, now_ns=clock.wall_ns(), ending=True)


def _told(
    waiting: list[tuple[Look, frozenset[Pot]]], underway: Underway, *, now_ns: int, ending: bool
) -> Iterator[Sight]:
    """The looks of which all is known by now; those that waited in vain are left out, never guessed."""
    left = []
    for look, still in waiting:
        if ending or underway.reaches(look.began_ns, look.ended_ns):
            yield sight_of(look, look.intervals(underway.moved(look.began_ns, look.ended_ns), at_rest=still))
        elif now_ns - look.ended_ns < _JOURNALS_WITHIN_NS:
            left.append((look, still))
    waiting[:] = left


def sight_of(look: Look, told: Mapping[Pot, Interval]) -> Sight:
    """By asset, all ledgers together; an asset of which one ledger could not be told is left out."""
    untold = {asset for ledger, asset in look.change if (ledger, asset) not in told}
    assets: dict[str, tuple[int, int]] = {}
    for (_, asset), interval in told.items():
        if asset not in untold:
            low, high = assets.get(asset, (0, 0))
            assets[asset] = (low + interval.low, high + interval.high)
    amiss = [_words(pot, interval) for pot, interval in told.items() if not interval.conserved]
    texts = {asset: (_text(low), _text(high)) for asset, (low, high) in sorted(assets.items())}
    return Sight(at_s=look.ended_ns / NS_PER_S, assets=texts, amiss=amiss)


def _words(pot: Pot, interval: Interval) -> str:
    least, most = sorted((abs(interval.low), abs(interval.high)))
    amount = _text(least) if least == most else f"{_text(least)} to {_text(most)}"
    return f"ledger {pot[0] + 1}: {amount} {pot[1]} {'appeared' if interval.low > 0 else 'vanished'}"


def _worth(item: BalanceItem) -> int:
    try:
        return item.worth
    except (ArithmeticError, UsageError) as error:
        raise IntegrityUnknown(f"balance {item.id} shows no amount: {error}", hint="is this a ledger?") from error


def _text(atto: int) -> str:
    return units_text(atto, ATTO_SCALE)


def _pause(seconds: float, *, clock: Clock, over: Callable[[], bool]) -> None:
    end_ns = clock.now_ns() + round(seconds * NS_PER_S)
    while (left_s := (end_ns - clock.now_ns()) / NS_PER_S) > 0 and not over():
        clock.sleep(min(_NAP_S, left_s))


def _rows(ledgers: Sequence[LedgerRef]) -> set[int]:
    return {ledger.index for ledger in ledgers}
