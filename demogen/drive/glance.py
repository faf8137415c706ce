"""How a run looks from outside at this moment: as metrics show it, from its bootstrap to its verdict.

Reads the conductor, changes nothing. May import: `record`, the audit's findings (not its database).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from demogen.audit.findings import AuditReport
from demogen.audit.findings import load as load_audit
from demogen.audit.invariant import invariants
from demogen.clock import NS_PER_S
from demogen.errors import DemogenError
from demogen.record.metrics import Snapshot, WorkerState
from demogen.record.tally import Tally

if TYPE_CHECKING:
    from demogen.drive.conductor import Conductor
    from demogen.drive.seats import Seat


class Glance:
    """Looks at one run; reads the audit from its folder once it is there."""

    def __init__(self, conductor: Conductor) -> None:
        self._conductor = conductor
        self._unjudged = {invariant.name: "UNKNOWN" for invariant in invariants()}
        self._audit: AuditReport | None = None

    def snapshot(self, *, users: int) -> Snapshot:
        """What a scrape shows now."""
        conductor, seats = self._conductor, self._conductor.seats
        plan, mix, playing = conductor.plan, conductor.mix, seats.playing
        audit = self.audit()
        return Snapshot(
            tally=conductor.gathering.total.copy(),
            patterns=mix.names,
            reading=frozenset(pattern.name for pattern in mix.patterns if pattern.reads_only),
            target_tps=conductor.target_tps,
            in_flight=sum(seat.in_flight for seat in playing),
            load_processes=len(playing),
            load_processes_lost=sum(seat.lost for seat in seats),
            users=users,
            verdict=conductor.verdict,
            info={"run_id": plan.run_id, "scenario": plan.scenario, "server": plan.server, "seed": str(plan.seed)},
            stage=conductor.stage,
            workers={str(seat.process): _worker(seat) for seat in seats},
            invariants={name: str(word) for name, word in audit.invariants.items()} if audit else self._unjudged,
            findings={finding.invariant: finding.count for finding in audit.findings} if audit else {},
            sight=conductor.sight(),
            started_s=conductor.started_wall_ns / NS_PER_S,
            ended_ns=conductor.settled_ns,
        )

    def audit(self) -> AuditReport | None:
        """The audit of this run, once it is over; None before, and where it could not be written."""
        if self._audit is None and self._conductor.settled_ns and self._conductor.folder.audit.exists():
            try:
                self._audit = load_audit(self._conductor.folder.audit)
            except DemogenError:
                return None
        return self._audit


def bootstrapping(weights: Mapping[str, float], *, target_tps: float, users: int) -> Snapshot:
    """A run that is being prepared: nothing counted yet, nothing known of its books."""
    return Snapshot(
        tally=Tally(),
        patterns=tuple(weights),
        target_tps=target_tps,
        users=users,
        stage="bootstrap",
        invariants={invariant.name: "UNKNOWN" for invariant in invariants()},
    )


def _worker(seat: Seat) -> WorkerState:
    return WorkerState(
        up=seat.playing,
        in_flight=seat.in_flight if seat.playing else 0,
        offered=seat.counts["offered"],
        answered=seat.counts["answered"],
        cpu_seconds=seat.counts["cpu_ns"] / NS_PER_S,
    )
