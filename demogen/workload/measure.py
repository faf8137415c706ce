"""Gathers the deltas of all load processes and states what the load delivered. Judges no books.

`delivered_tps` counts answers to arrivals due in the measured window, divided by the window (design 4.2). May import:
`record`, `workload.mix`.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from demogen.clock import NS_PER_MS, NS_PER_S
from demogen.contract.outcome import Outcome
from demogen.record.histogram import Histogram, highest_us
from demogen.record.measurement import (
    Arrivals,
    Distribution,
    Events,
    Generator,
    Latency,
    Measurement,
    Mix,
    Outcomes,
    Reads,
    Series,
    Share,
    Slice,
    Spread,
    TaskSlice,
    Workers,
)
from demogen.record.tally import MEASURE, OVERLOOKED_NS, PHASES, Cell, CellKey, Tally
from demogen.workload import mix as mixes
from demogen.workload.timeline import Timeline

#: An arrival sent more than this after it was due counts as late.
LATE_AFTER_US = 10_000

#: A generator that notices its arrivals this late, at P99, is the bottleneck: nothing it reports is about the ledger.
LOOP_LAG_MAX_US = 100_000

#: One arrival in a hundred that is overlooked, and the P99 is the generator's.
OVERLOOKED_MAX = 0.01

_ANSWERED = frozenset({Outcome.ACCEPTED, Outcome.REJECTED})


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a measurement says that nobody counted."""

    run_id: str
    scenario: str
    seed: int
    host: str
    server: str
    started_wall_ns: int
    ended_wall_ns: int
    window_s: float
    promised_tps: float
    workers: int = 1
    workers_lost: int = 0
    interrupted: bool = False
    degraded: bool = False


class Gathering:
    """Adds up the deltas of all load processes."""

    def __init__(self) -> None:
        self.total = Tally()
        self._timeline = Timeline()

    def add(self, delta: Tally, *, second: int) -> None:
        """`second` is the one of the schedule that the delta belongs to, from 0."""
        self.total.merge(delta)
        self._timeline.add(delta, second)

    def series(self) -> Series:
        """The run so far, second by second, for who looks on."""
        return self._timeline.so_far()

    def measurement(self, facts: Facts, mix: mixes.Mix) -> Measurement:
        """What the load delivered, as one value."""
        total = self.total
        measured = total.total(phase=MEASURE, outcomes=_ANSWERED)
        dropped = sum(total.dropped.values())
        offered = total.counts["offered"]
        delivered_tps = measured.service.total / facts.window_s if facts.window_s > 0 else 0.0
        return Measurement(
            **{name: getattr(facts, name) for name in _SAID_AS_IT_IS},
            delivered_tps=round(delivered_tps, 3),
            arrivals=Arrivals(
                offered=offered,
                sent=offered - dropped,
                late=total.lag.total - total.lag.at_most([LATE_AFTER_US])[0],
                dropped=dropped,
                dropped_by_reason=dict(total.dropped),
            ),
            outcomes=_outcomes(total.cells),
            codes=dict(total.codes),
            faults=dict(total.faults),
            latency_ms=_latency(total.total(phase=MEASURE)),
            patterns=_slices(total.cells, dict(enumerate(mix.names)), part=0),
            phases=_slices(total.cells, dict(enumerate(PHASES)), part=2),
            mix=_mix(total, mix),
            reads=_reads(total),
            tasks=_tasks(total),
            events=_events(total),
            generator=_generator(total, facts, delivered_tps),
            workers=Workers(count=facts.workers, lost=facts.workers_lost),
            series=self._timeline.series(),
            distribution=_distribution(total.total(phase=MEASURE).response),
        )


_SAID_AS_IT_IS = tuple(set(Facts.__struct_fields__) & set(Measurement.__struct_fields__) - {"workers"})


def _ms(us: float) -> float:
    return round(us / 1000, 4)


def spread(histogram: Histogram) -> Spread:
    """The figures of a distribution that reports show, in milliseconds."""
    if not histogram.total:
        return Spread()
    at = histogram.percentile_us
    return Spread(
        count=histogram.total,
        mean=_ms(histogram.mean_us),
        p50=_ms(at(0.5)),
        p90=_ms(at(0.9)),
        p95=_ms(at(0.95)),
        p99=_ms(at(0.99)),
        p999=_ms(at(0.999)),
        max=_ms(histogram.max_us),
    )


