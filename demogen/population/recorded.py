"""A blueprint taken from a backup: the same entities again, from the bodies that were sent, on another server.

Ids of the old server become references to positions, so the new server's ids take their place. Transactions are not
repeated: an account opens with what it held when the backup was made. May import: contract, manifest, blueprint.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import msgspec

from demogen.contract.money import parse_units
from demogen.errors import UsageError
from demogen.population.blueprint import RoutePlan
from demogen.population.extras import Extras, read_extras
from demogen.population.kinds import Kind
from demogen.population.manifest import Manifest, Row, State
from demogen.population.planned import Planned, Reference, Stage

_EXISTS = (State.MADE, State.FOUND)
_ONE_ID = {
    "parentOrganizationId": Kind.ORGANIZATION,
    "portfolioId": Kind.PORTFOLIO,
    "segmentId": Kind.SEGMENT,
    "parentAccountId": Kind.ACCOUNT,
}
_PARENTS = {Kind.ORGANIZATION: "parentOrganizationId", Kind.ACCOUNT: "parentAccountId"}
_OF_ACCOUNT = (Kind.BALANCE, Kind.OVERDRAFT)


class RecordedPlan:
    """The blueprint in a backup file (`archive.back_up`). Raises UsageError where the file is none."""

    keyed = True
    opening_date = ""

    def __init__(self, path: Path) -> None:
        self._manifest = Manifest(path, read_only=True)
        self._about = self._manifest.about()
        if "backup" not in self._about:
            raise UsageError(f"{path} is no backup", hint="name a file that demogen population backup wrote")
        self.id = self._about["id"]
        self.digest = hashlib.sha256(f"backup {self._about['digest']} {self._about['backup']}".encode()).hexdigest()
        self.row = lru_cache(maxsize=4096)(self._row)

    def about(self) -> dict[str, str]:
        return {
            key: value for key, value in self._about.items() if key not in ("url", "adopting", "part", "digest", "id")
        }

    def counts(self) -> dict[Kind, int]:
        return dict(self._counts)

    @cached_property
    def _counts(self) -> dict[Kind, int]:
        counts: dict[Kind, int] = {kind: self._manifest.count(kind, _EXISTS) for kind in Kind}
        del counts[Kind.TRANSACTION]
        counts[Kind.DEPOSIT] = sum(1 for _ in self._funded())
        return counts

    def stages(self) -> Iterator[Stage]:
        for kind, count in self._counts.items():
            if count:
                yield Stage(kind)
                if kind in _PARENTS and self.stage_size(Stage(kind, 1)):
                    yield Stage(kind, 1)

    def stage_size(self, stage: Stage) -> int:
        return sum(1 for _ in self.indexes(stage))

    def indexes(self, stage: Stage, *, part: tuple[int, int] = (1, 1)) -> Iterator[int]:
        if part != (1, 1):
            raise UsageError("a backup is restored in one part", hint="leave --part out")
        if stage.kind is Kind.DEPOSIT:
            yield from self._funded()
            return
        parent = _PARENTS.get(stage.kind)
        for row in self._manifest.rows(stage.kind, states=_EXISTS):
            if int(parent is not None and f'"{parent}"'.encode() in (row.body or b"")) == stage.wave:
                yield row.position

    def _funded(self) -> Iterator[int]:
        return (row.position for row in self._manifest.rows(Kind.ACCOUNT, states=_EXISTS) if self._units(row) > 0)

    def entity(self, kind: Kind, index: int) -> Planned:
        row = self.row(kind, index)
        fields, references = self._fields(row)
        return Planned(kind, index, self.mark(kind, index), row.owner, row.ledger, fields, references)

    def _fields(self, row: Row) -> tuple[dict[str, Any], tuple[Reference, ...]]:
        if row.kind is Kind.OVERDRAFT:
            scale = self.scale_of(row.position)
            limit = {"units": parse_units(row.label, scale), "scale": scale}
            return limit, (("account", Kind.ACCOUNT, row.position),)
        fields: dict[str, Any] = msgspec.json.decode(row.body or b"{}")
        if row.kind in _OF_ACCOUNT:
            return fields, (("account", Kind.ACCOUNT, row.position),)
        references: list[Reference] = []
        for field, kind in _ONE_ID.items():
            if field in fields:
                references.append((field, kind, self._position(kind, fields.pop(field))))
        parts = [self._position(Kind.OPERATION_ROUTE, old) for old in fields.pop("operationRoutes", [])]
        references += [("operationRoutes", Kind.OPERATION_ROUTE, part) for part in parts]
        return fields, tuple(references)

    def mark(self, kind: Kind, index: int) -> str:
        return f"{self.id}-{kind.letter}{index}"

    def place_of(self, kind: Kind, index: int) -> tuple[int, int]:
        account = self.row(Kind.ACCOUNT if kind is Kind.DEPOSIT else kind, index)
        return account.owner, account.ledger

    def per_ledger(self, kind: Kind) -> int:
        above = self._counts[Kind.ORGANIZATION if kind is Kind.LEDGER else Kind.LEDGER]
        return -(-self._counts.get(kind, 0) // max(1, above))

    def opening_units(self, index: int) -> int:
        return self._units(self.row(Kind.ACCOUNT, index))

    def scale_of(self, index: int) -> int:
        account = self.row(Kind.ACCOUNT, index)
        return self._scales[account.ledger, account.asset]

    def routes_for(self, ledger: int, flow: str) -> RoutePlan | None:
        if ledger not in self._extras.insists_on_routes:
            return None
        for row in self._manifest.rows(Kind.TRANSACTION_ROUTE, states=_EXISTS):
            if row.ledger == ledger and row.label.lower() == flow:
                sides = [index for field, _, index in self._fields(row)[1] if field == "operationRoutes"]
                return RoutePlan(row.position, sides[0], sides[-1])
        return None

    @cached_property
    def _extras(self) -> Extras:
        same = {row.position: row.position for row in self._manifest.rows(Kind.LEDGER, states=_EXISTS)}
        return read_extras(self._manifest, ledgers=same, accounts={})

    @cached_property
    def _scales(self) -> dict[tuple[int, str], int]:
        return {(row.ledger, row.label): row.scale for row in self._manifest.rows(Kind.ASSET, states=_EXISTS)}

    def _units(self, account: Row) -> int:
        """What the account held, in minor units; amounts finer than the scale are cut off."""
        held = self._manifest.held(account.position)
        return parse_units(held, self._scales[account.ledger, account.asset]) if held else 0

    def _row(self, kind: Kind, position: int) -> Row:
        rows = self._manifest.span(kind, position, position + 1, states=_EXISTS)
        if not rows:
            raise UsageError(f"the backup has no {kind.label} {position}", hint="make the backup again")
        return rows[0]

    def _position(self, kind: Kind, old: str) -> int:
        position = self._manifest.position_of(kind, old)
        if position is None:
            raise UsageError(f"the backup refers to {kind.label} {old}, which it lacks", hint="make the backup again")
        return position

    def close(self) -> None:
        self._manifest.close()
