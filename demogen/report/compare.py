"""Two runs side by side: what changed, and how sure that is. Refuses runs that differ in what they were asked to do.

Runs of two server versions, hosts or days may be compared, that is the point; runs of two scenarios, rates or
populations may not. May import: `run_report`, `bootstrap`, `errors`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from demogen.audit.verdict import Verdict
from demogen.errors import UsageError
from demogen.report.bootstrap import Array, change, drift_of, mean_rounds, percentile_rounds
from demogen.report.run_report import RunReport

_SAME_SETTINGS = ("transaction_format", "mix", "population_digest")
_WINDOW_TOLERANCE = 0.1


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One figure in both runs. `share` is the relative change, `low` … `high` its 95 % confidence interval.

    `says` is `better`, `worse` or, where the interval holds 0, `no difference seen`.
    """

    name: str
    unit: str
    before: float
    after: float
    share: float
    low: float
    high: float
    says: str


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two comparable runs. `remarks` are what a reader must know before believing the figures."""

    before: str
    after: str
    changes: list[Change]
    remarks: list[str] = []

    def worse_than(self, share: float) -> list[Change]:
        """Figures that surely got worse by more than `share`: their whole interval lies beyond it."""
        return [one for one in self.changes if one.says == "worse" and min(abs(one.low), abs(one.high)) > share]


def compare(before: RunReport, after: RunReport, *, seed: int = 1) -> Comparison:
    """What changed from one run to the other. Raises UsageError naming all that makes them incomparable."""
    problems = list(incomparable(before, after))
    if problems:
        raise UsageError(
            f"{before.run_id} and {after.run_id} cannot be compared: {'; '.join(problems)}",
            hint="compare runs of one scenario, rate and population, whose generator kept up",
        )
    changes = [_rate(before, after, seed)]
    changes += [_percentile(before, after, share, seed) for share in (0.5, 0.95, 0.99)]
    return Comparison(before=before.run_id, after=after.run_id, changes=changes, remarks=list(_remarks(before, after)))


def incomparable(before: RunReport, after: RunReport) -> Iterator[str]:
    """Why the two must not be compared: a sentence each."""
    for report in (before, after):
        if not report.measured or not report.distribution.count or len(report.series.answered) < 2:
            yield f"{report.run_id} has no measurement"
        if report.interrupted:
            yield f"{report.run_id} was interrupted"
        if report.generator.limited:
            yield f"{report.run_id} measured its generator, not the ledger"
    for name in ("scenario", "promised_tps", "population"):
        if getattr(before, name) != getattr(after, name):
            yield f"{name.replace('_', ' ')} differs: {getattr(before, name)} and {getattr(after, name)}"
    if abs(before.window_s - after.window_s) > _WINDOW_TOLERANCE * max(before.window_s, after.window_s):
        yield f"the measured windows differ: {before.window_s:g} s and {after.window_s:g} s"
    for name in _SAME_SETTINGS:
        one, other = before.settings.get(name), after.settings.get(name)
        if one != other:
            yield f"{name.replace('_', ' ')} differs: {one} and {other}"


def _remarks(before: RunReport, after: RunReport) -> Iterator[str]:
    for report in (before, after):
        if report.verdict is not Verdict.HOLDS:
            yield f"{report.run_id}: the books are {report.verdict}; speed without correct books means nothing"
        if report.degraded:
            yield f"{report.run_id}: load processes came or went while it ran"
    if before.seed != after.seed:
        yield f"the seeds differ ({before.seed} and {after.seed}): not the same transactions"
    if before.server != after.server:
        yield f"the servers differ: {before.server} and {after.server}"


def _rate(before: RunReport, after: RunReport, seed: int) -> Change:
    first, second = (
        mean_rounds([n / report.series.step_s for n in report.series.answered], seed=seed + place)
        for place, report in enumerate((before, after))
    )
    low, high = change(first, second)
    return _change("delivered", "TPS", before.delivered_tps, after.delivered_tps, (low, high), more_is_better=True)


def _percentile(before: RunReport, after: RunReport, share: float, seed: int) -> Change:
    first, second = (_rounds(report, share, seed + place) for place, report in enumerate((before, after)))
    name = f"p{share * 100:g}"
    old, new = (getattr(report.latency_ms.response, name) or 0.0 for report in (before, after))
    return _change(f"response {name.upper()}", "ms", old, new, change(first, second), more_is_better=False)


def _rounds(report: RunReport, share: float, seed: int) -> Array:
    us, count, series = report.distribution.us, report.distribution.count, report.series
    # Seconds are known by their P50 and their P99; what lies above the middle strays as the worse of the two.
    known = {0.5: series.p50_ms} if share <= 0.5 else {0.5: series.p50_ms, 0.99: series.p99_ms}
    drifts = [
        drift_of(us, count, share=one, seconds=_seconds(times_ms, series.answered), seed=seed)
        for one, times_ms in known.items()
    ]
    return percentile_rounds(us, count, share=share, drift=max(drifts), seed=seed)


def _seconds(times_ms: Sequence[float | None], answered: Sequence[int]) -> list[tuple[float, int]]:
    return [(ms * 1000, n) for ms, n in zip(times_ms, answered, strict=True) if ms is not None]


def _change(name: str, unit: str, old: float, new: float, interval: Sequence[float], *, more_is_better: bool) -> Change:
    low, high = interval
    says = "no difference seen"
    if low > 0 or high < 0:
        says = "better" if (low > 0) == more_is_better else "worse"
    share = (new - old) / old if old else 0.0
    return Change(name=name, unit=unit, before=old, after=new, share=share, low=low, high=high, says=says)
