"""What the page under the web UI shows of a run, as one plain value a second. Reads the run, changes nothing.

May import: contract, `record`, `workload.measure`, the glance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from demogen.clock import NS_PER_MS, NS_PER_S, SystemClock
from demogen.contract.exchange import Fault
from demogen.contract.outcome import Outcome
from demogen.contract.refusals import meaning
from demogen.drive.glance import Glance
from demogen.record.histogram import Histogram
from demogen.record.measurement import Arrivals, Outcomes, Series, Spread
from demogen.record.sight import Sight
from demogen.record.tally import Tally
from demogen.workload.measure import LATE_AFTER_US, spread

if TYPE_CHECKING:
    from demogen.drive.conductor import Conductor


_FRESH_NS = 900 * NS_PER_MS
_FRESH_PERCENTILES_NS = 3 * NS_PER_S
_CHEAP_UNTIL = 20_000


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One pattern: how its writes ended, and the mean response in ms."""

    pattern: str
    accepted: int
    rejected: int
    indeterminate: int
    unexpected: int
    mean_ms: float | None


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """Money by asset, as text in major units: a page never computes with it.

    `missing` is what the last look at all balances tells: 0, or what appeared (or, below zero, vanished) between two
    bounds; "" before the first look.
    """

    asset: str
    moved: str
    in_doubt: str
    missing: str = ""


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """One load process."""

    name: str
    up: bool
    in_flight: int
    offered: int


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the page shows; its field names are the keys of `/demogen/state`. Times in their unit."""

    stage: str = "idle"
    run_id: str = ""
    scenario: str = ""
    host: str = ""
    server: str = ""
    seconds: float | None = None
    elapsed_s: float = 0.0
    target_tps: float = 0.0
    targets: list[tuple[float, float]] = []
    users: int = 0
    in_flight: int = 0
    arrivals: Arrivals = Arrivals()
    outcomes: Outcomes = Outcomes()
    response_ms: Spread = Spread()
    service_ms: Spread = Spread()
    series: Series = Series()
    patterns: list[Line] = []
    codes: dict[str, int] = {}
    faults: dict[str, int] = {}
    meanings: dict[str, str] = {}
    money: list[Asset] = []
    amiss: list[str] = []
    processes: list[Process] = []
    verdict: str = "UNKNOWN"
    invariants: dict[str, str] = {}
    findings: list[str] = []
    doubts: list[str] = []
    exit_code: int | None = None
    promised_tps: float | None = None
    delivered_tps: float | None = None
    gates: list[str] = []
    report: bool = False


def idle(*, target_tps: float, stage: str = "idle") -> State:
    """No run yet, or one that is being prepared."""
    return State(stage=stage, target_tps=target_tps)


class Onlooker:
    """Looks at one run for however many viewers; costs the load beside it next to nothing."""

    def __init__(self, conductor: Conductor, glance: Glance) -> None:
        self.conductor = conductor
        self._glance = glance
        self._clock = SystemClock()
        self._state = State()
        self._next_ns = 0
        self._spreads = (Spread(), Spread())
        self._next_spreads_ns = 0

    def state(self, *, users: int) -> State:
        """The run as it stands; at most a second old."""
        now_ns = self._clock.now_ns()
        if now_ns >= self._next_ns or self.conductor.stage != self._state.stage:
            self._next_ns = now_ns + _FRESH_NS
            self._state = self._look(now_ns, users=users)
        return self._state

    def _look(self, now_ns: int, *, users: int) -> State:
        conductor, tally = self.conductor, self.conductor.gathering.total
        now, audit = self._glance.snapshot(users=users), self._glance.audit()
        done = now.stage == "done"
        service, response = self._percentiles(now_ns, at_once=done)
        return State(
            stage=now.stage,
            run_id=conductor.plan.run_id,
            scenario=conductor.plan.scenario,
            host=conductor.plan.host,
            server=conductor.plan.server,
            seconds=conductor.plan.seconds,
            elapsed_s=_elapsed_s(conductor),
            target_tps=now.target_tps,
            targets=[*conductor.targets],
            users=users,
            in_flight=now.in_flight,
            arrivals=_arrivals(tally),
            outcomes=_outcomes(tally),
            response_ms=response,
            service_ms=service,
            series=conductor.gathering.series(),
            patterns=_lines(tally, now.patterns),
            codes=dict(tally.codes),
            faults=dict(tally.faults),
            money=_money(tally, now.sight),
            amiss=now.sight.amiss if now.sight else [],
            meanings={code: meaning(code) for code in tally.codes}
            | {fault.label: fault.says for fault in Fault if fault.label in tally.faults},
            processes=[
                Process(name=name, up=worker.up, in_flight=worker.in_flight, offered=worker.offered)
                for name, worker in now.workers.items()
            ],
            verdict=now.verdict,
            invariants=dict(now.invariants),
            findings=[f"{f.invariant}: {f.explanation}" for f in audit.findings] if audit else [],
            doubts=[f"{d.invariant}: {d.reason}" for d in audit.doubts] if audit else [],
            exit_code=conductor.exit_code if done else None,
            report=done and conductor.folder.report_html.exists(),
            **_reported(conductor, done=done),
        )

    def _percentiles(self, now_ns: int, *, at_once: bool) -> tuple[Spread, Spread]:
        """(service, response) of the whole run; merging what a long run has seen takes ten milliseconds."""
        if now_ns >= self._next_spreads_ns or at_once:
            service, response = _merged(self.conductor.gathering.total)
            self._next_spreads_ns = now_ns + (_FRESH_PERCENTILES_NS if response.total > _CHEAP_UNTIL else 0)
            self._spreads = (spread(service), spread(response))
        return self._spreads


def _elapsed_s(conductor: Conductor) -> float:
    """Seconds into the schedule; it stands still once everything is drained."""
    started_ns = conductor.started_wall_ns
    if not started_ns:
        return 0.0
    until_ns = conductor.ended_wall_ns or SystemClock().wall_ns()
    return round(max(0, until_ns - started_ns) / NS_PER_S, 1)


def _merged(tally: Tally) -> tuple[Histogram, Histogram]:
    service, response = Histogram(), Histogram()
    for cell in tally.cells.values():
        service.merge(cell.service)
        response.merge(cell.response)
    return service, response


def _arrivals(tally: Tally) -> Arrivals:
    offered, dropped = tally.counts["offered"], sum(tally.dropped.values())
    return Arrivals(
        offered=offered,
        sent=offered - dropped,
        late=tally.lag.total - tally.lag.at_most([LATE_AFTER_US])[0],
        dropped=dropped,
        dropped_by_reason=dict(tally.dropped),
    )


def _outcomes(tally: Tally) -> Outcomes:
    ended = dict.fromkeys(Outcome, 0)
    for (_, outcome, _), cell in tally.cells.items():
        ended[Outcome(outcome)] += cell.service.total
    return Outcomes(
        accepted=ended[Outcome.ACCEPTED],
        rejected=ended[Outcome.REJECTED],
        indeterminate=ended[Outcome.INDETERMINATE],
        unexpected=sum(cell.unexpected for cell in tally.cells.values()),
    )


def _lines(tally: Tally, patterns: tuple[str, ...]) -> list[Line]:
    lines = []
    for number, name in enumerate(patterns):
        ended, unexpected, sum_us, total = dict.fromkeys(Outcome, 0), 0, 0, 0
        for (pattern, outcome, _), cell in tally.cells.items():
            if pattern == number:
                ended[Outcome(outcome)] += cell.service.total
                unexpected += cell.unexpected
                sum_us, total = sum_us + cell.response.sum_us, total + cell.response.total
        if total:
            lines.append(
                Line(
                    pattern=name,
                    accepted=ended[Outcome.ACCEPTED],
                    rejected=ended[Outcome.REJECTED],
                    indeterminate=ended[Outcome.INDETERMINATE],
                    unexpected=unexpected,
                    mean_ms=round(sum_us / total / 1000, 3),
                )
            )
    return lines


def _money(tally: Tally, sight: Sight | None) -> list[Asset]:
    bounds = sight.assets if sight else {}
    return [
        Asset(
            asset=key.partition("/")[0],
            moved=_major(tally.moved[key], key),
            in_doubt=_major(tally.doubted[key], key),
            missing=" … ".join(dict.fromkeys(bounds.get(key.partition("/")[0], ()))),
        )
        for key in sorted({*tally.moved, *tally.doubted})
    ]


def _major(units: int, key: str) -> str:
    """Minor units of an `asset/scale` as exact decimal text, thousands apart."""
    scale = int(key.partition("/")[2])
    whole, rest = divmod(units, 10**scale)
    return f"{whole:,}" + (f".{rest:0{scale}d}" if scale else "")


def _reported(conductor: Conductor, *, done: bool) -> dict[str, Any]:
    """What only the report knows: means over the window, and why the run does not end with 0."""
    if not done:
        return {}
    try:
        told: dict[str, Any] = msgspec.json.decode(conductor.folder.report_json.read_bytes())
    except (OSError, msgspec.DecodeError):
        return {}
    return {
        "promised_tps": told.get("promised_tps"),
        "delivered_tps": told.get("delivered_tps"),
        "gates": [gate["says"] for gate in told.get("gates", [])],
    }
