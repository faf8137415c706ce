"""Everything a handler may reach: the store, the clock, the dialect, quirks and defects. Decides nothing itself.

May import: demogen.clock, demogen.sandbox.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import TYPE_CHECKING

from demogen.sandbox import moments
from demogen.sandbox.defects import Planted
from demogen.sandbox.dialect import Dialect
from demogen.sandbox.http import Call
from demogen.sandbox.ids import FOREIGN, first_key_at
from demogen.sandbox.quirks import Quirks
from demogen.sandbox.store.documents import Document
from demogen.sandbox.store.store import Store

if TYPE_CHECKING:
    from demogen.sandbox.sabotage import Saboteur


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
        """The ledger key of a path, deleted or not; FOREIGN when no such ledger was ever there (contract 2.3, 3.2)."""
        pair = call.keys["organization_id"], call.keys["ledger_id"]
        known = self._ledgers.get(pair)
        if known is None:
            row = self.store.database.one(
                "select 1 from documents where key = ? and kind = 'ledger' and scope = ?", (pair[1], pair[0])
            )
            known = row is not None
            if known:
                if len(self._ledgers) > 10_000:
                    self._ledgers.clear()
                self._ledgers[pair] = True
        return pair[1] if known else FOREIGN

    def ledger_is_unknown(self, call: Call) -> bool:
        """No such ledger was ever there; a deleted one still takes transactions (contract 3.2)."""
        return self.scope(call) == FOREIGN

    def visible_before(self) -> int:
        """The first key that lists do not show yet, because async mode lags (contract 12)."""
        return first_key_at(self.now_us() - self.lag_us) if self.lag_us else sys.maxsize

    def settings(self, call: Call) -> dict[str, dict[str, object]]:
        """The ledger's settings, in full (contract 3.2)."""
        ledger = self.ledger_document(call)
        kept = ledger.body.get("settings", {}) if ledger is not None else {}
        return {group: {**defaults, **kept.get(group, {})} for group, defaults in self.dialect.settings_groups.items()}
