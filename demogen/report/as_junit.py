"""The report for a CI server: JUnit XML, a test case each invariant, each threshold, and the delivery of the load.

VIOLATED and missed are failures; UNKNOWN is an error, never a skip that could pass for success. May import:
`run_report`, `phrases`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

from demogen.audit.invariant import invariants
from demogen.audit.verdict import Verdict
from demogen.report.gates import NOT_DELIVERED, NOT_JUDGED
from demogen.report.phrases import figure, headline
from demogen.report.run_report import RunReport

#: Characters that XML 1.0 cannot hold; a ledger may have put anything into a text.
_UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


_KINDS = {Verdict.HOLDS: "", Verdict.VIOLATED: "failure", Verdict.UNKNOWN: "error"}


class _Case(NamedTuple):
    suite: str
    name: str
    kind: str = ""  # "", "failure" or "error"
    says: str = ""
    details: str = ""


def render(report: RunReport) -> str:
    """XML text with declaration: one `testsuites`, a suite for the audit and one for the load."""
    cases = [*_audit(report), *_load(report)]
    root = ET.Element("testsuites", name=f"demogen {report.run_id}", **_totals(cases))
    for suite in dict.fromkeys(case.suite for case in cases):
        members = [case for case in cases if case.suite == suite]
        element = ET.SubElement(root, "testsuite", name=suite, time=f"{report.duration_s:.3f}", **_totals(members))
        if report.started_at:
            element.set("timestamp", report.started_at)
        facts = ET.SubElement(element, "properties")
        for name in ("run_id", "verdict", "exit_code", "scenario", "seed", "promised_tps", "delivered_tps"):
            ET.SubElement(facts, "property", name=name, value=_clean(str(getattr(report, name))))
        for case in members:
            _append(element, case)
    ET.SubElement(root[0], "system-out").text = _clean(headline(report))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _audit(report: RunReport) -> Iterator[_Case]:
    suite = "demogen.audit"
    sentences = {invariant.name: invariant.sentence for invariant in invariants()}
    for name, verdict in report.audit.invariants.items():
        words = [finding.explanation for finding in report.audit.findings if finding.invariant == name]
        words += [doubt.reason for doubt in report.audit.doubts if doubt.invariant in (name, "*")]
        kind = _KINDS[verdict]
        yield _Case(suite, name, kind, f"{verdict}: {sentences.get(name, name)}", "\n".join(words))
    unknown = [gate.says for gate in report.gates if gate.exit_code == NOT_JUDGED]
    yield _Case(suite, "judged", "error", unknown[0]) if unknown else _Case(suite, "judged")


def _load(report: RunReport) -> Iterator[_Case]:
    suite = "demogen.load"
    lost = [gate.says for gate in report.gates if gate.exit_code == NOT_DELIVERED]
    yield _Case(suite, "delivered", "failure", "; ".join(lost)) if lost else _Case(suite, "delivered")
    for one in report.thresholds:
        name = f"{one.name} {one.limit}"
        says = "not measured" if one.observed is None else f"observed {figure(one.observed)}"
        yield _Case(suite, name) if one.passed else _Case(suite, name, "failure", says)


def _append(suite: ET.Element, case: _Case) -> None:
    element = ET.SubElement(suite, "testcase", classname=case.suite, name=_clean(case.name), time="0")
    if case.kind:
        ET.SubElement(element, case.kind, message=_clean(case.says)).text = _clean(case.details or case.says)


def _totals(cases: list[_Case]) -> dict[str, Any]:
    kinds = [case.kind for case in cases]
    return {"tests": str(len(cases)), "failures": str(kinds.count("failure")), "errors": str(kinds.count("error"))}


def _clean(text: str) -> str:
    return _UNPRINTABLE.sub("�", text)
