"""Who exists, as a table: the accounts and ledgers that the journal names by row. May import: `contract`, `ground`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

import numpy as np

from demogen.audit.ground import Ground, halves_of_ids, texts
from demogen.contract.transactions import AccountRef, LedgerRef


class Roster(Protocol):
    """What the audit needs of a population: ledgers and accounts in manifest order."""

    @property
    def ledgers(self) -> Sequence[LedgerRef]: ...

    @property
    def accounts(self) -> Sequence[AccountRef]: ...


def load_roster(ground: Ground, roster: Roster, *, shared: Collection[str] = ()) -> None:
    """Fill `plan.ledgers` and `plan.accounts`; `shared` are ids of ledgers that others use as well."""
    ledgers = list(roster.ledgers)
    ground.insert(
        "insert into plan.ledgers select ledger, organization_id, ledger_id, own from given",
        {
            "ledger": np.array([ledger.index for ledger in ledgers], dtype=np.uint32),
            "organization_id": texts([ledger.organization_id for ledger in ledgers]),
            "ledger_id": texts([ledger.ledger_id for ledger in ledgers]),
            "own": np.array([ledger.ledger_id not in shared for ledger in ledgers], dtype=bool),
        },
    )
    accounts = list(roster.accounts)
    high, low = halves_of_ids([account.account_id for account in accounts])
    ground.insert(
        "insert into plan.accounts select account, wide(hi, lo), alias, asset, ledger, external from given",
        {
            "account": np.array([account.index for account in accounts], dtype=np.int32),
            "hi": high,
            "lo": low,
            "alias": texts([account.alias for account in accounts]),
            "asset": texts([account.asset for account in accounts]),
            "ledger": np.array([account.ledger.index for account in accounts], dtype=np.uint32),
            "external": np.array([account.external for account in accounts], dtype=bool),
        },
    )
