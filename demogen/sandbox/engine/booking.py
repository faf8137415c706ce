"""Writes a planned step down: rows, holds, balances, all in the group's one SQL transaction (contract 4.3).

The seam at which planted defects spoil a step; the engine above knows none of them. May import: demogen.sandbox.
"""

from __future__ import annotations

from demogen.sandbox.engine.step import Step
from demogen.sandbox.world import World

RULING_US = 3_600 * 1_000_000  # how long a used balance's flags stay cached (contract 8.3)


def write(world: World, step: Step) -> None:
    """Append the rows and bring the balances to their new state."""
    if world.saboteur is not None:
        world.saboteur.spoil(step)
        if step.lost:
            return
    journal = world.journal
    if step.is_new:
        journal.book(step.transaction, step.operations)
    else:
        journal.append(step.operations)
        journal.save(step.transaction)
    if step.hold is not None:
        journal.hold(step.transaction.key, step.hold)
    if step.releases:
        journal.release(step.transaction.key)
    _settle(world, step)
    if step.then is not None:
        raise step.then


def _settle(world: World, step: Step) -> None:
    now = step.transaction.updated
    for balance, state in step.after.values():
        balance.available, balance.on_hold, balance.version = state.available, state.on_hold, state.version
        balance.overdraft_used = state.overdraft_used
        balance.updated = now
        if balance.ruling_until <= now:
            balance.ruling_sending, balance.ruling_receiving = balance.allow_sending, balance.allow_receiving
        balance.ruling_until = now + RULING_US
        world.balances.changed(balance)
