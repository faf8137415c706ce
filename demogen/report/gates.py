"""From figures and verdict to the exit code: every gate a run did not pass, the worst first (design 4.6).

The worst wins in the order 4 integrity violated, 5 integrity unknown, 6 load not delivered, 3 threshold missed; an
interrupted run ends 130 unless 4. Measures nothing, prints nothing. May import: `record`, `audit`,
`run_report`.
"""

from __future__ import annotations

from demogen.audit.findings import AuditReport
from demogen.audit.verdict import Verdict
from demogen.record.measurement import Judged, Measurement
from demogen.report.run_report import Gate, RunReport

VIOLATION, NOT_JUDGED, NOT_DELIVERED, MISSED, INTERRUPTED = 4, 5, 6, 3, 130
_WORST_FIRST = (VIOLATION, INTERRUPTED, NOT_JUDGED, NOT_DELIVERED, MISSED)

#: The one default threshold: this part of the promised rate has to be answered.
ACHIEVED_MIN = 0.99
ACHIEVED = "achieved_share"

#: Arrivals dropped for these reasons never had a chance: the generator, not the ledger, let them down.
_OUR_FAULT = ("deadline", "worker_lost")


def exit_code(report: RunReport) -> int:
    """What a process that ran this should end with."""
    return report.exit_code


def failed_gates(measurement: Measurement | None, audited: AuditReport) -> list[Gate]:
    """Every gate that was not passed, worst first; empty for a run that is fine."""
    gates = [*_integrity(audited), *_load(measurement)]
    return sorted(gates, key=lambda gate: _WORST_FIRST.index(gate.exit_code))


def thresholds_with_default(measurement: Measurement) -> list[Judged]:
    """The thresholds that were judged during the run, and one on the achieved share where none is stated."""
    judged = list(measurement.thresholds)
    if measurement.promised_tps > 0 and not any(one.name == ACHIEVED for one in judged):
        share = measurement.delivered_tps / measurement.promised_tps
        limit = f"≥ {ACHIEVED_MIN:g}"
        judged.insert(0, Judged(name=ACHIEVED, limit=limit, observed=share, passed=share >= ACHIEVED_MIN))
    return judged


def _integrity(audited: AuditReport) -> list[Gate]:
    if audited.verdict is Verdict.HOLDS:
        return []
    if audited.verdict is Verdict.VIOLATED:
        return [Gate(exit_code=VIOLATION, says=f"the books are wrong: {', '.join(sorted(audited.violated))}")]
    doubts = list(dict.fromkeys(doubt.reason for doubt in audited.doubts))
    more = f" (and {len(doubts) - 1} more doubts)" if len(doubts) > 1 else ""
    why = doubts[0] + more if doubts else "the auditor gives no reason"
    return [Gate(exit_code=NOT_JUDGED, says=f"the books could not be judged: {why}")]


def _load(measurement: Measurement | None) -> list[Gate]:
    if measurement is None:
        return [Gate(exit_code=NOT_DELIVERED, says="the load did not finish: there is no measurement")]
    gates = []
    if measurement.interrupted:
        gates.append(Gate(exit_code=INTERRUPTED, says="the run was interrupted"))
    if measurement.generator.limited:
        why = "; ".join(measurement.generator.reasons) or "it could not keep the schedule"
        gates.append(Gate(exit_code=NOT_DELIVERED, says=f"the generator was the bottleneck: {why}"))
    elif lost := _lost_by_us(measurement):
        gates.append(Gate(exit_code=NOT_DELIVERED, says=lost))
    missed = [one for one in thresholds_with_default(measurement) if not one.passed]
    gates.extend(Gate(exit_code=MISSED, says=_missed(one)) for one in missed)
    return gates


def _lost_by_us(measurement: Measurement) -> str:
    """A sentence where we, not the ledger, kept back more of the schedule than the threshold allows; else empty."""
    arrivals = measurement.arrivals
    lost = sum(arrivals.dropped_by_reason.get(reason, 0) for reason in _OUR_FAULT)
    if lost <= arrivals.offered * (1 - ACHIEVED_MIN):
        return ""
    return f"the load was not delivered: {lost:,} of {arrivals.offered:,} arrivals were dropped by the generator"


def _missed(judged: Judged) -> str:
    if judged.observed is None:
        return f"threshold {judged.name} {judged.limit} was not measured"
    return f"threshold {judged.name} {judged.limit} was missed: {judged.observed:,.4g}"
