"""The audit of a run folder: load, wait for rest, read back, judge. The only entry that other rooms need.

Whatever goes wrong on the way makes the verdict UNKNOWN with the reason, never HOLDS. May import: `client`,
`record`, `contract`, `errors`, `clock`, the rest of this room.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from demogen.audit.book import Bookkeeping, Patience, Reading
from demogen.audit.findings import AuditReport, Coverage, dumps, report_of, unjudged
from demogen.audit.ground import Ground
from demogen.audit.history import journals_of, load_journals, process_of
from demogen.audit.invariant import invariants
from demogen.audit.judge import judge, prepare
from demogen.audit.opening import load_opening
from demogen.audit.roster import Roster, load_roster
from demogen.audit.scope import Depth, absences, claims_at
from demogen.audit.sweep import Sweeper
from demogen.client.crew import Crew
from demogen.clock import NS_PER_S, Clock
from demogen.errors import DemogenError
from demogen.record.folder import RunFolder


def audit(
    folder: RunFolder,
    *,
    roster: Roster,
    crew: Crew,
    sweeper: Sweeper,
    clock: Clock,
    depth: Depth = "run",
    journals: Sequence[Path] = (),
    patience: Patience | None = None,
) -> AuditReport:
    """Audit what stands in `folder` (and further `journals`) against the ledger; the report is saved as audit.json.

    Raises RunFolderError only where the report itself cannot be written.
    """
    settings = settings_of(folder)
    auditor = _Auditor(folder, settings, clock)
    try:
        report = auditor.run(roster, crew, sweeper, depth=depth, journals=journals, patience=patience or Patience())
    except (DemogenError, duckdb.Error, OSError, ValueError) as error:
        report = _unjudged(auditor.run_id, depth, error)
    finally:
        auditor.close()
    folder.write_text(folder.audit, dumps(report))
    return report


def save_unjudged(folder: RunFolder, *, depth: Depth, error: DemogenError) -> AuditReport:
    """Save and return the report of an audit that could not begin."""
    report = _unjudged(str(settings_of(folder).get("run_id", "")), depth, error)
    folder.write_text(folder.audit, dumps(report))
    return report


def _unjudged(run_id: str, depth: Depth, error: Exception) -> AuditReport:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return unjudged(run_id, depth=depth, names=[claim.name for claim in invariants()], reason=reason)


def settings_of(folder: RunFolder) -> dict[str, Any]:
    """The run's settings; empty where there are none."""
    try:
        found = json.loads(folder.settings.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


class _Auditor:
    """One audit from the first file opened to the last."""

    def __init__(self, folder: RunFolder, settings: dict[str, Any], clock: Clock) -> None:
        self._folder = folder
        self._settings = settings
        self._clock = clock
        self._ground: Ground | None = None
        self.run_id = str(settings.get("run_id", ""))

    def close(self) -> None:
        if self._ground is not None:
            self._ground.close()

    def run(
        self,
        roster: Roster,
        crew: Crew,
        sweeper: Sweeper,
        *,
        depth: Depth,
        journals: Sequence[Path],
        patience: Patience,
    ) -> AuditReport:
        ground = self._ground = Ground(self._folder.book)
        files = journals_of([*self._folder.journal_files(), *journals])
        self.run_id = load_journals(ground, files)
        ground.connection.execute(
            "insert into plan.run values (?, ?, ?)", [self.run_id, depth, str(self._settings.get("dialect", ""))]
        )
        load_roster(ground, roster, shared=self._settings.get("shared_ledgers", ()))
        absent = absences(self._folder, added={process_of(file) for file in journals_of(journals)})
        if "opening" not in absent:
            load_opening(ground, self._folder.opening)
        began_ns = self._clock.now_ns()
        book = Bookkeeping(
            ground, ledgers=roster.ledgers, crew=crew, sweeper=sweeper, clock=self._clock, patience=patience
        )
        reading = book.read(depth)
        read_ns = self._clock.now_ns()
        prepare(ground)
        judgement = judge(ground, claims_at(depth), absent=absent, unsettled=reading.unsettled)
        coverage = _coverage(ground, reading, files=len(files))
        return report_of(
            self.run_id,
            depth=depth,
            invariants=judgement.verdicts,
            findings=judgement.findings,
            doubts=judgement.doubts,
            unsettled=reading.unsettled,
            coverage=_timed(coverage, read_ns - began_ns, self._clock.now_ns() - read_ns),
        )


def _coverage(ground: Ground, reading: Reading, *, files: int) -> Coverage:
    accepted, rejected, doubtful, attempts = ground.rows(
        "select count(*) filter (outcome = 1), count(*) filter (outcome = 2), count(*) filter (outcome = 3), count(*) "
        "from journal.attempts"
    )[0]
    booked, absent = ground.rows(
        "select count(*) filter (copies > 0), count(*) filter (copies = 0) from facts.requests "
        "where doubtful > 0 and accepted = 0"
    )[0]
    return Coverage(
        journals=files,
        attempts=attempts,
        accepted=accepted,
        rejected=rejected,
        indeterminate=doubtful,
        resolved_booked=booked,
        resolved_absent=absent,
        ledgers=ground.value("select count(*) from plan.ledgers"),
        balances=reading.balances,
        transactions=reading.transactions,
        operations=ground.value("select count(*) from book.operations"),
        settled_s=reading.settled_s,
    )


def _timed(coverage: Coverage, read_ns: int, judged_ns: int) -> Coverage:
    return msgspec.structs.replace(
        coverage, read_s=round(read_ns / NS_PER_S, 3), judged_s=round(judged_ns / NS_PER_S, 3)
    )
