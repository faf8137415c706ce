"""The one value every rendering shows; its field names are the keys of `report.json` (design 9, fixed).

Built by `assemble`, judged by `gates`. A value only: reads no file, decides no verdict. May import: `record`,
`audit.findings`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from demogen.audit.findings import AuditReport
from demogen.audit.verdict import Verdict
from demogen.record.measurement import (
    Arrivals,
    Distribution,
    Events,
    Generator,
    Judged,
    Latency,
    Mix,
    Outcomes,
    Reads,
    Series,
    Slice,
    Workers,
)
from demogen.report.volumes import Volumes


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """One reason why a run does not end with 0: the exit code it asks for, and a sentence."""

    exit_code: int
    says: str


class RunReport(msgspec.Struct, frozen=True, kw_only=True):
    """A run, told. `verdict` is about the money; `exit_code` is about everything (design 4.6)."""

    run_id: str
    verdict: Verdict
    exit_code: int
    gates: list[Gate] = []
    promised_tps: float = 0.0
    delivered_tps: float = 0.0
    arrivals: Arrivals = Arrivals()
    outcomes: Outcomes = Outcomes()
    latency_ms: Latency = Latency()
    generator: Generator = Generator()
    audit: AuditReport
    population: dict[str, int] = {}
    volumes: Volumes = Volumes()
    measured: bool = True
    scenario: str = ""
    seed: int = 0
    host: str = ""
    server: str = ""
    started_at: str = ""
    duration_s: float = 0.0
    window_s: float = 0.0
    codes: dict[str, int] = {}
    faults: dict[str, int] = {}
    patterns: dict[str, Slice] = {}
    phases: dict[str, Slice] = {}
    mix: Mix = Mix()
    reads: Reads = Reads()
    events: Events | None = None
    workers: Workers = Workers()
    degraded: bool = False
    interrupted: bool = False
    thresholds: list[Judged] = []
    series: Series = Series()
    distribution: Distribution = Distribution()
    settings: dict[str, Any] = {}
    folder: str = ""
