"""The report for programs: `report.json`, every field of RunReport under its own name. May import: `run_report`."""

from __future__ import annotations

import msgspec

from demogen.report.run_report import RunReport


def render(report: RunReport) -> str:
    """JSON text, indented, ending in a newline."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n"


def parse(text: bytes) -> RunReport:
    """A report that was rendered before. Raises msgspec.DecodeError where the text is not one."""
    return msgspec.json.decode(text, type=RunReport)
