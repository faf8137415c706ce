"""Run folders as a run leaves them, for the tests of this room and of the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from demogen.audit import findings
from demogen.audit.findings import AuditReport, Coverage, Doubt, Finding, report_of
from demogen.audit.invariant import invariants
from demogen.audit.verdict import Verdict
from demogen.record.folder import RunFolder
from demogen.record.measurement import (
    Arrivals,
    Distribution,
    Generator,
    Latency,
    Measurement,
    Mix,
    Outcomes,
    Series,
    Share,
    Slice,
    Spread,
    dumps,
)

FINE = Measurement(
    run_id="r20260102-030405-abcd",
    scenario="retail",
    seed=7,
    host="http://127.0.0.1:3002",
    server="v3.8.0",
    started_wall_ns=1_767_323_045_000_000_000,
    ended_wall_ns=1_767_323_076_000_000_000,
    window_s=30.0,
    promised_tps=200.0,
    delivered_tps=199.9,
    arrivals=Arrivals(offered=6000, sent=6000, late=3),
    outcomes=Outcomes(accepted=5988, rejected=12),
    codes={"0018": 12},
    latency_ms=Latency(
        service=Spread(count=6000, mean=2.2, p50=2.1, p90=2.6, p95=3.0, p99=4.1, p999=8.0, max=9.7),
        response=Spread(count=6000, mean=2.3, p50=2.2, p90=2.7, p95=3.1, p99=4.3, p999=8.1, max=9.9),
    ),
    patterns={"payment": Slice(outcomes=Outcomes(accepted=5988, rejected=12))},
    mix=Mix(patterns={"payment": Share(asked=1.0, started=5000, intents=6000)}, chi2=0.0, p_value=None),
    generator=Generator(cpu_seconds=1.9, cpu_utilisation=0.06, loop_lag_ms_p99=0.2),
    series=Series(offered=[200] * 30, answered=[200] * 30, p50_ms=[2.2] * 30, p99_ms=[4.0 + i % 3 for i in range(30)]),
    distribution=Distribution(us=[1000, 2000, 4000, 9000], count=[100, 5000, 880, 20]),
)

NAMES = [invariant.name for invariant in invariants()]
COVERAGE = Coverage(attempts=6000, accepted=5988, rejected=12, transactions=5988, balances=20)

CLEAN = AuditReport(
    run_id=FINE.run_id,
    depth="run",
    verdict=Verdict.HOLDS,
    invariants=dict.fromkeys(NAMES, Verdict.HOLDS),
    coverage=COVERAGE,
)

BROKEN = report_of(
    FINE.run_id,
    depth="run",
    invariants=CLEAN.invariants | {"conserved": Verdict.VIOLATED},
    findings=[
        Finding(
            invariant="conserved",
            count=1,
            first="BRL of ledger <retail> lacks 0.01",
            worst="BRL of ledger <retail> lacks 0.01",
            explanation="No money appears or vanishes. One counter-example: BRL of ledger <retail> lacks 0.01.",
        )
    ],
    doubts=[],
    coverage=COVERAGE,
)

UNSURE = report_of(
    FINE.run_id,
    depth="run",
    invariants=CLEAN.invariants | {"exactly-once": Verdict.UNKNOWN},
    findings=[],
    doubts=[Doubt(invariant="exactly-once", reason="journal segment 3 is missing")],
    coverage=COVERAGE,
)


def make_run(
    path: Path, *, measurement: Measurement | None = FINE, audit: AuditReport | None = None, **changes: Any
) -> RunFolder:
    """A folder with the given measurement (`changes` replace fields of it) and audit; None leaves the file out."""
    folder = RunFolder.create(path)
    folder.settings.write_text(json.dumps({"target_tps": 200.0, "seed": 7}))
    if measurement is not None:
        folder.measurement.write_text(dumps(msgspec.structs.replace(measurement, **changes)))
    if audit is not None:
        folder.audit.write_text(findings.dumps(audit))
    return folder
