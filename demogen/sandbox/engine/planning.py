"""What an order does to balances: operations in ledger order, funds, flags and overdraft (contract 4.3, 7.1, 8).

A `Plan` changes nothing: it works on copies, so a refusal leaves no trace. May import: demogen.sandbox.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import NamedTuple

import msgspec

from demogen.sandbox import exact
from demogen.sandbox.engine.order import Leg
from demogen.sandbox.query import blank
from demogen.sandbox.refusal import Refusal
from demogen.sandbox.store.balances import Balance
from demogen.sandbox.store.journal import Operation
from demogen.sandbox.world import World

_JUDGE = "validateBalance"
OVERDRAFT = "overdraft"


class Effect(NamedTuple):
    """What one operation of a type does to a credit-direction balance, per unit of amount."""

    type: str
    direction: str
    available: int
    on_hold: int
    overdraws: bool = False  # may use the overdraft
    repays: bool = False  # repays the overdraft first


DEBIT = (Effect("DEBIT", "debit", -1, 0, overdraws=True),)
CREDIT = (Effect("CREDIT", "credit", 1, 0, repays=True),)
HOLD = (Effect("ON_HOLD", "debit", -1, 1, overdraws=True),)
SETTLE = (Effect("DEBIT", "debit", 0, -1),)
RELEASE = (Effect("RELEASE", "credit", 1, -1),)
# Under route validation each step of a hold is written as a pair (contract 7.1).
HOLD_PAIR = (Effect("DEBIT", "debit", -1, 0, overdraws=True), Effect("ON_HOLD", "credit", 0, 1))
SETTLE_PAIR = (Effect("ON_HOLD", "debit", 0, -1),)
RELEASE_PAIR = (Effect("RELEASE", "debit", 0, -1), Effect("CREDIT", "credit", 1, 0))


def typed(effects: tuple[Effect, ...], name: str) -> tuple[Effect, ...]:
    """The same effects under another type name: BLOCK and UNBLOCK (contract 4)."""
    return tuple(effect._replace(type=name) for effect in effects)


class Rubric(NamedTuple):
    """What an accounting entry calls one side."""

    code: str | None = None
    description: str | None = None


class Routing(NamedTuple):
    """What a validated route adds to operations, by their direction (contract 11)."""

    id: str
    debit: Rubric = Rubric()
    credit: Rubric = Rubric()


_NAMELESS = Rubric()


class Move(NamedTuple):
    """One leg on its balance, about to happen."""

    balance: Balance
    leg: Leg
    amount: Decimal
    effects: tuple[Effect, ...]
    routing: Routing | None = None
    overdraft_routing: Callable[[str], Routing] | None = None  # of what an overdraft carries, in a direction


class State(msgspec.Struct, gc=False):
    """The numbers of a balance while a plan is made."""

    available: Decimal
    on_hold: Decimal
    version: int
    overdraft_used: Decimal


class Plan:
    """Operations to write and the states they lead to, for one transaction's step."""

    def __init__(self, world: World, *, transaction: int, description: str, created: int, now: int) -> None:
        self._world = world
        self._transaction = transaction
        self._description = description
        self._created = created
        self._now = now
        self.operations: list[Operation] = []
        self.after: dict[int, tuple[Balance, State]] = {}

    def run(self, moves: Iterable[Move]) -> None:
        """Every move in the byte order of alias and key (contract 4.4); a Refusal if funds do not allow one."""
        ordered = sorted(moves, key=_storage_order)
        for move in ordered:
            if move.balance.account_type == "external" and _holds(move.effects):
                raise Refusal("0098", entity=_JUDGE)
        for move in ordered:
            for effect in move.effects:
                self._apply(move, effect)
        if any(operation.type == "OVERDRAFT" for operation in self.operations):
            self.operations.sort(key=_written_order)
            for operation, key in zip(self.operations, sorted(one.key for one in self.operations), strict=True):
                operation.key = key

    def note(self, moves: Iterable[Move]) -> None:
        """An annotation: operations that move nothing (contract 4)."""
        for move in sorted(moves, key=_storage_order):
            nothing = State(exact.ZERO, exact.ZERO, 0, exact.ZERO)
            self._write(move, move.effects[0], exact.ZERO, nothing, nothing, affected=False)

    def state(self, balance: Balance) -> State:
        """A balance's numbers so far in this plan."""
        known = self.after.get(balance.key)
        if known is not None:
            return known[1]
        return State(balance.available, balance.on_hold, balance.version, balance.overdraft_used)

    def _apply(self, move: Move, effect: Effect) -> None:
        balance, amount = move.balance, move.amount
        before = self.state(balance)
        sign = effect.available
        if balance.direction == "debit" and not effect.on_hold:
            sign = -sign
        available = before.available
        if sign:
            available = exact.add(available, amount) if sign > 0 else exact.subtract(available, amount)
        on_hold = before.on_hold
        if effect.on_hold:
            on_hold = exact.add(on_hold, amount) if effect.on_hold > 0 else exact.subtract(on_hold, amount)
        shown, used, borrowed = amount, before.overdraft_used, exact.ZERO
        if effect.overdraws and available < 0 and balance.account_type != "external":
            borrowed = self._borrow(balance, before, available)
            # A hold shows all that it holds; else the operation shows what its own balance gave.
            shown = amount if effect.on_hold else exact.subtract(amount, borrowed)
            available = exact.ZERO
            used = exact.add(used, borrowed)
        elif available < 0 and available < before.available and balance.account_type != "external":
            raise Refusal("0018", entity=_JUDGE)
        elif effect.repays and used > 0 and amount > 0 and balance.direction == "credit":
            repaid = min(used, amount)
            shown, available = exact.subtract(amount, repaid), exact.subtract(available, repaid)
            used, borrowed = exact.subtract(used, repaid), -repaid
        after = State(available, on_hold, before.version + 1, used)
        self.after[balance.key] = (balance, after)
        self._write(move, effect, shown, before, after, affected=True)
        if borrowed:
            self._lend(move, borrowed, before.overdraft_used, used)

    def _borrow(self, balance: Balance, before: State, available: Decimal) -> Decimal:
        """How much of a debit the overdraft carries (contract 8.4)."""
        settings = balance.settings or {}
        if balance.direction != "credit" or not settings.get("allowOverdraft"):
            raise Refusal("0018", entity=_JUDGE)
        borrowed = -available if before.available >= 0 else exact.subtract(before.available, available)
        if settings.get("overdraftLimitEnabled"):
            limit = exact.parse(str(settings.get("overdraftLimit") or "0"))
            if exact.add(before.overdraft_used, borrowed) > limit:
                raise Refusal("0167", entity=_JUDGE)
        return borrowed

    def _lend(self, move: Move, borrowed: Decimal, used_before: Decimal, used_after: Decimal) -> None:
        """The companion balance's side of an overdraft: it shows the use of the main balance (contract 8.4)."""
        companion = self._world.balances.find(move.balance.ledger, move.balance.alias, OVERDRAFT)
        if companion is None:
            return  # an additional balance that was made with an overdraft has none
        held = self.state(companion)
        available = exact.add(held.available, borrowed)
        after = State(available, held.on_hold, held.version + 1, exact.ZERO)
        self.after[companion.key] = (companion, after)
        route_id = move.leg.route_id
        leg = Leg(alias=move.leg.alias, name=OVERDRAFT, route=route_id or "", route_id=route_id)
        direction = "debit" if borrowed > 0 else "credit"
        routing = None if move.overdraft_routing is None else move.overdraft_routing(direction)
        shown = Move(companion, leg, abs(borrowed), move.effects, routing)
        self._write(
            shown,
            Effect("OVERDRAFT", direction, 0, 0),
            abs(borrowed),
            State(held.available, held.on_hold, held.version, used_before),
            State(available, held.on_hold, held.version + 1, used_after),
            affected=True,
        )

    def _write(
        self, move: Move, effect: Effect, amount: Decimal, before: State, after: State, *, affected: bool
    ) -> None:
        leg, balance, routing = move.leg, move.balance, move.routing
        rubric = _NAMELESS
        if routing is not None:
            rubric = routing.debit if effect.direction == "debit" else routing.credit
        description = self._description if blank(leg.description) else leg.description
        text = exact.text
        self.operations.append(
            Operation(
                self._world.ids.issue(), self._transaction, balance.account, balance.key, effect.type,
                effect.direction, text(amount),
                text(before.available), text(before.on_hold), before.version, text(before.overdraft_used),
                text(after.available), text(after.on_hold), after.version, text(after.overdraft_used),
                affected, balance.asset, balance.alias, balance.name, description, leg.chart,
                leg.route, leg.route_id if routing is None else routing.id,
                rubric.code, rubric.description,
                None if leg.metadata is None else msgspec.json.encode(leg.metadata).decode(),
                self._created, self._now,
            )
        )  # fmt: skip


def _holds(effects: tuple[Effect, ...]) -> bool:
    return any(effect.on_hold > 0 for effect in effects)


def _storage_order(move: Move) -> str:
    return f"{move.balance.alias}#{move.balance.name}"


def _written_order(operation: Operation) -> tuple[str, int]:
    return f"{operation.alias}#{operation.name}", operation.key
