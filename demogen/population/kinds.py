"""What a population is made of, in the order it must be made. The numbers are stored in manifests: never reuse one.

May import: nothing from demogen.
"""

from __future__ import annotations

import enum


class Kind(enum.IntEnum):
    """One kind of thing a plan holds. The order is the order of dependency."""

    ORGANIZATION = 1
    LEDGER = 2
    ASSET = 3
    ACCOUNT_TYPE = 4
    OPERATION_ROUTE = 5
    TRANSACTION_ROUTE = 6
    PORTFOLIO = 7
    SEGMENT = 8
    ACCOUNT = 9
    SETTINGS = 10
    BALANCE = 11
    OVERDRAFT = 12
    ASSET_RATE = 13
    DEPOSIT = 14
    TRANSACTION = 15

    @property
    def label(self) -> str:
        """Plural, as counts and progress show it."""
        return _LABELS[self]

    @property
    def one(self) -> str:
        """One of them, as a sentence says it."""
        name = self.name.lower().replace("_", " ")
        return f"an {name}" if name[0] in "aeio" else f"a {name}"

    @property
    def letter(self) -> str:
        """What a mark of this kind begins with after the population's id."""
        return _LETTERS[self]


_LABELS = {
    Kind.ORGANIZATION: "organizations",
    Kind.LEDGER: "ledgers",
    Kind.ASSET: "assets",
    Kind.ACCOUNT_TYPE: "account_types",
    Kind.OPERATION_ROUTE: "operation_routes",
    Kind.TRANSACTION_ROUTE: "transaction_routes",
    Kind.PORTFOLIO: "portfolios",
    Kind.SEGMENT: "segments",
    Kind.ACCOUNT: "accounts",
    Kind.SETTINGS: "ledger_settings",
    Kind.BALANCE: "balances",
    Kind.OVERDRAFT: "overdrafts",
    Kind.ASSET_RATE: "asset_rates",
    Kind.DEPOSIT: "deposits",
    Kind.TRANSACTION: "transactions",
}

_LETTERS = {
    Kind.ORGANIZATION: "o",
    Kind.LEDGER: "l",
    Kind.ASSET: "s",
    Kind.ACCOUNT_TYPE: "y",
    Kind.OPERATION_ROUTE: "r",
    Kind.TRANSACTION_ROUTE: "w",
    Kind.PORTFOLIO: "p",
    Kind.SEGMENT: "g",
    Kind.ACCOUNT: "a",
    Kind.SETTINGS: "c",
    Kind.BALANCE: "b",
    Kind.OVERDRAFT: "v",
    Kind.ASSET_RATE: "x",
    Kind.DEPOSIT: "d",
    Kind.TRANSACTION: "t",
}

#: The kinds whose number a preset fixes (P1); the rest comes on top.
COUNTED = (
    Kind.ORGANIZATION,
    Kind.LEDGER,
    Kind.ASSET,
    Kind.PORTFOLIO,
    Kind.SEGMENT,
    Kind.ACCOUNT,
    Kind.TRANSACTION,
)
