"""What provisioning asks of a plan, whether it follows from a spec (`plan`) or from an earlier population (`recorded`).

A protocol and nothing else. May import: planned, kinds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from demogen.population.kinds import Kind
from demogen.population.planned import Planned, Stage


class RoutePlan(NamedTuple):
    """Plan positions of a transaction route and of the operation routes of its two sides."""

    route: int
    source: int
    target: int


class Blueprint(Protocol):
    """Everything a population is going to hold, by kind and position."""

    @property
    def id(self) -> str:
        """What its marks begin with."""
        ...

    @property
    def digest(self) -> str:
        """Identifies all that it follows from."""
        ...

    @property
    def keyed(self) -> bool:
        """Whether its bookings carry an idempotency key."""
        ...

    @property
    def opening_date(self) -> str:
        """The moment its deposits are dated to (RFC 3339), "" for now."""
        ...

    def about(self) -> dict[str, str]:
        """What a manifest remembers of it: seed, preset, spec …"""
        ...

    def counts(self) -> dict[Kind, int]:
        """How many of each kind, in order."""
        ...

    def stages(self) -> Iterator[Stage]:
        """Kinds in order of dependency, in waves where some need another of their own kind."""
        ...

    def stage_size(self, stage: Stage) -> int:
        """How many positions `indexes(stage)` yields."""
        ...

    def indexes(self, stage: Stage, *, part: tuple[int, int] = (1, 1)) -> Iterator[int]:
        """The positions of a stage that belong to part k of n."""
        ...

    def entity(self, kind: Kind, index: int) -> Planned:
        """One entity (no deposit, no transaction)."""
        ...

    def mark(self, kind: Kind, index: int) -> str:
        """The mark of an entity, deposit or transaction."""
        ...

    def place_of(self, kind: Kind, index: int) -> tuple[int, int]:
        """The (organization, ledger) a deposit or transaction is booked in."""
        ...

    def per_ledger(self, kind: Kind) -> int:
        """How many of a kind a ledger (for ledgers: an organization) holds, about."""
        ...

    def opening_units(self, index: int) -> int:
        """The opening balance of an account, in minor units of its asset."""
        ...

    def scale_of(self, index: int) -> int:
        """How many decimal digits the asset of an account has."""
        ...

    def routes_for(self, ledger: int, flow: str) -> RoutePlan | None:
        """The routes a booking must name in a ledger that insists on them; None where it does not."""
        ...
