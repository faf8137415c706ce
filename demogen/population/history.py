"""The transactions a population starts with: who pays whom, how much, and when, from an index alone.

Plain bookings only, one transaction each; scripts that react to answers are `patterns`. No account can run dry: the
payers of a role take turns, and no payment exceeds an account's opening balance divided by its turns. A long history
ages: earlier periods are thinner, the mix drifts from cash to cards, some accounts close (`closing`). Pure. May import:
contract, this room's pure files.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import accumulate, chain, islice
from typing import TYPE_CHECKING, NamedTuple

from demogen.contract.money import split_even
from demogen.population.books import units_of_cents
from demogen.population.closing import (
    CLOSING,
    HISTORY_DAYS_MIN,
    NOBODY,
    Closing,
    Closings,
    Turn,
    closings,
    quiet,
)
from demogen.population.draws import Draw
from demogen.population.flows import FLOWS, Flow
from demogen.population.kinds import Kind
from demogen.population.skew import Zipf

if TYPE_CHECKING:
    from demogen.population.plan import PopulationPlan

EXTERNAL = -1

#: Bookings an hour, per thousand of a day: quiet nights, a peak at noon and one after work.
HOURS = (6, 4, 3, 3, 4, 8, 18, 34, 52, 62, 68, 74, 82, 70, 60, 58, 62, 72, 78, 64, 48, 34, 22, 14)
_SALARY_DAY = 25
_WEEKEND_KEPT = 45  # of a hundred weekend bookings; the others wait for Monday


class Booking(NamedTuple):
    """One planned transaction. Positions are those of accounts in the plan, EXTERNAL for the outside world."""

    number: int
    ledger: int
    name: str
    slot: int
    source: int
    targets: tuple[tuple[int, int], ...]
    units: int
    description: str
    date: str


class Crowd(NamedTuple):
    """The accounts of one asset (positions within a ledger) by role; the `quiet` ones are paid nothing."""

    accounts: tuple[int, ...]
    by_role: dict[str, tuple[int, ...]]
    quiet: frozenset[int]


class History:
    """The transactions of one plan."""

    def __init__(self, plan: PopulationPlan) -> None:
        self._plan = plan
        asked = {name: flow for name, flow in FLOWS.items() if name in plan.spec.patterns}
        self._flows = asked or FLOWS
        self._names = tuple(self._flows)
        self._edges = tuple(accumulate(flow.weight for flow in self._flows.values()))
        self._early = tuple(accumulate(flow.weight - flow.drift for flow in self._flows.values()))
        self._late = tuple(accumulate(flow.weight + flow.drift for flow in self._flows.values()))
        self._ages = plan.spec.history_days >= HISTORY_DAYS_MIN
        self._popular = Zipf(exponent_thousandths=800)
        self._crowd = lru_cache(maxsize=64)(self._gather)
        paired = tuple(slot for slot in range(1 + plan.layout.others) if len(self._crowd(slot).accounts) >= 2)
        # One account a ledger is enough: it deals with the outside world.
        self._slots = paired or (0,)
        self._closings = lru_cache(maxsize=64)(self._all_closings)

    def booking(self, index: int) -> Booking:
        """Transaction `index` of the plan."""
        plan = self._plan
        ledger = plan.ledger_of_transaction(index)
        nth = index - plan.first_transaction(ledger)
        closings = self._closings(ledger) if self._ages else NOBODY
        closing = closings.by_number.get(nth)
        if closing is None:
            return self._booking(ledger, nth, closings)
        source = ledger * plan.spec.accounts_per_ledger + closing.position
        paid = ((EXTERNAL, closing.units),)
        return Booking(
            index, ledger, CLOSING, closing.slot, source, paid, closing.units, "account closed", closing.date
        )

    def closing_of(self, index: int) -> Closing | None:
        """How account `index` of the plan ends; None for one that stays."""
        if not self._ages:
            return None
        ledger, position = divmod(index, self._plan.spec.accounts_per_ledger)
        return self._closings(ledger).by_position.get(position)

    def _booking(self, ledger: int, nth: int, closings: Closings) -> Booking:
        """Booking `nth` of a ledger, where those accounts have closed or will."""
        plan = self._plan
        total = plan.first_transaction(ledger + 1) - plan.first_transaction(ledger)
        index = plan.first_transaction(ledger) + nth
        draw = Draw(plan.seed, Kind.TRANSACTION, index)
        edges = self._edges
        if self._ages:
            # From one mix to the other, evenly: cash fades, cards grow.
            edges = self._late if draw.below(total) < nth else self._early
        name = self._names[draw.weighted(edges)]
        # Four in five in the main asset; the others share the rest.
        slot = self._slots[0] if draw.below(5) else draw.pick(self._slots)
        blank = Booking(index, ledger, name, slot, EXTERNAL, (), 0, "", "")
        return self._play(blank, nth=nth, total=total, draw=draw, closings=closings)

    def _all_closings(self, ledger: int) -> Closings:
        """Every closing of a ledger."""

        def turn(nth: int) -> Turn:
            booking = self._booking(ledger, nth, NOBODY)
            return Turn(booking.source - first, booking.units, booking.date)

        first, found = ledger * self._plan.spec.accounts_per_ledger, []
        for slot in self._slots:
            customers = self._crowd(slot).by_role.get("customer", ())
            found += closings(self._plan, ledger, customers=customers, slot=slot, turn=turn)
        return Closings({one.position: one for one in found}, {one.nth: one for one in found})

    def _play(self, blank: Booking, *, nth: int, total: int, draw: Draw, closings: Closings) -> Booking:
        plan, flow, crowd = self._plan, self._flows[blank.name], self._crowd(blank.slot)
        first = blank.ledger * plan.spec.accounts_per_ledger
        asset = plan.firms.books(blank.ledger).assets[blank.slot][1]
        cents = draw.lognormal(flow.cents, sigma_thousandths=flow.spread)
        source, ceiling = EXTERNAL, cents * 10
        units = max(1, units_of_cents(cents, asset))
        if flow.source:
            payers = self._cast(crowd, flow.source)
            source = self._payer(payers, nth, crowd=crowd, closings=closings)
            # Who stands in for a neighbour that has closed pays twice as often.
            turns = (total // len(payers) + 2) * (2 if self._ages else 1)
            ceiling = plan.books.opening_units(first + source) // turns
            units = max(1, min(units, ceiling))
        payees = self._payees(crowd, flow, source, draw)
        if blank.name == "interest" and payees[0] != EXTERNAL:
            units = max(1, min(plan.books.interest_units(first + payees[0]), ceiling))
        parts = _parts(units, payees)
        return blank._replace(
            source=source if source == EXTERNAL else first + source,
            targets=tuple((payee if payee == EXTERNAL else first + payee, part) for payee, part in parts),
            units=sum(part for _, part in parts),
            description=flow.description,
            date=self._moment(nth, total, blank.name, draw),
        )

    def _payer(self, payers: tuple[int, ...], nth: int, *, crowd: Crowd, closings: Closings) -> int:
        """Whose turn it is; for one that has closed, or that plays no such part, the next who stays."""
        place = nth % len(payers)
        source = payers[place]
        if source not in crowd.quiet:
            return source
        closing = closings.by_position.get(source)
        if payers == crowd.by_role.get("customer") and (closing is None or nth < closing.nth):
            return source
        others = chain(islice(payers, place, None), payers)
        return next((one for one in others if one not in crowd.quiet), source)

    def _payees(self, crowd: Crowd, flow: Flow, source: int, draw: Draw) -> list[int]:
        payees: list[int] = []
        for role in flow.targets:
            if not role:
                payees.append(EXTERNAL)
                continue
            cast = self._cast(crowd, role)
            place = self._popular.pick(draw.bits(), len(cast))
            # The next of the role, else of the asset, where the dice fell on the payer or on someone already paid.
            choices = chain(islice(cast, place, None), cast, crowd.accounts)
            taken = {source, *payees, *crowd.quiet}
            payee = next((one for one in choices if one not in taken), None)
            if payee is not None:
                payees.append(payee)
        return payees or [EXTERNAL]

    def _cast(self, crowd: Crowd, role: str) -> tuple[int, ...]:
        for stand_in in self._plan.catalog.fold(role):
            if stand_in in crowd.by_role:
                return crowd.by_role[stand_in]
        return crowd.accounts

    def _gather(self, slot: int) -> Crowd:
        layout = self._plan.layout
        accounts = tuple(layout.positions(slot))
        by_role: dict[str, list[int]] = {}
        for position in accounts:
            by_role.setdefault(layout.place(position).role, []).append(position)
        roles = {role: tuple(positions) for role, positions in by_role.items()}
        may_close = quiet(roles.get("customer", ()), seed=self._plan.seed, slot=slot) if self._ages else frozenset()
        return Crowd(accounts, roles, may_close)

    def _moment(self, nth: int, total: int, name: str, draw: Draw) -> str:
        spec = self._plan.spec
        if not spec.history_days or spec.history_end is None:
            return ""
        # Denser towards the end: older periods are thinner.
        span = spec.history_days
        day = history_start(spec.history_end, span) + timedelta(days=int(span * _root(nth, total)))
        day = min(day, spec.history_end - timedelta(days=1))
        if name == "payroll":
            day = _payday(day, history_start(spec.history_end, span))
        elif day.weekday() >= 5 and draw.below(100) >= _WEEKEND_KEPT:
            day = min(day + timedelta(days=7 - day.weekday()), spec.history_end - timedelta(days=1))
        hour = draw.weighted(_HOUR_EDGES)
        moment = datetime.combine(day, time(hour, draw.below(60), draw.below(60)), UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


_HOUR_EDGES = tuple(accumulate(HOURS))
_ROOT: Callable[[int], float] = lru_cache(maxsize=1024)(lambda place: float((place / 1024) ** 0.7))


def history_start(end: date, days: int) -> date:
    """The first day of a history of so many days that ends the day before `end`."""
    return end - timedelta(days=days)


def _root(nth: int, total: int) -> float:
    return _ROOT(nth * 1024 // max(1, total))


def _payday(day: date, earliest: date) -> date:
    payday = day.replace(day=_SALARY_DAY)
    if payday > day:
        payday = (day.replace(day=1) - timedelta(days=1)).replace(day=_SALARY_DAY)
    return max(payday, earliest)


def _parts(units: int, payees: list[int]) -> list[tuple[int, int]]:
    """The amount shared out: nine tenths to the first of two, evenly among more. Nobody is paid nothing."""
    if len(payees) == 2 and units >= 10:
        small = units // 10
        return [(payees[0], units - small), (payees[1], small)]
    ways = min(len(payees), units)
    return list(zip(payees, split_even(units, ways), strict=False)) if ways else []
