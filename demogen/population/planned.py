"""One entity to be: its fields, its mark, and what else it needs the id of. Data only.

May import: kinds.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from demogen.population.kinds import Kind

#: A reference to another planned entity: the field that takes its id, and the entity's kind and index.
Reference = tuple[str, Kind, int]


class Stage(NamedTuple):
    """A kind, or a wave of it: organizations and accounts that have a parent come after those that have none."""

    kind: Kind
    wave: int = 0


class Planned(msgspec.Struct, frozen=True):
    """One entity to be. `ledger` is -1 for organizations; `references` name what its body still needs the id of."""

    kind: Kind
    index: int
    mark: str
    organization: int
    ledger: int
    fields: dict[str, Any]
    references: tuple[Reference, ...] = ()

    def line(self) -> bytes:
        """One JSON line, the same bytes for the same entity."""
        references = [(field, kind.label, index) for field, kind, index in self.references]
        return msgspec.json.encode(
            {"kind": self.kind.label, "index": self.index, "fields": self.fields, "references": references}
        )
