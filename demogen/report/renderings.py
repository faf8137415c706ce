"""Every rendering by name, and the two files each run folder ends with. May import: this room, `record.folder`."""

from __future__ import annotations

from collections.abc import Callable

from demogen.record.folder import RunFolder
from demogen.report import as_html, as_json, as_junit, as_markdown, as_text
from demogen.report.run_report import RunReport

RENDERINGS: dict[str, Callable[[RunReport], str]] = {
    "text": as_text.render,
    "json": as_json.render,
    "html": as_html.render,
    "md": as_markdown.render,
    "junit": as_junit.render,
}


def write_reports(report: RunReport, folder: RunFolder) -> None:
    """Put report.json and report.html into the run folder, each whole. Raises RunFolderError on a full disk."""
    folder.write_text(folder.report_json, as_json.render(report))
    folder.write_text(folder.report_html, as_html.render(report))
