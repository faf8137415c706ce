"""Tells a ledger that refuses an entity from a ledger that has no such thing: the latter is skipped, and said.

Older ledgers have no accounting routes, asset rates, additional balances or overdraft. May import: kinds, manifest.
"""

from __future__ import annotations

from demogen.population.kinds import Kind
from demogen.population.manifest import Row

#: What an unknown route or method is answered with: v3.8's framework codes, v4's own, and anybody else's.
_NO_ROUTE = frozenset({"404", "405", "0484", "0485", "http-404", "http-405", "http-501"})
_UNEXPECTED_FIELD = "0053"

_OPTIONAL = {
    Kind.ACCOUNT_TYPE: "account types",
    Kind.OPERATION_ROUTE: "accounting routes",
    Kind.TRANSACTION_ROUTE: "accounting routes",
    Kind.SETTINGS: "ledger settings",
    Kind.BALANCE: "additional balances",
    Kind.OVERDRAFT: "overdraft",
    Kind.ASSET_RATE: "asset rates",
}


def absence(row: Row) -> str:
    """The sentence to say where a failure means that the server has no such thing; "" where it means a refusal."""
    name = _OPTIONAL.get(row.kind)
    if name is None:
        return ""
    if row.code in _NO_ROUTE or (row.kind is Kind.OVERDRAFT and row.code == _UNEXPECTED_FIELD):
        return (
            f"the ledger has no {name}: they are left out"
            if name != "overdraft"
            else ("the ledger has no overdraft: it is left out")
        )
    return ""
