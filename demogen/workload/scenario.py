"""A scenario: which population, which schedule, which mix, which thresholds. Data, read from TOML; sends nothing.

Shipped ones lie in `scenarios/`; a path to a file of one's own is taken as well. May import: pacing, population,
`record.measurement`, `errors`.
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
from demogen.population.skew import Skew, skew
from demogen.record.measurement import Judged, Measurement

_SHIPPED = Path(__file__).parent / "scenarios"

_FIGURES = ("mean", "p50", "p90", "p95", "p99", "p999", "max")
_OF_THE_RUN = frozenset({"delivered_tps", "achieved_share"})
#: What a threshold may bound; latencies in milliseconds.
METRICS = frozenset(
    {f"{kind}.{figure}" for kind in ("service", "response") for figure in _FIGURES}
    | {"unexpected_share", "indeterminate_share"}
    | _OF_THE_RUN
)
_METRIC_HINT = "use service.p99, response.max, delivered_tps, achieved_share, unexpected_share, indeterminate_share"


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
    phase: Literal["warm-up", "measure", "cool-down"] | None = None

    @model_validator(mode="after")
    def _bounded(self) -> ThresholdSpec:
        if (self.at_most is None) == (self.at_least is None):
            raise ValueError("a threshold has either at_most or at_least")
        if self.pattern and self.phase:
            raise ValueError("a threshold is for a pattern or for a phase, not for both")
        if self.metric not in METRICS:
            raise ValueError(f"unknown metric {self.metric!r}: {_METRIC_HINT}")
        if (self.pattern or self.phase) and self.metric in _OF_THE_RUN:
            raise ValueError(f"{self.metric} is a figure of the whole run")
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


class Scenario(_Strict):
    """One kind of day for a ledger: data, but for the patterns it names.

    `skew` is one of uniform, zipf, zipf:1.2, hot, hot:1%:80%, or a table of those by role.
    """

    name: str = ""
    sentence: str
    preset: str = "small"
    warm_up_s: float = Field(default=0.0, ge=0)
    cool_down_s: float = Field(default=0.0, ge=0)
    schedule: ScheduleSpec = ScheduleSpec()
    skew: str | dict[str, str] = "uniform"
    mix: dict[str, float]
    thresholds: tuple[ThresholdSpec, ...] = ()

    @model_validator(mode="after")
    def _coherent(self) -> Scenario:
        for name in {one.pattern for one in self.thresholds if one.pattern} - set(self.mix):
            raise ValueError(f"a threshold is for {name!r}, which is not in the mix")
        try:
            self.skews()
        except UsageError as error:
            raise ValueError(f"{error.message}: {error.hint}") from error
        return self

    def skews(self) -> dict[str, Skew]:
        """How unevenly accounts are busy: by role, "market" for the choice of market, "" for whatever has none."""
        named = {"": self.skew} if isinstance(self.skew, str) else self.skew
        return {role: skew(name) for role, name in named.items() if name != "uniform"}

    def phases(self, seconds: float) -> tuple[float, float]:
        """Seconds of warm-up and cool-down in a run of that length: of a short one each is a fifth at most."""
        return min(self.warm_up_s, seconds / 5), min(self.cool_down_s, seconds / 5)


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
