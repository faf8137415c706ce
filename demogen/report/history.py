"""The runs of a folder as a table: one line each, oldest first. May import: `run_report`, `as_json`, `errors`."""

from __future__ import annotations

from pathlib import Path

import msgspec

from demogen.errors import RunFolderError, UsageError
from demogen.report import as_json
from demogen.report.run_report import RunReport


def load_report(directory: Path) -> RunReport:
    """The report.json of a run folder. Raises UsageError where there is none, RunFolderError where it is torn."""
    path = directory / "report.json" if directory.is_dir() else directory
    if not path.is_file():
        raise UsageError(f"there is no report in {directory}", hint=f"tell the run first: demogen report {directory}")
    try:
        return as_json.parse(path.read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        hint = f"tell the run again: demogen report {directory}"
        raise RunFolderError(f"{path} is not a report: {error}", hint=hint) from error


def history(directory: Path) -> tuple[list[RunReport], list[str]]:
    """Every report below `directory`, by time of start; and a sentence for each that could not be read."""
    reports, troubles = [], []
    for path in sorted(directory.glob("*/report.json")):
        try:
            reports.append(load_report(path.parent))
        except RunFolderError as error:
            troubles.append(error.message)
    return sorted(reports, key=lambda report: (report.started_at, report.run_id)), troubles
