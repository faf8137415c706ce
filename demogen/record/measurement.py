"""What the load delivered, as one value: saved once as `measurement.json`, read by every rendering. Judges nothing.

Counts are of the whole run, drained; rates and latencies are of arrivals whose due time lies in the measured window
(design 4.2). Reads are kept apart: `target_tps` counts writes. Times end in their unit. May import: `errors`.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from demogen.errors import RunFolderError

#: More points than this are merged: a plot is no wider, and a day's soak stays a small file.
SERIES_POINTS_MAX = 600


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """A latency distribution in milliseconds; None where nothing was measured."""

    count: int = 0
    mean: float | None = None
    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None
    p999: float | None = None
    max: float | None = None


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """Both latencies of the same answers: `service` runs from sent, `response` from due."""

    service: Spread = Spread()
    response: Spread = Spread()


class Arrivals(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the schedule: `offered` = `sent` + `dropped`; `late` ones were sent, but after their time."""

    offered: int = 0
    sent: int = 0
    late: int = 0
    dropped: int = 0
    dropped_by_reason: dict[str, int] = {}


class Outcomes(msgspec.Struct, frozen=True, kw_only=True):
    """How writes ended. `unexpected` of the rejected ones were not what their pattern asked for."""

    accepted: int = 0
    rejected: int = 0
    indeterminate: int = 0
    unexpected: int = 0

    @property
    def total(self) -> int:
        return self.accepted + self.rejected + self.indeterminate


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a run that belongs to one pattern or one phase."""

    outcomes: Outcomes = Outcomes()
    latency_ms: Latency = Latency()


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the mix: the weight that was asked for (0…1), scripts started, and intents they sent."""

    asked: float
    started: int = 0
    intents: int = 0


class Mix(msgspec.Struct, frozen=True, kw_only=True):
    """Asked against done, judged on scripts started; `p_value` is of the chi-squared test, None where it is silent."""

    patterns: dict[str, Share] = {}
    chi2: float | None = None
    p_value: float | None = None


class Reads(msgspec.Struct, frozen=True, kw_only=True):
    """Reads in the mix, apart from the writes. `unexpected` ended otherwise than their pattern asked for."""

    count: int = 0
    unexpected: int = 0
    latency_ms: Latency = Latency()


class Events(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the events: `failed` ones were refused or not answered by the receiver, `lost` ones never sent."""

    delivered: int = 0
    failed: int = 0
    lost: int = 0


class TaskSlice(msgspec.Struct, frozen=True, kw_only=True):
    """Requests of one name that ordinary task code sent; outside the schedule, so outside every rate."""

    requests: int = 0
    failed: int = 0
    latency_ms: Latency = Latency()


class Generator(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the load's own machine was the bottleneck: all load processes, measured window only."""

    cpu_seconds: float = 0.0
    cpu_utilisation: float | None = None
    loop_lag_ms_p99: float | None = None
    limited: bool = False
    reasons: list[str] = []


class Workers(msgspec.Struct, frozen=True, kw_only=True):
    """Load processes that took part, and those that went away before the end."""

    count: int = 1
    lost: int = 0


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """The run over time, one entry a step of `step_s` seconds in every list; percentiles are of response time."""

    step_s: float = 1.0
    offered: list[int] = []
    answered: list[int] = []
    p50_ms: list[float | None] = []
    p99_ms: list[float | None] = []


class Distribution(msgspec.Struct, frozen=True, kw_only=True):
    """Response times as a histogram: `count[i]` answers took about `us[i]` microseconds; only filled buckets."""

    us: list[int] = []
    count: list[int] = []


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One threshold and what came of it; `observed` is None where it could not be measured, which is not a pass."""

    name: str
    limit: str
    observed: float | None
    passed: bool


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a report says about the load; everything about the money is the audit's."""

    run_id: str
    scenario: str = ""
    seed: int = 0
    host: str = ""
    server: str = ""
    started_wall_ns: int = 0
    ended_wall_ns: int = 0
    window_s: float = 0.0
    promised_tps: float = 0.0
    delivered_tps: float = 0.0
    arrivals: Arrivals = Arrivals()
    outcomes: Outcomes = Outcomes()
    codes: dict[str, int] = {}
    faults: dict[str, int] = {}
    latency_ms: Latency = Latency()
    patterns: dict[str, Slice] = {}
    phases: dict[str, Slice] = {}
    mix: Mix = Mix()
    reads: Reads = Reads()
    tasks: dict[str, TaskSlice] = {}
    events: Events | None = None
    generator: Generator = Generator()
    workers: Workers = Workers()
    degraded: bool = False
    interrupted: bool = False
    thresholds: list[Judged] = []
    series: Series = Series()
    distribution: Distribution = Distribution()


def dumps(measurement: Measurement) -> str:
    """The text of `measurement.json`; `RunFolder.write_text` puts it in place whole."""
    return msgspec.json.format(msgspec.json.encode(measurement), indent=1).decode()


def load(path: Path) -> Measurement:
    """Read `measurement.json`. Raises RunFolderError where it is absent, torn or not a measurement."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Measurement)
    except OSError as error:
        raise RunFolderError(
            f"cannot read {path}: {error.strerror}", hint="the load did not finish; run it again"
        ) from error
    except msgspec.DecodeError as error:
        raise RunFolderError(f"{path} is not a measurement: {error}", hint="run the load again") from error


def merged(series: Series, *, points_max: int = SERIES_POINTS_MAX) -> Series:
    """The same run in at most `points_max` steps: counts add up, a merged P50 is weighted by answers.

    A merged P99 is the worst of its steps: percentiles do not average, and a plot must not hide a peak.
    """
    length = len(series.offered)
    if length <= points_max:
        return series
    width = -(-length // points_max)
    starts = range(0, length, width)
    return Series(
        step_s=series.step_s * width,
        offered=[sum(series.offered[i : i + width]) for i in starts],
        answered=[sum(series.answered[i : i + width]) for i in starts],
        p50_ms=[_weighted(series.p50_ms[i : i + width], series.answered[i : i + width]) for i in starts],
        p99_ms=[max((p for p in series.p99_ms[i : i + width] if p is not None), default=None) for i in starts],
    )


def _weighted(values: list[float | None], weights: list[int]) -> float | None:
    known = [(value, weight) for value, weight in zip(values, weights, strict=True) if value is not None and weight]
    total = sum(weight for _, weight in known)
    return sum(value * weight for value, weight in known) / total if total else None