def _latency(cell: Cell) -> Latency:
    return Latency(service=spread(cell.service), response=spread(cell.response))


def _outcomes(cells: Mapping[CellKey, Cell]) -> Outcomes:
    ended = dict.fromkeys(Outcome, 0)
    unexpected = 0
    for (_, outcome, _), cell in cells.items():
        # What was never sent is a dropped arrival, not an outcome.
        ended[Outcome(outcome)] += cell.service.total
        unexpected += cell.unexpected
    return Outcomes(
        accepted=ended[Outcome.ACCEPTED],
        rejected=ended[Outcome.REJECTED],
        indeterminate=ended[Outcome.INDETERMINATE],
        unexpected=unexpected,
    )


def _slices(cells: Mapping[CellKey, Cell], names: Mapping[int, str], *, part: int) -> dict[str, Slice]:
    """Cells grouped by one part of their key."""
    groups: dict[int, dict[CellKey, Cell]] = {}
    for key, cell in cells.items():
        groups.setdefault(key[part], {})[key] = cell
    slices = {}
    for number, members in sorted(groups.items()):
        whole = Cell()
        for cell in members.values():
            whole.merge(cell)
        slices[names[number]] = Slice(outcomes=_outcomes(members), latency_ms=_latency(whole))
    return slices


def _mix(total: Tally, mix: mixes.Mix) -> Mix:
    played = min(1.0, total.counts["offered"] / mix.arrivals) if mix.arrivals else 1.0
    chi2, p_value = mix.chi_squared(total.started, played=played)
    asked = mix.shares
    shares = {
        name: Share(asked=round(asked[name], 6), started=total.started[i], intents=total.intents[i])
        for i, name in enumerate(mix.names)
    }
    return Mix(patterns=shares, chi2=chi2, p_value=p_value)


def _reads(total: Tally) -> Reads:
    whole = Cell()
    for cell in total.reads.values():
        whole.merge(cell)
    return Reads(count=whole.service.total, unexpected=whole.unexpected, latency_ms=_latency(whole))


def _tasks(total: Tally) -> dict[str, TaskSlice]:
    """By method and name, whatever went wrong."""
    cells: dict[str, Cell] = {}
    for (method, name, _), cell in sorted(total.tasks.items()):
        cells.setdefault(f"{method} {name}", Cell()).merge(cell)
    return {
        name: TaskSlice(requests=cell.response.total, failed=cell.unexpected, latency_ms=_latency(cell))
        for name, cell in cells.items()
    }


def _events(total: Tally) -> Events | None:
    """None where nobody asked for them."""
    told = {name: total.counts.get(f"events_{name}") for name in Events.__struct_fields__}
    return None if None in told.values() else Events(**{name: count or 0 for name, count in told.items()})


def _generator(total: Tally, facts: Facts, delivered_tps: float) -> Generator:
    cpu_seconds = total.counts["cpu_ns"] / NS_PER_S
    utilisation = cpu_seconds / facts.window_s / facts.workers if facts.window_s > 0 else None
    loop_lag_us = total.loop_lag.percentile_us(0.99)
    reasons = []
    if loop_lag_us > LOOP_LAG_MAX_US:
        reasons.append(f"arrivals were noticed {loop_lag_us / 1000:.0f} ms late at P99")
    overlooked, offered = total.counts["overlooked"], total.counts["offered"]
    if overlooked > OVERLOOKED_MAX * offered:
        reasons.append(
            f"it stood still: {overlooked:,} of {offered:,} arrivals were noticed more than "
            f"{OVERLOOKED_NS // NS_PER_MS} ms late"
        )
    if utilisation and utilisation > 0.95 and delivered_tps < 0.99 * facts.promised_tps:
        reasons.append(f"its processor was busy {utilisation:.0%} of the time")
    return Generator(
        cpu_seconds=round(cpu_seconds, 3),
        cpu_utilisation=None if utilisation is None else round(utilisation, 4),
        loop_lag_ms_p99=_ms(loop_lag_us),
        limited=bool(reasons),
        reasons=reasons,
    )


def _distribution(histogram: Histogram) -> Distribution:
    buckets = sorted(histogram.counts)
    return Distribution(us=[highest_us(bucket) for bucket in buckets], count=[histogram.counts[b] for b in buckets])
