"""A scenario: which population, which schedule, which mix, which thresholds. Data, read from TOML; sends nothing.

Shipped ones lie in `scenarios/`; a path to a file of one's own is taken as well. May import: pacing, patterns,
`errors`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from demogen.errors import InvalidSettings, UsageError
from demogen.pacing import schedule as schedules
from demogen.pacing.schedule import Schedule, Segment
from demogen.record.measurement import Judged, Latency, Measurement

_SHIPPED = Path(__file__).parent / "scenarios"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ScheduleSpec(_Strict):
    """How arrivals come. `tps` is the level; a shape scales it: `levels` are (seconds, share of the level) pairs."""

    shape: Literal["constant", "ramp", "steps", "spike", "diurnal", "trace"] = "constant"
    arrivals: Literal["even", "poisson"] = "even"
    tps: float = Field(default=200.0, gt=0)
    seconds: float = Field(default=30.0, gt=0)
    from_share: float = Field(default=0.0, ge=0)
    peak_share: float = Field(default=5.0, gt=0)
    levels: tuple[tuple[float, float], ...] = ()

    @model_validator(mode="after")
    def _levels_where_needed(self) -> ScheduleSpec:
        if self.shape in ("steps", "trace") and not self.levels:
            raise ValueError(f"a schedule of shape {self.shape!r} needs levels = [[seconds, share], …]")
        return self

    def build(self, *, tps: float, seconds: float | None, seed: int) -> Schedule:
        """The schedule at that level; `seconds` None: endless, at the level (only for constant shapes)."""
        return Schedule(
            self._segments(tps, seconds or self.seconds),
            arrivals=self.arrivals,
            seed=seed,
            endless=seconds is None,
        )

    def _segments(self, tps: float, seconds: float) -> tuple[Segment, ...]:
        match self.shape:
            case "constant":
                return schedules.constant(tps, seconds).segments
            case "ramp":
                return schedules.ramp(self.from_share * tps, tps, seconds=seconds).segments
            case "spike":
                third = seconds / 3
                return schedules.spike(
                    tps, self.peak_share * tps, before_seconds=third, peak_seconds=third, after_seconds=third
                ).segments
            case "diurnal":
                return schedules.diurnal(tps, seconds=seconds).segments
            case "steps" | "trace":
                stretch = seconds / sum(length for length, _ in self.levels)
                return schedules.trace([(length * stretch, share * tps) for length, share in self.levels]).segments


class ThresholdSpec(_Strict):
    """A bound on one figure: `metric` is e.g. response.p99 (ms), unexpected_share or indeterminate_share."""

    metric: str
    at_most: float | None = None
    at_least: float | None = None
    pattern: str | None = None

    @model_validator(mode="after")
    def _bounded(self) -> ThresholdSpec:
        if (self.at_most is None) == (self.at_least is None):
            raise ValueError("a threshold has either at_most or at_least")
        return self

    def judge(self, measurement: Measurement) -> Judged:
        """The threshold against what was measured; what could not be measured is no pass."""
        observed = _figure(measurement, self.metric, self.pattern)
        name = f"{self.metric} of {self.pattern}" if self.pattern else self.metric
        if self.at_most is not None:
            passed = observed is not None and observed <= self.at_most
            return Judged(name=name, limit=f"≤ {self.at_most:g}", observed=observed, passed=passed)
        passed = observed is not None and self.at_least is not None and observed >= self.at_least
        return Judged(name=name, limit=f"≥ {self.at_least:g}", observed=observed, passed=passed)


class Scenario(_Strict):
    """One kind of day for a ledger."""

    name: str = ""
    sentence: str
    preset: str = "small"
    warm_up_s: float = Field(default=0.0, ge=0)
    cool_down_s: float = Field(default=0.0, ge=0)
    schedule: ScheduleSpec = ScheduleSpec()
    mix: dict[str, float]
    thresholds: tuple[ThresholdSpec, ...] = ()


def shipped_scenarios() -> dict[str, Scenario]:
    """Every scenario that comes with the package, by name."""
    return {path.stem: _read(path) for path in sorted(_SHIPPED.glob("*.toml"))}


def find_scenario(name: str) -> Scenario:
    """A shipped scenario by name, or one read from a file. Raises UsageError or InvalidSettings."""
    path = _SHIPPED / f"{name}.toml"
    if path.is_file():
        return _read(path)
    own = Path(name)
    if own.is_file():
        return _read(own)
    known = ", ".join(sorted(path.stem for path in _SHIPPED.glob("*.toml")))
    raise UsageError(f"there is no scenario {name!r}", hint=f"choose from: {known}; or name a TOML file")


def read_scenario(data: Mapping[str, Any], *, source: str) -> Scenario:
    """A scenario from plain values; every problem at once, each with its place."""
    try:
        return Scenario.model_validate(dict(data))
    except ValidationError as error:
        problems = [
            (f"{source}: {'.'.join(str(part) for part in one['loc']) or 'file'}", one["msg"]) for one in error.errors()
        ]
        raise InvalidSettings(problems) from error


def _read(path: Path) -> Scenario:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read the scenario {path}: {error}", hint="it must be a TOML file") from error
    return read_scenario({"name": path.stem, **data}, source=str(path.name))


def _figure(measurement: Measurement, metric: str, pattern: str | None) -> float | None:
    """The measured value a threshold speaks of; None where there is none."""
    if pattern is not None:
        part = measurement.patterns.get(pattern)
        if part is None:
            return None
        latency, outcomes = part.latency_ms, part.outcomes
    else:
        latency, outcomes = measurement.latency_ms, measurement.outcomes
    if metric == "delivered_tps":
        return measurement.delivered_tps
    if metric == "achieved_share":
        return measurement.delivered_tps / measurement.promised_tps if measurement.promised_tps else None
    if metric == "unexpected_share":
        return outcomes.unexpected / outcomes.total if outcomes.total else None
    if metric == "indeterminate_share":
        return outcomes.indeterminate / outcomes.total if outcomes.total else None
    return _percentile(latency, metric)


def _percentile(latency: Latency, metric: str) -> float | None:
    kind, _, name = metric.partition(".")
    if kind not in ("service", "response") or name not in ("mean", "p50", "p90", "p95", "p99", "p999", "max"):
        raise UsageError(
            f"unknown threshold metric {metric!r}",
            hint="use service.p99, response.max, delivered_tps, achieved_share, unexpected_share, indeterminate_share",
        )
    value: float | None = getattr(getattr(latency, kind), name)
    return value
