"""What a population is, in figures: organizations by industry and country, accounts by role and asset, deposits.

Read from the manifest alone. May import: manifest, kinds.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import msgspec

from demogen.population.kinds import COUNTED, Kind
from demogen.population.manifest import Manifest, Row, State

_EXISTS = (State.MADE, State.FOUND)


class Summary(msgspec.Struct):
    """Figures of one population. Deposits are sums of opening balances by asset, as decimal text."""

    about: dict[str, str]
    counts: dict[str, dict[str, int]]
    entities: int = 0
    industries: dict[str, int] = {}
    countries: dict[str, int] = {}
    states: dict[str, int] = {}
    sizes: dict[str, int] = {}
    purposes: dict[str, int] = {}
    assets: dict[str, int] = {}
    roles: dict[str, int] = {}
    account_types: dict[str, int] = {}
    accounts_by_asset: dict[str, int] = {}
    deposits: dict[str, str] = {}
    transactions: dict[str, int] = {}
    reasons: dict[str, int] = {}


def summarise(manifest: Manifest) -> Summary:
    """One pass over the manifest."""
    counted = manifest.counts()
    summary = Summary(
        about={key: value for key, value in manifest.about().items() if key != "spec"},
        counts={
            kind.label: {state.name.lower(): number for state, number in states.items()}
            for kind, states in sorted(counted.items())
        },
    )
    summary.entities = sum(
        number for kind in COUNTED for state, number in counted.get(kind, {}).items() if state in _EXISTS
    )
    tallies = _Tallies()
    for row in manifest.rows():
        tallies.take(row)
    for name, counter in tallies.counters.items():
        setattr(summary, name, dict(counter.most_common()))
    summary.deposits = {asset: format(amount, "f") for asset, amount in sorted(tallies.deposits.items())}
    return summary


class _Tallies:
    def __init__(self) -> None:
        names = ("industries", "countries", "states", "sizes", "purposes", "assets", "roles", "account_types",
                 "accounts_by_asset", "transactions", "reasons")  # fmt: skip
        self.counters: dict[str, Counter[str]] = {name: Counter() for name in names}
        self.deposits: dict[str, Decimal] = {}

    def take(self, row: Row) -> None:
        if row.state not in _EXISTS:
            self.counters["reasons"][f"{row.kind.label}: {row.code} {row.reason}"] += 1
        elif row.kind is Kind.ORGANIZATION:
            body = _body(row)
            address, metadata = body.get("address", {}), body.get("metadata", {})
            self._count(industries=metadata.get("industry"), countries=address.get("country"))
            self._count(states=address.get("state"), sizes=metadata.get("size"))
        elif row.kind is Kind.LEDGER:
            self._count(purposes=_body(row).get("metadata", {}).get("purpose"))
        elif row.kind is Kind.ASSET:
            self._count(assets=row.label)
        elif row.kind is Kind.ACCOUNT:
            self._count(roles=row.role, account_types=_body(row).get("type"), accounts_by_asset=row.asset)
        elif row.kind is Kind.DEPOSIT and row.label:
            amount = Decimal(row.label).scaleb(-row.scale)
            self.deposits[row.asset] = self.deposits.get(row.asset, Decimal(0)) + amount
        elif row.kind is Kind.TRANSACTION:
            self._count(transactions=row.label or "unknown")

    def _count(self, **names: object) -> None:
        for counter, name in names.items():
            if name:
                self.counters[counter][str(name)] += 1


def _body(row: Row) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.json.decode(row.body) if row.body else {}
    return body
