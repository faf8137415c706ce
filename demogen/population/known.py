"""What the manifest knows, a block at a time: ids of what was made earlier, looked up by plan position.

Keeps a bounded number of blocks, so provisioning needs the same memory for ten ledgers and ten million accounts.
May import: contract, manifest, kinds.
"""

from __future__ import annotations

from collections import OrderedDict
from uuid import UUID

from demogen.contract.transactions import AccountRef, LedgerRef
from demogen.population.kinds import Kind
from demogen.population.manifest import Manifest, Row, State

_BLOCK = 512
_EXISTS = (State.MADE, State.FOUND)


class Known:
    """A read-through cache over a manifest. `forget` it before each stage: rows may have come since."""

    def __init__(self, manifest: Manifest, *, rows_max: int = 65_536) -> None:
        """At most about `rows_max` rows are kept in memory."""
        self._manifest = manifest
        self._blocks_max = max(8, rows_max // _BLOCK)
        self._blocks: OrderedDict[tuple[Kind, int], dict[int, Row]] = OrderedDict()
        self._refs_max = max(_BLOCK, rows_max // 8)
        self._ledgers: dict[int, LedgerRef | None] = {}
        self._accounts: dict[int, AccountRef | None] = {}

    def forget(self) -> None:
        """Read afresh from now on."""
        self._manifest.flush()
        self._blocks.clear()
        self._ledgers.clear()
        self._accounts.clear()

    def row(self, kind: Kind, position: int) -> Row | None:
        """The entity at a position of the plan, if it exists on the server."""
        place = (kind, position // _BLOCK)
        block = self._blocks.get(place)
        if block is None:
            first = place[1] * _BLOCK
            block = {row.position: row for row in self._manifest.span(kind, first, first + _BLOCK, states=_EXISTS)}
            self._blocks[place] = block
            if len(self._blocks) > self._blocks_max:
                self._blocks.popitem(last=False)
        return block.get(position)

    def id(self, kind: Kind, position: int) -> str | None:
        """The id of an entity that exists."""
        row = self.row(kind, position)
        return str(UUID(bytes=row.id)) if row and row.id else None

    def ledger(self, position: int) -> LedgerRef | None:
        """A ledger that exists, in an organization that exists. `index` is its position in the plan."""
        if position not in self._ledgers:
            if len(self._ledgers) >= self._refs_max:
                self._ledgers.clear()
            self._ledgers[position] = self._read_ledger(position)
        return self._ledgers[position]

    def account(self, position: int, ledger: LedgerRef, *, scale: int) -> AccountRef | None:
        """An account that exists. `index` is its position in the plan."""
        if position not in self._accounts:
            if len(self._accounts) >= self._refs_max:
                self._accounts.clear()
            row = self.row(Kind.ACCOUNT, position)
            self._accounts[position] = (
                AccountRef(position, str(UUID(bytes=row.id)), row.label, row.asset, scale, ledger, row.role)
                if row and row.id
                else None
            )
        return self._accounts[position]

    def _read_ledger(self, position: int) -> LedgerRef | None:
        row = self.row(Kind.LEDGER, position)
        organization = self.id(Kind.ORGANIZATION, row.owner) if row else None
        if row is None or row.id is None or organization is None:
            return None
        return LedgerRef(position, organization, str(UUID(bytes=row.id)))
