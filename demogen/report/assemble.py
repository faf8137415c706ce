"""Builds the RunReport of a run folder from what stands in it; a missing piece is said, never made up.

No audit.json: the verdict is UNKNOWN. No measurement.json: the load did not finish. May import: `record`,
`audit`, `population` (counts of the manifest), this room.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from demogen.audit.findings import AuditReport, unjudged
from demogen.audit.findings import load as load_audit
from demogen.clock import NS_PER_S
from demogen.errors import RunFolderError
from demogen.population.directory import Population
from demogen.record.folder import RunFolder
from demogen.record.measurement import Measurement, load, merged
from demogen.report.gates import failed_gates, thresholds_with_default
from demogen.report.run_report import RunReport
from demogen.report.volumes import Volumes, volumes

#: Kinds that report.json always counts (design 9).
ALWAYS_COUNTED = ("organizations", "ledgers", "assets", "accounts", "transactions")


def build(folder: RunFolder) -> RunReport:
    """The report of the run in `folder`. Raises RunFolderError where a file of it is torn."""
    measurement = load(folder.measurement) if folder.measurement.exists() else None
    audited = _audit(folder)
    gates = failed_gates(measurement, audited)
    known = _figures(measurement) if measurement else {"run_id": folder.path.name, "measured": False}
    return RunReport(
        verdict=audited.verdict,
        exit_code=gates[0].exit_code if gates else 0,
        gates=gates,
        audit=audited,
        population=population_counts(folder.population),
        volumes=_volumes(folder),
        settings=_read_object(folder.settings),
        folder=str(folder.path),
        **known,
    )


def population_counts(path: Path) -> dict[str, int]:
    """Entities by kind as the manifest has them, 0 for one that has none; empty where the run has no manifest."""
    if not path.exists():
        return {}
    return dict.fromkeys(ALWAYS_COUNTED, 0) | Population.open(path).counts()


def _audit(folder: RunFolder) -> AuditReport:
    """What the auditor wrote; without a file nothing is known, which is not success."""
    if folder.audit.exists():
        return load_audit(folder.audit)
    return unjudged(folder.path.name, depth="", names=[], reason="no audit has taken place")


def _volumes(folder: RunFolder) -> Volumes:
    """What the run moved; empty where journal or population is missing."""
    if not folder.journal_files() or not folder.population.exists():
        return Volumes()
    return volumes(folder.journal_files(), Population.open(folder.population))


def _figures(measurement: Measurement) -> dict[str, Any]:
    """The fields that a measurement and a report share, by name; the series no longer than a plot needs."""
    shared = set(RunReport.__struct_fields__) & set(Measurement.__struct_fields__)
    started = datetime.fromtimestamp(measurement.started_wall_ns / NS_PER_S, UTC)
    return {
        **{name: getattr(measurement, name) for name in shared},
        "thresholds": thresholds_with_default(measurement),
        "series": merged(measurement.series),
        "started_at": started.isoformat(timespec="seconds") if measurement.started_wall_ns else "",
        "duration_s": (measurement.ended_wall_ns - measurement.started_wall_ns) / NS_PER_S,
    }


def _read_object(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunFolderError(f"cannot read {path}: {error}", hint="run the load again") from error
    return value if isinstance(value, dict) else {}
