"""An audit on one screen of plain text: the verdict, each invariant, and what is wrong in words.

May import: `findings`, `verdict`, `invariant`.
"""

from __future__ import annotations

from demogen.audit.findings import AuditReport
from demogen.audit.invariant import invariants
from demogen.audit.verdict import Verdict

_SAYS = {
    Verdict.HOLDS: "no cent was lost or doubled",
    Verdict.VIOLATED: "the books are wrong",
    Verdict.UNKNOWN: "the books could not be judged",
}


def screen(report: AuditReport) -> str:
    """Text with a line for each invariant, then findings and doubts."""
    lines = [f"{report.verdict}: {_SAYS[report.verdict]}  (run {report.run_id or '?'}, depth {report.depth})", ""]
    width = max((len(name) for name in report.invariants), default=0)
    sentences = {claim.name: claim.sentence for claim in invariants()}
    for name, verdict in report.invariants.items():
        lines.append(f"  {verdict:<8}  {name:<{width}}  {sentences.get(name, '')}")
    for finding in report.findings:
        lines += ["", f"{finding.invariant}: {finding.count} counter-example{'s' if finding.count > 1 else ''}"]
        lines.append(f"  first  {finding.first}")
        if finding.worst != finding.first:
            lines.append(f"  worst  {finding.worst}")
    if report.doubts:
        lines += ["", "not judged:"]
        reasons: dict[str, list[str]] = {}
        for doubt in report.doubts:
            reasons.setdefault(doubt.reason, []).append(doubt.invariant)
        lines += [f"  {reason} ({', '.join(names)})" for reason, names in reasons.items()]
    return "\n".join([*lines, "", _coverage(report), ""])


def _coverage(report: AuditReport) -> str:
    seen = report.coverage
    return (
        f"rests on {seen.attempts:,} attempts in {seen.journals} journals (accepted {seen.accepted:,}, rejected "
        f"{seen.rejected:,}, in doubt {seen.indeterminate:,}: {seen.resolved_booked:,} booked, "
        f"{seen.resolved_absent:,} not), {seen.transactions:,} transactions and {seen.balances:,} balances of "
        f"{seen.ledgers:,} ledgers; settled in {seen.settled_s:.1f} s, read in {seen.read_s:.1f} s, judged in "
        f"{seen.judged_s:.1f} s"
    )
