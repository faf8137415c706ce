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
_BLOCKS_MAX = 128
_EXISTS = (State.MADE, State.FOUND)


class Known:
    """A read-through cache over a manifest. `forget` it before each stage: rows may have come since."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._blocks: OrderedDict[tuple[Kind, int], dict[int, Row]] = OrderedDict()

    def forget(self) -> None:
        """Read afresh from now on."""
        self._manifest.flush()
        self._blocks.clear()

    def row(self, kind: Kind, position: int) -> Row | None:
        """The entity at a position of the plan, if it exists on the server."""
        place = (kind, position // _BLOCK)
        block = self._blocks.get(place)
        if block is None:
            first = place[1] * _BLOCK
            block = {row.position: row for row in self._manifest.span(kind, first, first + _BLOCK, states=_EXISTS)}
            self._blocks[place] = block
            if len(self._blocks) > _BLOCKS_MAX:
                self._blocks.popitem(last=False)
        return block.get(position)

    def id(self, kind: Kind, position: int) -> str | None:
        """The id of an entity that exists."""
        row = self.row(kind, position)
        return str(UUID(bytes=row.id)) if row and row.id else None

    def ledger(self, position: int) -> LedgerRef | None:
        """A ledger that exists, in an organization that exists. `index` is its position in the plan."""
        row = self.row(Kind.LEDGER, position)
        organization = self.id(Kind.ORGANIZATION, row.owner) if row else None
        if row is None or row.id is None or organization is None:
            return None
        return LedgerRef(position, organization, str(UUID(bytes=row.id)))

    def account(self, position: int, ledger: LedgerRef) -> AccountRef | None:
        """An account that exists. `index` is its position in the plan."""
        row = self.row(Kind.ACCOUNT, position)
        if row is None or row.id is None:
            return None
        return AccountRef(position, str(UUID(bytes=row.id)), row.label, row.asset, row.scale, ledger, row.role)
