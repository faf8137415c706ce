"""What each planted defect does to a step before it is written, or to a balance before it is shown.

The engine knows none of them: it hands every step through `spoil` when something is planted. May import:
demogen.sandbox.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_DOWN, Decimal
from typing import Any, NamedTuple

import msgspec

from demogen.sandbox import exact
from demogen.sandbox.engine.step import Step
from demogen.sandbox.refusal import FrameworkRefusal, Refusal
from demogen.sandbox.store.balances import Balance
from demogen.sandbox.store.journal import Operation
from demogen.sandbox.world import World

_KNOWN_BALANCES = 20_000


class Sabotage(NamedTuple):
    """Which steps a defect can spoil, and how it does."""

    fits: Callable[[Step], bool]
    act: Callable[[World, Step], None]


def _is_direct(step: Step) -> bool:
    return step.is_new and step.transaction.status == "APPROVED" and step.transaction.kind == "json"


def _is_plain(step: Step) -> bool:
    """A create that is no reversal, with one debit and at least one credit, each of its own balance."""
    kinds = [one.type for one in step.operations]
    return (
        _is_direct(step)
        and step.transaction.parent is None
        and len(step.after) == len(kinds)
        and kinds.count("DEBIT") == 1
        and set(kinds) == {"DEBIT", "CREDIT"}
    )


def _is_internal(step: Step) -> bool:
    """A plain create between accounts of the ledger."""
    return _is_plain(step) and all(balance.direction == "credit" for balance, _ in step.after.values())


def _is_reversal(step: Step) -> bool:
    return _is_direct(step) and step.transaction.parent is not None


def _is_commit(step: Step) -> bool:
    return not step.is_new and step.transaction.status == "APPROVED"


def _is_cancel(step: Step) -> bool:
    return not step.is_new and step.transaction.status == "CANCELED"


def _credits(step: Step) -> list[Operation]:
    return [one for one in step.operations if one.type == "CREDIT"]


def _debit(step: Step) -> Operation:
    return next(one for one in step.operations if one.type == "DEBIT")


def _unit(amount: str) -> Decimal:
    """One of the last digit of an amount, at most a cent."""
    exponent = Decimal(amount).as_tuple().exponent
    assert isinstance(exponent, int)
    return Decimal(1).scaleb(min(exponent, -2))


def _shift(step: Step, operation: Operation, by: Decimal) -> None:
    """Change an operation's amount, with its balance following."""
    balance, state = step.after[operation.balance]
    operation.amount = exact.text(exact.add(Decimal(operation.amount), by))
    grows = (operation.direction == "credit") == (balance.direction == "credit")
    state.available = exact.add(state.available, by if grows else -by)
    operation.available_after = exact.text(state.available)


def _lost_update(world: World, step: Step) -> None:  # noqa: ARG001 - the shape of a sabotage
    step.after.pop(_credits(step)[-1].balance)


def _not_written(world: World, step: Step) -> None:  # noqa: ARG001
    step.lost = True


def _book_again(world: World, step: Step, *, keeps_metadata: bool = True) -> None:
    """The same rows under new ids; balances move once."""
    replace = msgspec.structs.replace
    again = replace(step.transaction, key=world.ids.issue(), mark=None)
    operations = [replace(one, key=world.ids.issue(), transaction=again.key) for one in step.operations]
    if not keeps_metadata:
        again.metadata, again.description, operations = None, "", []
    again.first_from = operations[0].key if operations else None
    again.first_to = operations[-1].key if operations else None
    world.journal.book(again, operations)


def _phantom(world: World, step: Step) -> None:
    _book_again(world, step, keeps_metadata=False)


def _double_apply(world: World, step: Step) -> None:  # noqa: ARG001
    balance, state = step.after[_credits(step)[0].balance]
    state.available = exact.add(state.available, exact.subtract(state.available, balance.available))


def _double_commit(world: World, step: Step) -> None:
    replace = msgspec.structs.replace
    for one in list(step.operations):
        balance, state = step.after[one.balance]
        state.available = exact.add(state.available, exact.subtract(state.available, balance.available))
        state.on_hold = exact.add(state.on_hold, exact.subtract(state.on_hold, balance.on_hold))
        state.version += 1
        step.operations.append(
            replace(
                one, key=world.ids.issue(),
                available_before=one.available_after, on_hold_before=one.on_hold_after,
                version_before=one.version_after, available_after=exact.text(state.available),
                on_hold_after=exact.text(state.on_hold), version_after=state.version,
            )
        )  # fmt: skip
    step.transaction.second_to = step.operations[-1].key


def _break_off(world: World, step: Step) -> None:  # noqa: ARG001
    step.transaction.mark = None
    step.then = FrameworkRefusal(500, "An internal error occurred")


def _refuse_after(world: World, step: Step) -> None:  # noqa: ARG001
    step.transaction.mark = None
    step.then = Refusal("0018", entity="validateBalance")


def _refuse(world: World, step: Step) -> None:  # noqa: ARG001
    raise Refusal("0018", entity="validateBalance")


def _leak(world: World, step: Step) -> None:  # noqa: ARG001
    credit = _credits(step)[-1]
    _shift(step, credit, -_unit(credit.amount))


def _misdivide(world: World, step: Step) -> None:  # noqa: ARG001
    first, *_, last = _credits(step)
    unit = _unit(first.amount)
    _shift(step, first, -unit)
    _shift(step, last, unit)


def _refund_more(world: World, step: Step) -> None:  # noqa: ARG001
    unit = _unit(step.transaction.amount)
    _shift(step, _debit(step), unit)
    _shift(step, _credits(step)[0], unit)
    step.transaction.amount = exact.text(exact.add(Decimal(step.transaction.amount), unit))


def _unlink(world: World, step: Step) -> None:  # noqa: ARG001
    step.transaction.parent = None


