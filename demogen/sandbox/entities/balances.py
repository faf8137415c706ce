"""Additional balances, flags, overdraft settings and deletion (contract 8.1, 8.3, 8.4).

May import: demogen.sandbox.
"""

from __future__ import annotations

import re
from typing import Any

from demogen.sandbox import exact
from demogen.sandbox.body.check import read
from demogen.sandbox.body.shape import FLAG, PLAIN_FLAG, Field, Kind, Shape, nullable, required, text
from demogen.sandbox.http import Call, Reply, answer, nothing
from demogen.sandbox.reads.balances import find
from demogen.sandbox.refusal import Refusal
from demogen.sandbox.rendering import Place, balance
from demogen.sandbox.store.balances import Balance
from demogen.sandbox.world import World

_SETTINGS = Field(
    Kind.OBJECT,
    shape=Shape(
        {
            "balanceScope": text(),
            "allowOverdraft": PLAIN_FLAG,
            "overdraftLimitEnabled": PLAIN_FLAG,
            "overdraftLimit": nullable(),
        }
    ),
)
_CREATE = Shape(
    {
        "key": required(max_length=100, pattern=re.compile(r"\S+")),
        "allowSending": FLAG,
        "allowReceiving": FLAG,
        "direction": nullable(),
        "settings": _SETTINGS,
    }
)
_PATCH = Shape({"allowSending": FLAG, "allowReceiving": FLAG, "settings": _SETTINGS})
_COMPANION_SETTINGS = {"balanceScope": "internal", "allowOverdraft": False, "overdraftLimitEnabled": False}
_LAG_US = 500_000


def create(world: World, call: Call) -> Reply:
    """POST L/accounts/{id}/balances."""
    body = read(call, _CREATE)
    name = body["key"].lower()
    if name == "overdraft":
        raise Refusal("0170", entity="Balance")
    direction = "credit" if body.get("direction") is None else body["direction"]
    if direction not in ("credit", "debit"):
        raise Refusal("0171", entity="Balance")
    settings = _judge_settings(body.get("settings"))
    account = world.documents.get("account", world.scope(call), call.keys["account_id"])
    if account is None:
        raise Refusal("0007", entity="Balance")
    if world.balances.find(account.scope, account.body["alias"], name) is not None:
        raise Refusal("0123", entity="Balance")
    if account.body["type"] == "external":
        raise Refusal("0124", entity="Balance")
    default = world.balances.find(account.scope, account.body["alias"], "default")
    if default is None:
        raise Refusal("0007", entity="Balance")
    new = Balance(
        key=world.ids.issue(), ledger=account.scope, account=account.key, alias=account.body["alias"], name=name,
        asset=default.asset, account_type=default.account_type, direction=direction,
        created=world.now_us(),
    )  # fmt: skip
    new.allow_sending = body.get("allowSending") is not False
    new.allow_receiving = body.get("allowReceiving") is not False
    new.settings = settings
    world.balances.add(new)
    return answer(201, balance(world, Place(world, call), new, reads=False))


def patch(world: World, call: Call) -> Reply:
    """PATCH L/balances/{id}: flags and overdraft settings."""
    body = read(call, _PATCH)
    found = find(world, call)
    if found.name == "overdraft":
        raise Refusal("0175", entity="Balance")
    settings = _judge_settings(body.get("settings"))
    if settings is not None:
        _judge_limit(settings, found)
        if settings["allowOverdraft"] and not (found.settings or {}).get("allowOverdraft"):
            _open_companion(world, found)
        found.settings = settings
    if body.get("allowSending") is not None:
        found.allow_sending = body["allowSending"]
    if body.get("allowReceiving") is not None:
        found.allow_receiving = body["allowReceiving"]
    found.updated = world.now_us()
    world.balances.save(found)
    return answer(200, balance(world, Place(world, call), found, reads=False))


def _judge_settings(sent: dict[str, Any] | None) -> dict[str, Any] | None:
    """A limit and its switch come together, and the limit is greater than zero (contract 8.4)."""
    if sent is None:
        return None
    limited, limit = bool(sent.get("overdraftLimitEnabled")), sent.get("overdraftLimit")
    broken = limited != (limit is not None) or sent.get("balanceScope") not in (None, "transactional")
    if limit is not None and not broken:
        try:
            broken = exact.parse(limit) <= 0
        except exact.MalformedAmount:
            broken = True
    if broken:
        raise Refusal("0172", entity="Balance")
    settings: dict[str, Any] = {
        "allowOverdraft": bool(sent.get("allowOverdraft")),
        "overdraftLimitEnabled": limited,
    }
    if limit is not None:
        settings["overdraftLimit"] = limit
    if sent.get("balanceScope"):
        settings["balanceScope"] = sent["balanceScope"]
    return settings


def _judge_limit(settings: dict[str, Any], found: Balance) -> None:
    if settings.get("overdraftLimitEnabled") and exact.parse(settings["overdraftLimit"]) < found.overdraft_used:
        raise Refusal("0173", entity="Balance")


def _open_companion(world: World, main: Balance) -> None:
    if world.balances.find(main.ledger, main.alias, "overdraft") is not None:
        return
    companion = Balance(
        key=world.ids.issue(), ledger=main.ledger, account=main.account, alias=main.alias, name="overdraft",
        asset=main.asset, account_type=main.account_type, direction="debit", created=world.now_us(),
    )  # fmt: skip
    companion.settings = dict(_COMPANION_SETTINGS)
    world.balances.add(companion)


def delete(world: World, call: Call) -> Reply:
    """DELETE L/balances/{id}: not with funds, judged on what was there half a second ago (contract 8.1)."""
    found = find(world, call)
    if found.name == "overdraft":
        raise Refusal("0169", entity="Balance")
    if (found.available or found.on_hold) and not _still_lags(world, found):
        raise Refusal("0093", entity="Balance")
    found.deleted = True
    world.balances.save(found, now_us=world.now_us())
    return nothing()


def _still_lags(world: World, found: Balance) -> bool:
    """Funded for the first time a moment ago: the slow copy still says zero."""
    return world.quirks["deletes-lag"] and found.version == 1 and found.updated > world.now_us() - _LAG_US
