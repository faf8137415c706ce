"""Writes a planned step down: rows, holds, balances, all in the group's one SQL transaction (contract 4.3).

The seam at which planted defects corrupt a step; the engine above knows none of them. May import: demogen.sandbox.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from demogen.sandbox.engine.planning import Plan, State
from demogen.sandbox.store.balances import Balance
from demogen.sandbox.store.journal import Operation, Transaction
from demogen.sandbox.world import World

RULING_US = 3_600 * 1_000_000  # how long a used balance's flags stay cached (contract 8.3)


@dataclass(slots=True)
class Booking:
    """One step of one transaction, ready to be written."""

    transaction: Transaction
    operations: list[Operation]
    after: dict[int, tuple[Balance, State]]
    is_new: bool
    hold: str | None = None  # legs to keep until commit or cancel
    releases: bool = False  # the kept legs are done with
    lost: bool = False  # a defect: answered, and never written
    twice: bool = False  # a defect: written again under another id


def booking(transaction: Transaction, plan: Plan, *, is_new: bool) -> Booking:
    """A booking of a plan's outcome."""
    return Booking(transaction, plan.operations, plan.after, is_new)


def write(world: World, step: Booking) -> None:
    """Append the rows and bring the balances to their new state."""
    if world.defects.any:
        world.defects.corrupt(step)
    if step.lost:
        return
    journal = world.journal
    if step.is_new:
        journal.book(step.transaction, step.operations)
        if step.twice:
            _book_again(world, step)
    else:
        journal.append(step.operations)
        journal.save(step.transaction)
    if step.hold is not None:
        journal.hold(step.transaction.key, step.hold)
    if step.releases:
        journal.release(step.transaction.key)
    now = step.transaction.updated
    for balance, state in step.after.values():
        balance.available, balance.on_hold, balance.version = state.available, state.on_hold, state.version
        balance.overdraft_used = state.overdraft_used
        balance.updated = now
        if balance.ruling_until <= now:
            balance.ruling_sending, balance.ruling_receiving = balance.allow_sending, balance.allow_receiving
        balance.ruling_until = now + RULING_US
        world.balances.changed(balance)


def _book_again(world: World, step: Booking) -> None:
    """The defect double-booking: the same rows under new ids; the balances move once."""
    structs = msgspec.structs
    operations = [structs.replace(one) for one in step.operations]
    again = structs.replace(step.transaction, key=world.ids.issue(), mark=None)
    for one in operations:
        one.key, one.transaction = world.ids.issue(), again.key
    if operations:
        again.first_from, again.first_to = operations[0].key, operations[-1].key
    world.journal.book(again, operations)
