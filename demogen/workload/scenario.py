"""A scenario: which population, which schedule, which mix, which thresholds. Data, read from TOML; sends nothing.

Shipped ones lie in `scenarios/`; a path to a file of one's own is taken as well. May import: pacing, population,
`threshold`, `errors`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator

from demogen.errors import InvalidSettings, UsageError
from demogen.pacing import schedule as schedules
from demogen.pacing.schedule import Schedule, Segment
from demogen.population.skew import Skew, skew
from demogen.population.spec import presets, problems_of
from demogen.workload.threshold import Strict, ThresholdSpec

_SHIPPED = Path(__file__).parent / "scenarios"
_HINT = "a shipped one shows how it is written: demogen scenario show retail --json; the keys are in docs/scenarios.md"

Weight = Annotated[float, Field(ge=0)]


class ScheduleSpec(Strict):
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


class Scenario(Strict):
    """One kind of day for a ledger: data, but for the patterns it names.

    `skew` is one of uniform, zipf, zipf:1.2, hot, hot:1%:80%, or a table of those by role. `drift` holds weights that
    patterns have at the end of the schedule, where they differ from those of the mix; they get there evenly.
    """

    name: str = ""
    sentence: str
    preset: str = "small"
    warm_up_s: float = Field(default=0.0, ge=0)
    cool_down_s: float = Field(default=0.0, ge=0)
    schedule: ScheduleSpec = ScheduleSpec()
    skew: str | dict[str, str] = "uniform"
    mix: dict[str, Weight]
    drift: dict[str, Weight] = Field(default_factory=dict)
    thresholds: tuple[ThresholdSpec, ...] = ()

    @field_validator("preset")
    @classmethod
    def _known(cls, preset: str) -> str:
        if preset not in presets():
            raise ValueError(f"no such preset: use one of {', '.join(presets())}")
        return preset

    @field_validator("skew")
    @classmethod
    def _spelled(cls, named: str | dict[str, str]) -> str | dict[str, str]:
        for name in [named] if isinstance(named, str) else named.values():
            try:
                skew(name)
            except UsageError as error:
                raise ValueError(f"{error.message}: {error.hint}") from error
        return named

    @field_validator("mix")
    @classmethod
    def _weighty(cls, mix: dict[str, float]) -> dict[str, float]:
        if not any(mix.values()):
            raise ValueError("no pattern has a weight: write a line for each, as payment = 40")
        return mix

    @field_validator("thresholds")
    @classmethod
    def _about_the_mix(cls, found: tuple[ThresholdSpec, ...], context: ValidationInfo) -> tuple[ThresholdSpec, ...]:
        mix = context.data.get("mix", {}).keys() | context.data.get("drift", {}).keys()
        strangers = sorted({one.pattern for one in found if one.pattern} - mix)
        if strangers and mix:
            raise ValueError(f"there is one for {strangers[0]!r}, which is not in the mix")
        return found

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


def find_scenario(name: str, *, patterns: Collection[str] = ()) -> Scenario:
    """A shipped scenario by name, or one read from a file; where `patterns` are named its mix may hold no others.

    Raises UsageError where there is none, InvalidSettings with all that is wrong in it.
    """
    path = _SHIPPED / f"{name}.toml"
    if path.is_file():
        return _read(path, patterns=patterns)
    own = Path(name)
    if own.is_file():
        return _read(own, patterns=patterns)
    known = ", ".join(sorted(path.stem for path in _SHIPPED.glob("*.toml")))
    raise UsageError(f"there is no scenario {name!r}", hint=f"choose from: {known}; or name a TOML file")


def read_scenario(data: Mapping[str, Any], *, source: str, patterns: Collection[str] = ()) -> Scenario:
    """A scenario from plain values; every problem at once, each with its place."""
    problems = [*_strangers(data, patterns, source=source)] if patterns else []
    try:
        scenario = Scenario.model_validate(dict(data))
    except ValidationError as error:
        raise InvalidSettings([*problems_of(error, where=source), *problems], hint=_HINT) from error
    if problems:
        raise InvalidSettings(problems, hint=_HINT)
    return scenario


def _strangers(data: Mapping[str, Any], patterns: Collection[str], *, source: str) -> Iterator[tuple[str, str]]:
    """Patterns of the mix or its drift that nobody knows."""
    for table in ("mix", "drift"):
        named = data.get(table, {})
        for name in named if isinstance(named, dict) else ():
            if name not in patterns:
                near = get_close_matches(name, patterns, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(sorted(patterns))}"
                yield f"{source}.{table}.{name}", f"there is no such pattern; {hint}"


def _read(path: Path, *, patterns: Collection[str] = ()) -> Scenario:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read the scenario {path}: {error}", hint="it must be a TOML file") from error
    return read_scenario({"name": path.stem, **data}, source=str(path.name), patterns=patterns)
