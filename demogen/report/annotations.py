"""Workflow commands that GitHub shows beside a failed job: one `::error` each gate. May import: `run_report`."""

from __future__ import annotations

from collections.abc import Iterator

from demogen.report.run_report import RunReport


def error_lines(report: RunReport) -> Iterator[str]:
    """One line each; nothing for a run that is fine. `%`, line ends and, in a property, `:` and `,` are escaped."""
    for gate in report.gates:
        title = f"demogen {report.run_id} exit {gate.exit_code}"
        yield f"::error title={_property(title)}::{_escaped(gate.says)}"
    for finding in report.audit.findings:
        yield f"::error title={_property(f'invariant {finding.invariant}')}::{_escaped(finding.explanation)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
