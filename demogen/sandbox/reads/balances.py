"""Reads balances: lists, look-ups and history (contract 8.1).

May import: demogen.sandbox.
"""

from __future__ import annotations

from typing import Any

from demogen.sandbox import moments
from demogen.sandbox.http import Call, Reply, answer
from demogen.sandbox.lists import cursor_page, cut
from demogen.sandbox.query import DEFAULT_LIMIT, read_paging
from demogen.sandbox.refusal import Refusal
from demogen.sandbox.rendering import Place, balance
from demogen.sandbox.store.balances import Balance
from demogen.sandbox.store.journal import Operation
from demogen.sandbox.world import World

_NOTHING = {"available": "0", "onHold": "0", "version": 0, "overdraftUsed": "0"}
_HISTORY_DROPS = ("allowSending", "allowReceiving", "direction", "settings", "deletedAt", "position")


def list_(world: World, call: Call) -> Reply:
    """GET L/balances."""
    return _list(world, call, "ledger = ?", (world.scope(call),))


def of_account(world: World, call: Call) -> Reply:
    """GET L/accounts/{id}/balances."""
    return _list(world, call, "account = ? and +ledger = ?", (call.keys["account_id"], world.scope(call)))


def _list(world: World, call: Call, where: str, values: tuple[int, ...]) -> Reply:
    paging = read_paging(call.query)
    part = cut(paging, world.ids.read)
    if paging.start_us is not None and paging.end_us is not None:
        where, values = f"{where} and created between ? and ?", (*values, paging.start_us, paging.end_us)
    rows = world.balances.select(f"{where} and {part.condition}", (*values, *part.values), part.tail)
    place = Place(world, call)
    page = cursor_page(
        paging, part, rows, lambda row: _shown(world, place, row), id_of=lambda row: world.spell(row.key),
        honest_back=not world.quirks["back-cursor"],
    )  # fmt: skip
    return answer(200, page)


def _shown(world: World, place: Place, row: Balance) -> dict[str, Any]:
    shown = balance(world, place, row)
    if world.saboteur is not None:
        world.saboteur.distort(shown, row)
    return shown


def by_alias(world: World, call: Call) -> Reply:
    """GET L/accounts/alias/{alias}/balances: newest first, no cursors (contract 8.1)."""
    return _of_alias(world, call, call.parameters["alias"])


def by_code(world: World, call: Call) -> Reply:
    """GET L/accounts/external/{code}/balances."""
    return _of_alias(world, call, f"@external/{call.parameters['code']}")


def _of_alias(world: World, call: Call, alias: str) -> Reply:
    rows = world.balances.select("ledger = ? and alias = ?", (world.scope(call), alias), "order by key desc")
    place = Place(world, call)
    return answer(200, {"items": [_shown(world, place, row) for row in rows], "limit": DEFAULT_LIMIT})


def find(world: World, call: Call) -> Balance:
    """The balance a path names, or 404/0007."""
    found = world.balances.get(call.keys["balance_id"])
    if found is None or found.ledger != world.scope(call):
        raise Refusal("0007", entity="Balance")
    return found


def get(world: World, call: Call) -> Reply:
    """GET L/balances/{id}."""
    return answer(200, _shown(world, Place(world, call), find(world, call)))


def history(world: World, call: Call) -> Reply:
    """GET L/balances/{id}/history?date=: one balance at a moment; a backdated operation counts before its making."""
    moment = _moment(world, call)
    row = find(world, call)
    last = _last_operation(world, row, moment)
    if last is None and row.created > moment:
        raise Refusal("0141", entity=moments.text(moment))
    return answer(200, _past(world, Place(world, call), row, last))


def account_history(world: World, call: Call) -> Reply:
    """GET L/accounts/{id}/balances/history?date=: a bare array of the balances that were there."""
    moment = _moment(world, call)
    place = Place(world, call)
    values = (call.keys["account_id"], world.scope(call), moment)
    rows = world.balances.select("account = ? and +ledger = ? and created <= ?", values, "order by key")
    if not rows:
        raise Refusal("0141", entity=moments.text(moments.whole_second(moment)).replace("T", " ").removesuffix("Z"))
    return answer(200, [_past(world, place, row, _last_operation(world, row, moment)) for row in rows])


def _moment(world: World, call: Call) -> int:
    text = call.asked("date")
    if not text:
        raise Refusal("0142", entity="Balance")
    try:
        moment = moments.parse(text)
    except moments.MalformedMoment as error:
        raise Refusal("0131", entity="Balance") from error
    if not moment.has_time:
        raise Refusal("0131", entity="Balance")
    if moment.us > world.now_us():
        raise Refusal("0140", entity="Balance")
    return moment.us


def _last_operation(world: World, row: Balance, moment_us: int) -> Operation | None:
    affected = "1" if world.quirks["notes-in-history"] else "o.affected"
    found = world.journal.of_account(
        row.account,
        f"o.balance = ? and {affected} and o.created <= ?",
        (row.key, moment_us),
        "order by o.created desc, o.version_after desc, o.key desc limit 1",
    )
    return found[0] if found else None


def _past(world: World, place: Place, row: Balance, last: Operation | None) -> dict[str, Any]:
    """A balance after an operation, or before all of them; what it had of an overdraft is not told."""
    shown = balance(world, place, row)
    for name in _HISTORY_DROPS:
        shown.pop(name, None)
    if last is None:
        return shown | {**_NOTHING, "updatedAt": shown["createdAt"]}
    return shown | {
        "available": last.available_after,
        "onHold": last.on_hold_after,
        "version": last.version_after,
        "overdraftUsed": "0",
        "updatedAt": moments.text(last.created),
    }