def _keep_hold(world: World, step: Step) -> None:  # noqa: ARG001
    for one in step.operations:
        if one.direction == "debit":
            balance, state = step.after[one.balance]
            state.on_hold = balance.on_hold
            one.on_hold_after = one.on_hold_before


def _cancel_nothing(world: World, step: Step) -> None:  # noqa: ARG001
    step.operations.clear()
    step.after.clear()
    step.transaction.second_from = step.transaction.second_to = None


def _skip_version(world: World, step: Step) -> None:  # noqa: ARG001
    operation = step.operations[-1]
    operation.version_after += 1
    step.after[operation.balance][1].version += 1


def _drop_leg(world: World, step: Step) -> None:  # noqa: ARG001
    step.operations.remove(_credits(step)[-1])
    step.transaction.first_from, step.transaction.first_to = step.operations[0].key, step.operations[-1].key


def _other_asset(world: World, step: Step) -> None:  # noqa: ARG001
    operation = _credits(step)[-1]
    operation.asset = "XXX" if operation.asset != "XXX" else "XTS"


def _stranger(world: World, step: Step) -> None:
    """An account of another ledger, or one that nobody has."""
    row = world.store.database.one(
        "select key from documents where kind = 'account' and scope <> ? limit 1", (step.transaction.ledger,)
    )
    _credits(step)[-1].account = world.ids.issue() if row is None else row[0]


def _swap(world: World, step: Step) -> None:  # noqa: ARG001
    for one in step.operations:
        _, state = step.after[one.balance]
        change = exact.subtract(Decimal(one.available_before), state.available)
        state.available = exact.add(Decimal(one.available_before), change)
        one.available_after = exact.text(state.available)
        one.type, one.direction = ("CREDIT", "credit") if one.type == "DEBIT" else ("DEBIT", "debit")


def _truncate(world: World, step: Step) -> None:  # noqa: ARG001
    for one in step.operations:
        amount = Decimal(one.amount)
        _shift(step, one, exact.subtract(amount.quantize(Decimal(1), rounding=ROUND_DOWN), amount))
    whole = Decimal(step.transaction.amount).quantize(Decimal(1), rounding=ROUND_DOWN)
    step.transaction.amount = exact.text(whole)


def _overdraw(world: World, step: Step) -> None:  # noqa: ARG001
    debit = _debit(step)
    _, state = step.after[debit.balance]
    state.available = -Decimal(debit.amount)
    debit.available_after = exact.text(state.available)


def _can_swap(step: Step) -> bool:
    if not _is_internal(step) or len(step.operations) != 2:
        return False
    credit = _credits(step)[0]
    return Decimal(credit.available_before) >= Decimal(credit.amount)


def _can_truncate(step: Step) -> bool:
    return _is_internal(step) and len(step.operations) == 2 and "." in step.transaction.amount


SABOTAGE: dict[str, Sabotage] = {
    "lost-update": Sabotage(_is_plain, _lost_update),
    "acknowledged-not-written": Sabotage(_is_plain, _not_written),
    "double-booking": Sabotage(_is_plain, _book_again),
    "double-apply": Sabotage(_is_internal, _double_apply),
    "double-commit": Sabotage(_is_commit, _double_commit),
    "500-after-commit": Sabotage(_is_plain, _break_off),
    "refused-but-booked": Sabotage(_is_plain, _refuse_after),
    "false-refusal": Sabotage(_is_internal, _refuse),
    "rounding-leak": Sabotage(_is_internal, _leak),
    "remaining-wrong": Sabotage(lambda step: _is_plain(step) and len(_credits(step)) > 1, _misdivide),
    "refund-above-original": Sabotage(lambda step: _is_reversal(step) and bool(_credits(step)), _refund_more),
    "reversal-not-linked": Sabotage(_is_reversal, _unlink),
    "double-reversal": Sabotage(_is_reversal, _book_again),
    "hold-never-released": Sabotage(_is_commit, _keep_hold),
    "cancel-keeps-hold": Sabotage(_is_cancel, _cancel_nothing),
    "version-gap": Sabotage(_is_internal, _skip_version),
    "leg-missing": Sabotage(_is_internal, _drop_leg),
    "leg-of-another-asset": Sabotage(_is_internal, _other_asset),
    "phantom-transaction": Sabotage(_is_plain, _phantom),
    "wrong-ledger": Sabotage(_is_internal, _stranger),
    "swapped-direction": Sabotage(_can_swap, _swap),
    "scale-truncation": Sabotage(_can_truncate, _truncate),
    "overdrawn-account": Sabotage(_is_internal, _overdraw),
}


class Saboteur:
    """Lets the planted defects of a world strike."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._before: dict[int, tuple[str, int]] = {}

    def spoil(self, step: Step) -> None:
        """Before a step is written."""
        self._remember(step)
        for name in self._world.defects.names:
            sabotage = SABOTAGE.get(name)
            if sabotage is not None and sabotage.fits(step) and self._world.defects.strikes(name):
                sabotage.act(self._world, step)

    def _remember(self, step: Step) -> None:
        if len(self._before) > _KNOWN_BALANCES:
            self._before.clear()
        for key, (balance, _) in step.after.items():
            self._before[key] = (exact.text(balance.available), balance.version)

    def distort(self, shown: dict[str, Any], row: Balance) -> None:
        """Before a balance is shown: stale-balance-read."""
        before = self._before.get(row.key)
        if before is not None and self._world.defects.strikes("stale-balance-read"):
            shown["available"], shown["version"] = before
            shown["position"] = {**shown["position"], "available": before[0]}

    def forgets(self) -> bool:
        """Before a replay is answered: idempotency-forgotten."""
        return self._world.defects.strikes("idempotency-forgotten")
