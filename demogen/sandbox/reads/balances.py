"""Reads balances: lists, look-ups and history (contract 8.1).

May import: demogen.sandbox.
"""

from __future__ import annotations

from typing import Any

from demogen.sandbox import moments
from demogen.sandbox.http import Call, Reply, answer
from demogen.sandbox.lists import DEFAULT_LIMIT, cursor_page, cut, read_paging
from demogen.sandbox.refusal import Refusal
from demogen.sandbox.rendering import Place, balance
from demogen.sandbox.store.balances import Balance
from demogen.sandbox.world import World

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
    """GET L/balances/{id}/history?date=: one balance at a moment."""
    moment = _moment(world, call)
    shown = _past(world, Place(world, call), find(world, call), moment)
    if shown is None:
        raise Refusal("0141", entity=call.query["date"])
    return answer(200, shown)


def account_history(world: World, call: Call) -> Reply:
    """GET L/accounts/{id}/balances/history?date=: a bare array."""
    moment = _moment(world, call)
    place = Place(world, call)
    values = (call.keys["account_id"], world.scope(call))
    rows = world.balances.select("account = ? and +ledger = ?", values, "order by key")
    shown = [one for one in (_past(world, place, row, moment) for row in rows) if one is not None]
    if not shown:
        raise Refusal("0141", entity=call.query["date"])
    return answer(200, shown)


def _moment(world: World, call: Call) -> int:
    text = call.query.get("date", "")
    if not text:
        raise Refusal("0142")
    try:
        moment = moments.parse(text)
    except moments.MalformedMoment as error:
        raise Refusal("0131") from error
    if not moment.has_time:
        raise Refusal("0131")
    if moment.us > world.now_us():
        raise Refusal("0140")
    return moment.us


def _past(world: World, place: Place, row: Balance, moment_us: int) -> dict[str, Any] | None:
    if row.created > moment_us:
        return None
    shown = balance(world, place, row)
    for name in _HISTORY_DROPS:
        shown.pop(name, None)
    operations = world.journal.of_account(
        row.account,
        "o.balance = ? and o.affected and o.created <= ?",
        (row.key, moment_us),
        "order by a.operation desc limit 1",
    )
    if operations:
        last = operations[0]
        used = "0" if row.name == "overdraft" else last.used_after
        shown |= {
            "available": last.available_after,
            "onHold": last.on_hold_after,
            "version": last.version_after,
            "overdraftUsed": used,
            "updatedAt": moments.text(last.created),
        }
    else:
        shown |= {"available": "0", "onHold": "0", "version": 0, "overdraftUsed": "0", "updatedAt": shown["createdAt"]}
    return shown
