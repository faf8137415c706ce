"""What a population has beyond ledgers and accounts: overdrafts, additional balances, rates, accounting routes.

Read from a manifest, carried to workers inside the Population. May import: contract, manifest, kinds.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from uuid import UUID

import msgspec

from demogen.population.kinds import Kind
from demogen.population.manifest import Manifest, State

_EXISTS = (State.MADE, State.FOUND)


class Rate(msgspec.Struct, frozen=True, array_like=True):
    """One unit of `source` is worth `rate` / 10^`scale` units of `target` in one ledger. The server applies none."""

    ledger: int
    source: str
    target: str
    rate: int
    scale: int
    spread_bp: int

    @property
    def value(self) -> Fraction:
        return Fraction(self.rate, 10**self.scale)


class FlowRoute(msgspec.Struct, frozen=True, array_like=True):
    """A transaction route and the operation routes of its two sides, as a transaction must name them (contract 11)."""

    ledger: int
    name: str
    route_id: str
    source_id: str
    target_id: str


class Extras(msgspec.Struct, frozen=True):
    """By account position: `overdrafts` (limit as decimal text), `balance_keys` and `interest_bp` (a year's interest in
    basis points); by ledger position: the rest.

    `insists_on_routes` are the ledgers that refuse a transaction without routes. `worth` is what one whole unit of an
    asset is worth in dollars, as decimal text, by asset code.
    """

    overdrafts: dict[int, str] = {}
    balance_keys: dict[int, str] = {}
    interest_bp: dict[int, int] = {}
    rates: tuple[Rate, ...] = ()
    routes: tuple[FlowRoute, ...] = ()
    insists_on_routes: frozenset[int] = frozenset()
    worth: dict[str, str] = {}


class _RateBody(msgspec.Struct):
    source: str = msgspec.field(name="from")
    target: str = msgspec.field(name="to")
    rate: int
    scale: int
    metadata: dict[str, bool | int | str] = {}


class _RouteBody(msgspec.Struct, rename="camel"):
    operation_routes: list[str] = []


class _SettingsBody(msgspec.Struct):
    accounting: dict[str, bool] = {}


def read_extras(manifest: Manifest, *, ledgers: Mapping[int, int], accounts: Mapping[int, int]) -> Extras:
    """The extras of a manifest; the mappings lead from positions in the plan to positions in the Population."""
    return Extras(
        worth=_worth(manifest),
        overdrafts=_by_account(manifest, Kind.OVERDRAFT, accounts),
        balance_keys=_by_account(manifest, Kind.BALANCE, accounts),
        interest_bp=_interest(manifest, accounts),
        rates=tuple(_rates(manifest, ledgers)),
        routes=tuple(_routes(manifest, ledgers)),
        insists_on_routes=frozenset(
            ledgers[row.ledger]
            for row in manifest.rows(Kind.SETTINGS, states=_EXISTS)
            if row.ledger in ledgers
            and row.body
            and msgspec.json.decode(row.body, type=_SettingsBody).accounting.get("validateRoutes")
        ),
    )


class _Tagged(msgspec.Struct):
    metadata: dict[str, bool | int | str] = {}


def _worth(manifest: Manifest) -> dict[str, str]:
    worth: dict[str, str] = {}
    for row in manifest.rows(Kind.ASSET, states=_EXISTS):
        if row.label not in worth and row.body:
            told = msgspec.json.decode(row.body, type=_Tagged).metadata.get("reference_usd")
            worth[row.label] = str(told or "1")
    return worth


def _by_account(manifest: Manifest, kind: Kind, accounts: Mapping[int, int]) -> dict[int, str]:
    rows = manifest.rows(kind, states=_EXISTS)
    return {accounts[row.position]: row.label for row in rows if row.position in accounts}


def _interest(manifest: Manifest, accounts: Mapping[int, int]) -> dict[int, int]:
    earning: dict[int, int] = {}
    for row in manifest.rows(Kind.ACCOUNT, states=_EXISTS):
        # Most accounts earn none: those are not worth decoding.
        if row.body and b'"interest_bp"' in row.body and row.position in accounts:
            told = msgspec.json.decode(row.body, type=_Tagged).metadata.get("interest_bp", 0)
            earning[accounts[row.position]] = int(told)
    return earning


def _rates(manifest: Manifest, ledgers: Mapping[int, int]) -> list[Rate]:
    rates = []
    for row in manifest.rows(Kind.ASSET_RATE, states=_EXISTS):
        if row.body and row.ledger in ledgers:
            body = msgspec.json.decode(row.body, type=_RateBody)
            spread = body.metadata.get("spread_bp", 0)
            rates.append(Rate(ledgers[row.ledger], body.source, body.target, body.rate, body.scale, int(spread)))
    return rates


def _routes(manifest: Manifest, ledgers: Mapping[int, int]) -> list[FlowRoute]:
    routes = []
    for row in manifest.rows(Kind.TRANSACTION_ROUTE, states=_EXISTS):
        if row.body and row.id and row.ledger in ledgers:
            sides = msgspec.json.decode(row.body, type=_RouteBody).operation_routes
            routes.append(
                FlowRoute(ledgers[row.ledger], row.label.lower(), str(UUID(bytes=row.id)), sides[0], sides[-1])
            )
    return routes
