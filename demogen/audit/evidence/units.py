"""A history cut into units that can be left out one by one: a request, its repeats, and what was done to it later.

Reads what an audit left behind. May import: `ground`, `invariant`, `errors`, `contract`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from demogen.audit.ground import Ground
from demogen.audit.invariant import Invariant
from demogen.contract.transactions import Action
from demogen.errors import UsageError

#: More than this is no counter-example anybody reads; the search starts with the nearest ones.
UNITS_MAX = 48


class UnitLeg(msgspec.Struct, frozen=True):
    """One leg: `side` 0 pays, 1 receives; the amount is a decimal text."""

    side: int
    alias: str
    amount: str
    balance_key: str = "default"


class Unit(msgspec.Struct, frozen=True):
    """One request as it was sent. `repeats` is how often it was sent again, `steps` what was asked about it later;
    `accepted` what the ledger said.
    """

    mark: str
    action: Action
    asset: str
    legs: tuple[UnitLeg, ...]
    pending: bool = False
    repeats: int = 0
    steps: tuple[Action, ...] = ()
    accepted: bool = True


class Witness(msgspec.Struct, frozen=True):
    """A counter-example's own words, and what it is about (0 or None where it names none)."""

    words: str
    key_id: int | None
    transaction_id: int | None
    account_id: int | None


def witness_of(ground: Ground, claim: Invariant) -> Witness:
    """The earliest counter-example. Raises UsageError where there is none."""
    cursor = ground.connection.execute(f"select * from ({claim.query}) examples order by at_ns limit 1")
    names = [column[0] for column in cursor.description or ()]
    row = cursor.fetchone()
    if row is None:
        raise UsageError(f"{claim.name} has no counter-example in this run", hint="name an invariant that is VIOLATED")
    found = dict(zip(names, row, strict=True))
    return Witness(found["words"], found.get("key_id"), found.get("transaction_id"), found.get("account_id"))


def units_about(ground: Ground, witness: Witness) -> list[Unit]:
    """What was sent about the witness, then what touched its accounts about that time; in the order it was sent."""
    keys = _keys_of(ground, witness)
    accounts = _accounts_of(ground, witness, keys)
    around = min(keys) if keys else 0
    # A sum over a whole ledger names no account: then any request may be the one.
    where = "list_contains(?, l.account)" if accounts else "len(?) = 0"
    rows = ground.rows(
        f"""select distinct r.key_id, abs(r.key_id::hugeint - ?::hugeint) as distance from facts.requests r
        join journal.legs l on l.arrival_id = r.origin
        where {where} and r.accepted > 0 order by distance, r.key_id limit ?""",
        [around, accounts, UNITS_MAX],
    )
    return units_of(ground, sorted({*keys, *(row[0] for row in rows)}))


def _keys_of(ground: Ground, witness: Witness) -> list[int]:
    found = [] if witness.key_id is None else [witness.key_id]
    if witness.transaction_id is not None:
        rows = ground.rows(
            """select key_id from facts.requests where transaction_id = ?
            union select r.key_id from facts.requests r join book.transactions t on t.parent = r.transaction_id
            where t.id = ?""",
            [witness.transaction_id, witness.transaction_id],
        )
        found += [row[0] for row in rows]
    known = ground.rows("select key_id from facts.requests where list_contains(?, key_id)", [found])
    return sorted({row[0] for row in known})


def _accounts_of(ground: Ground, witness: Witness, keys: list[int]) -> list[int]:
    rows = ground.rows(
        """select distinct l.account from journal.legs l join facts.requests r on r.origin = l.arrival_id
        where list_contains(?, r.key_id)
        union select account from plan.accounts where account_id = ?
        union select distinct account from book.operations where transaction_id = ? and account >= 0""",
        [keys, witness.account_id, witness.transaction_id],
    )
    return [row[0] for row in rows]


def units_of(ground: Ground, keys: Sequence[int]) -> list[Unit]:
    """The units of these keys, in the order of the keys."""
    legs: dict[int, list[tuple[UnitLeg, str]]] = {}
    for key, side, alias, amount, balance_key, asset in ground.rows(
        """select r.key_id, l.side, a.alias, money_text(l.amount), l.balance_key, a.asset from facts.requests r
        join journal.legs l on l.arrival_id = r.origin join plan.accounts a using (account)
        where r.key_id in (select unnest(?)) and l.amount > 0 order by r.key_id, l.side, a.account""",
        [list(keys)],
    ):
        legs.setdefault(key, []).append((UnitLeg(side, alias, amount, balance_key), asset))
    steps: dict[int, list[Action]] = {}
    for key, action in ground.rows(
        """select r.key_id, s.action from facts.requests r join journal.attempts s on s.subject = r.transaction_id
        where r.key_id in (select unnest(?)) and s.action in (7, 8, 9) order by s.sent_ns, s.arrival_id""",
        [list(keys)],
    ):
        steps.setdefault(key, []).append(Action(action))
    rows = ground.rows(
        "select key_id, mark_text(key_id), action, pending, attempts, accepted > 0 from facts.requests "
        "where key_id in (select unnest(?)) order by key_id",
        [list(keys)],
    )
    return [
        Unit(
            mark=mark,
            action=Action(action),
            asset=legs[key][0][1] if key in legs else "",
            legs=tuple(leg for leg, _ in legs.get(key, ())),
            pending=bool(pending),
            repeats=attempts - 1,
            steps=tuple(steps.get(key, ())),
            accepted=bool(accepted),
        )
        for key, mark, action, pending, attempts, accepted in rows
    ]


def balances_of(units: Sequence[Unit]) -> list[tuple[str, str]]:
    """The additional balances these units need: (alias, key)."""
    return sorted({(leg.alias, leg.balance_key) for unit in units for leg in unit.legs if leg.balance_key != "default"})


def shape_of(units: Sequence[Unit]) -> dict[str, Any]:
    """What a ledger must hold for these units: assets, and the accounts of each."""
    shape: dict[str, set[str]] = {}
    for unit in units:
        shape.setdefault(unit.asset, set()).update(
            leg.alias for leg in unit.legs if not leg.alias.startswith("@external/")
        )
    return {asset: sorted(aliases) for asset, aliases in sorted(shape.items())}
