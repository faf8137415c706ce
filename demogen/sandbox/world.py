"""Everything a handler may reach: the store, the clock, the dialect, quirks and defects. Decides nothing itself.

May import: demogen.clock, demogen.sandbox.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING

from demogen.sandbox import moments
from demogen.sandbox.defects import Planted
from demogen.sandbox.dialect import Dialect
from demogen.sandbox.http import Call
from demogen.sandbox.ids import canonical_uuid, first_key_at
from demogen.sandbox.quirks import Quirks
from demogen.sandbox.store.documents import Document
from demogen.sandbox.store.store import Store

if TYPE_CHECKING:
    from demogen.sandbox.sabotage import Saboteur


def place_ids(call: Call) -> tuple[str, str]:
    """The organization and ledger of a path, in the usual spelling."""
    return canonical_uuid(call.parameters["organization_id"]), canonical_uuid(call.parameters["ledger_id"])


def _nowhere(organization: str, ledger: str) -> int:
    return -2 - (int.from_bytes(blake2b(f"{organization}/{ledger}".encode(), digest_size=8).digest()) >> 2)


class World:
    """One ledger server's state and character."""

    def __init__(self, store: Store, *, dialect: Dialect, quirks: Quirks, defects: Planted) -> None:
        self.store = store
        self.documents = store.documents
        self.balances = store.balances
        self.journal = store.journal
        self.marks = store.marks
        self.ids = store.ids
        self.spell = store.ids.spell
        self.spell_often = lru_cache(maxsize=32_768)(store.ids.spell)  # accounts, balances, ledgers
        self.read_id = lru_cache(maxsize=32_768)(store.ids.read)
        self.dialect = dialect
        self.quirks = quirks
        self.defects = defects
        self.now_us = store.now_us
        self.saboteur: Saboteur | None = None  # lets planted defects strike
        self.lag_us = 0  # async mode: how long reads lag behind an accepted transaction (contract 12)
        self.at_work: set[tuple[int, str]] = set()  # marks whose first answer has not left
        self._ledgers: dict[tuple[int, int], bool] = {}

    def now_text(self) -> str:
        return moments.text(self.now_us())

    def ledger_document(self, call: Call) -> Document | None:
        """The live ledger of a path, or None."""
        return self.documents.get("ledger", call.keys["organization_id"], call.keys["ledger_id"])

    def scope(self, call: Call) -> int:
        """What the entities of a path belong to: its ledger's key, deleted or not (contract 2.3, 3.2).

        For an organization and ledger that are not a pair it is a negative number of their own: the lists of such a
        place are empty, and the few entities that need no ledger can be made in it.
        """
        pair = call.keys["organization_id"], call.keys["ledger_id"]
        known = self._ledgers.get(pair)
        if known is None:
            row = self.store.database.one(
                "select 1 from documents where key = ? and kind = 'ledger' and scope = ?", (pair[1], pair[0])
            )
            if row is None:
                return _nowhere(*place_ids(call))
            known = True
            if len(self._ledgers) > 10_000:
                self._ledgers.clear()
            self._ledgers[pair] = known
        return pair[1]

    def ledger_is_unknown(self, call: Call) -> bool:
        """No such ledger was ever there; a deleted one still takes transactions (contract 3.2)."""
        return self.scope(call) < 0

    def name_is_taken(self, kind: str, scope: int, name: str) -> bool:
        """Whether a new alias or name stands in the way of one that is there."""
        if self.quirks["names-are-patterns"]:
            return self.documents.name_is_taken(kind, scope, name)
        return self.documents.named(kind, scope, name) is not None

    def visible_before(self) -> int:
        """The first key that lists do not show yet, because async mode lags (contract 12)."""
        return first_key_at(self.now_us() - self.lag_us) if self.lag_us else sys.maxsize

    def settings(self, call: Call) -> dict[str, dict[str, object]]:
        """The ledger's settings, in full (contract 3.2)."""
        ledger = self.ledger_document(call)
        kept = ledger.body.get("settings", {}) if ledger is not None else {}
        return {group: {**defaults, **kept.get(group, {})} for group, defaults in self.dialect.settings_groups.items()}
