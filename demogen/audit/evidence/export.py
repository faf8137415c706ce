"""A run's history for other people's checkers: invocations and completions, as Jepsen's bank tests write them.

One operation a line, in time order: `invoke`, then `ok`, `fail` or `info` (it may or may not have happened). Each
request is a process of its own, since nobody waited for anybody. The last operation reads every balance. Amounts are
texts, and accounts are named by their ledger's row and alias. May import: `ground`, `errors`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from demogen.audit.ground import Ground
from demogen.errors import UsageError

FORMATS = ("edn", "json")
_TYPES = {1: "ok", 2: "fail", 3: "info"}
_VERBS = {7: "commit", 8: "cancel", 9: "revert"}

_EVENTS = """
with legs as (
    select arrival_id, list(a.alias order by a.account) filter (side = 0) as payers,
        list(money_text(amount) order by a.account) filter (side = 0) as paid,
        list(a.alias order by a.account) filter (side = 1) as payees,
        list(money_text(amount) order by a.account) filter (side = 1) as received, any_value(a.asset) as asset
    from journal.legs l join plan.accounts a using (account) group by arrival_id),
attempts as (
    select a.*, l.payers, l.paid, l.payees, l.received, l.asset,
        dense_rank() over (order by a.arrival_id) - 1 as number
    from journal.attempts a left join legs l using (arrival_id)),
events as (
    select if(sent_ns > 0, sent_ns, due_ns) as time_ns, 0 as outcome, * exclude (outcome) from attempts
    union all
    select greatest(answered_ns, sent_ns, due_ns) as time_ns, outcome, * exclude (outcome) from attempts)
select time_ns, outcome, number, action, if(flags & 1 <> 0, 'hold', 'transfer'), mark_text(key_id), payers, paid,
    payees, received, asset, uuid_text(subject), code, ledger
from events order by time_ns, outcome > 0, number"""


def history(ground: Ground, form: str) -> Iterator[str]:
    """Lines of the history of an audited run. Raises UsageError where there is no such format."""
    if form not in FORMATS:
        raise UsageError(f"no history format {form!r}", hint=f"choose from: {', '.join(FORMATS)}")
    write = _edn if form == "edn" else json.dumps
    for index, event in enumerate(_events(ground)):
        yield write({"index": index, **event})


def _events(ground: Ground) -> Iterator[dict[str, Any]]:
    rows = ground.connection.execute(_EVENTS)
    last_ns = 0
    while batch := rows.fetchmany(4096):
        for row in batch:
            last_ns = row[0]
            yield _event(row)
    reader = int(ground.value("select count(distinct arrival_id) from journal.attempts"))
    balances = dict(
        ground.rows(
            "select ledger || alias, money_text(worth(available, direction)) from facts.balances_now order by all"
        )
    )
    yield {"type": "invoke", "f": "read", "process": reader, "time": last_ns + 1, "value": None}
    yield {"type": "ok", "f": "read", "process": reader, "time": last_ns + 2, "value": balances}


def _event(row: tuple[Any, ...]) -> dict[str, Any]:
    time_ns, outcome, number, action, kind, mark, payers, paid, payees, received, asset, subject, code, ledger = row
    value: dict[str, Any] = {"key": mark}
    if action in _VERBS:
        value = {"transaction": subject}
    else:
        value |= {"from": _sides(ledger, payers, paid), "to": _sides(ledger, payees, received), "asset": asset}
    event = {"type": _TYPES.get(outcome, "invoke"), "f": _VERBS.get(action, kind), "process": number, "time": time_ns}
    event["value"] = value
    if outcome == 2 and code:
        event["error"] = f"{code:04d}"
    return event


def _sides(ledger: int, aliases: Iterable[str] | None, amounts: Iterable[str] | None) -> dict[str, str]:
    return {f"{ledger}{alias}": amount for alias, amount in zip(aliases or (), amounts or (), strict=True)}


def _edn(value: Any) -> str:
    """EDN text: keys of our own are keywords, aliases are strings, types and functions are keywords."""
    if value is None:
        return "nil"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)} {_edn_of(key, item)}" for key, item in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def _key(key: str) -> str:
    return json.dumps(key, ensure_ascii=False) if "@" in key else f":{key}"


def _edn_of(key: str, item: Any) -> str:
    return f":{item}" if key in ("type", "f") else _edn(item)
