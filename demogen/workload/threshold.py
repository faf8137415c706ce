"""A threshold: a bound on one figure of a measurement, which a run meets or misses. Data, checked when it is read.

May import: `record.measurement`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from demogen.record.measurement import Judged, Measurement

_FIGURES = ("mean", "p50", "p90", "p95", "p99", "p999", "max")
_OF_THE_RUN = frozenset({"delivered_tps", "achieved_share"})
#: What a threshold may bound; latencies in milliseconds.
METRICS = frozenset(
    {f"{kind}.{figure}" for kind in ("service", "response") for figure in _FIGURES}
    | {"unexpected_share", "indeterminate_share"}
    | _OF_THE_RUN
)
_METRIC_HINT = "use service.p99, response.max, delivered_tps, achieved_share, unexpected_share, indeterminate_share"


class Strict(BaseModel):
    """What people write in a scenario: no unknown names, no infinities, not changed after it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class ThresholdSpec(Strict):
    """A bound on one figure: `metric` is e.g. response.p99 (ms), unexpected_share or indeterminate_share."""

    metric: str
    at_most: float | None = None
    at_least: float | None = None
    pattern: str | None = None
    phase: Literal["warm-up", "measure", "cool-down"] | None = None

    @field_validator("metric")
    @classmethod
    def _known(cls, metric: str) -> str:
        if metric not in METRICS:
            raise ValueError(f"no such metric: {_METRIC_HINT}")
        return metric

    @model_validator(mode="after")
    def _bounded(self) -> ThresholdSpec:
        bounds = [bound for bound in (self.at_most, self.at_least) if bound is not None]
        if len(bounds) != 1:
            raise ValueError("a threshold has either at_most or at_least")
        if self.pattern and self.phase:
            raise ValueError("a threshold is for a pattern or for a phase, not for both")
        if (self.pattern or self.phase) and self.metric in _OF_THE_RUN:
            raise ValueError(f"{self.metric} is a figure of the whole run")
        if bounds[0] < 0 or (bounds[0] > 1 and self.metric.endswith("_share")):
            range_ = "between 0 and 1" if self.metric.endswith("_share") else "never below 0"
            raise ValueError(f"{self.metric} is {range_}, so this bound decides nothing or is never met")
        return self

    def judge(self, measurement: Measurement) -> Judged:
        """The threshold against what was measured; what could not be measured is no pass."""
        observed = _figure(measurement, self.metric, pattern=self.pattern, phase=self.phase)
        of = self.pattern or self.phase
        name = f"{self.metric} of {of}" if of else self.metric
        if self.at_most is not None:
            passed = observed is not None and observed <= self.at_most
            return Judged(name=name, limit=f"≤ {self.at_most:g}", observed=observed, passed=passed)
        passed = observed is not None and self.at_least is not None and observed >= self.at_least
        return Judged(name=name, limit=f"≥ {self.at_least:g}", observed=observed, passed=passed)


def _figure(measurement: Measurement, metric: str, *, pattern: str | None, phase: str | None) -> float | None:
    """The measured value a threshold speaks of; None where there is none."""
    latency, outcomes = measurement.latency_ms, measurement.outcomes
    ended, unexpected = outcomes.total + measurement.reads.count, outcomes.unexpected + measurement.reads.unexpected
    if pattern is not None or phase is not None:
        part = measurement.patterns.get(pattern) if pattern else measurement.phases.get(phase or "")
        if part is None:
            return None
        latency, outcomes = part.latency_ms, part.outcomes
        ended, unexpected = outcomes.total, outcomes.unexpected
    match metric:
        case "delivered_tps":
            return measurement.delivered_tps
        case "achieved_share":
            return measurement.delivered_tps / measurement.promised_tps if measurement.promised_tps else None
        case "unexpected_share":
            return unexpected / ended if ended else None
        case "indeterminate_share":
            return outcomes.indeterminate / outcomes.total if outcomes.total else None
    kind, _, name = metric.partition(".")
    value: float | None = getattr(getattr(latency, kind), name)
    return value
