"""Conducts a run on the master (or in a single process): prepare, share out, gather, finish, judge.

Owns the duration: Locust starts its timer beside the bootstrap and would stop in the middle of what is in flight
(design 4.3). Hears the load processes by message only. The finish may be asked for by several (schedule, stop button,
Ctrl-C) and happens once. May import: everything below, gevent.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import gevent
import msgspec
from gevent.event import Event

from demogen.clock import NS_PER_MS, NS_PER_S, SystemClock
from demogen.drive import children
from demogen.drive.load import FINISH, RELEASE, SETUP, SHARE, Setup
from demogen.drive.seats import Seat, Seats
from demogen.errors import DemogenError
from demogen.pacing.pacer import Share
from demogen.pacing.schedule import Schedule, constant
from demogen.record.folder import RunFolder
from demogen.record.measurement import dumps
from demogen.record.tally import COOL_DOWN, MEASURE, PHASES, WARM_UP, Tally
from demogen.workload.measure import Facts, Gathering
from demogen.workload.mix import Mix
from demogen.workload.scenario import ThresholdSpec

log = logging.getLogger("demogen")

_READY_WITHIN_S = 60.0
_LEAD_NS = {True: 1500 * NS_PER_MS, False: 300 * NS_PER_MS}
_RESHARE_AHEAD_NS = 2 * NS_PER_S
_DRAIN_MARGIN_S = 10.0
_COURSE_POINTS = 240

#: Sends a message to one load process, or (None) to all.
Post = Callable[[str, dict[str, Any], str | None], None]


class _Abandoned(BaseException):
    """Somebody is in a hurry: neither drained nor judged."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a run promises, as far as the conductor must know it. `seconds` None: until somebody stops it.

    `target_tps` is the target as it was asked for; `schedule` None: that rate, evenly, all the time.
    """

    run_id: str
    scenario: str
    seed: int
    host: str
    server: str
    target_tps: float
    seconds: float | None
    depth: str
    thresholds: tuple[ThresholdSpec, ...] = ()
    schedule: Schedule | None = None


class Conductor:
    """One run. `post` reaches the load processes; `distributed` says whether they are other processes."""

    def __init__(self, plan: Plan, setup: Setup, folder: RunFolder, *, mix: Mix, post: Post, distributed: bool) -> None:
        self.plan = plan
        self.folder = folder
        self.gathering = Gathering()
        self.seats = Seats()
        self.exit_code = 1
        self.screen = ""
        self.degraded = False
        self.finished = Event()
        self.over = Event()
        self.verdict = "UNKNOWN"
        self.settled_ns = 0
        #: (seconds into the schedule, TPS) each time the target was set.
        self.targets = _course(plan)
        self._setup = setup
        self._mix = mix
        self._post = post
        self._distributed = distributed
        self._clock = SystemClock()
        self._asked_tps = plan.target_tps
        self._schedule = plan.schedule or constant(plan.target_tps, plan.seconds)
        self._generation = 0
        self._epoch_ns = 0
        self._base_index = 0
        self._promised_before = 0.0
        self._started_wall_ns = 0
        self._ended_wall_ns = 0
        self._interrupted = False
        self._stopped_early = False
        self._finishing = False
        self._finisher: Any = None
        self._failure: dict[str, Any] | None = None

    @property
    def playing(self) -> bool:
        return self._epoch_ns != 0 and not self._finishing

    @property
    def target_tps(self) -> float:
        """What is promised at this moment."""
        if self._schedule is not self.plan.schedule:
            return self._asked_tps
        return round(self._schedule.rate_at((self._clock.wall_ns() - self._epoch_ns) / NS_PER_S), 3)

    @property
    def mix(self) -> Mix:
        return self._mix

    @property
    def started_wall_ns(self) -> int:
        """When the schedule began, in unix time; 0 before."""
        return self._started_wall_ns

    @property
    def ended_wall_ns(self) -> int:
        """When the last answer was in, in unix time; 0 before."""
        return self._ended_wall_ns

    @property
    def stage(self) -> str:
        """What the run is doing, in the words of `record.metrics.STAGES`."""
        if self.settled_ns:
            return "done"
        if self._finishing:
            return "audit" if self._ended_wall_ns else "drain"
        now_ns, (start_ns, end_ns) = self._clock.wall_ns(), self._window()
        if now_ns < self._started_wall_ns or not self._started_wall_ns:
            return "bootstrap"
        return PHASES[WARM_UP if now_ns < start_ns else MEASURE if now_ns < end_ns else COOL_DOWN]

    # -- taking part ---------------------------------------------------------------------------------------------

    def seat(self, client: str) -> None:
        """Give a load process its part; it answers when it is ready."""
        seat = self.seats.take(client, journals=self.folder.journals, now_ns=self._clock.now_ns())
        journal = "" if self._distributed else str(seat.journal)
        setup = msgspec.structs.replace(self._setup, process=seat.process, journal=journal)
        self._post(SETUP, {"setup": msgspec.to_builtins(setup, builtin_types=(bytes,))}, client)

    def on_ready(self, client: str, message: dict[str, Any]) -> None:
        seat = self.seats.of(client)
        if seat is not None:
            seat.be_ready(message, now_ns=self._clock.now_ns())
            if self.playing:
                log.info("load process %s joined: the rate is shared again", seat.process)
                self.share_again()

    def on_report(self, client: str, message: dict[str, Any], *, drained: bool) -> None:
        seat = self.seats.of(client)
        if seat is None:
            return
        delta = seat.hear(message, now_ns=self._clock.now_ns())
        if delta is not None:
            self.gathering.add(delta, second=message["second"])
        if drained:
            self._leave(seat)

    def on_failure(self, message: dict[str, Any]) -> None:
        """A load process cannot go on: neither can the run."""
        self._failure = message
        self.over.set()

    def on_leaving(self, client: str) -> None:
        """A process was told to go: the others take over from an index on, until which it plays."""
        seat = self.seats.of(client)
        if seat is None or not seat.playing or not self.playing:
            return
        seat.leaving = True
        if not self.seats.sharing:
            seat.leaving = False
            return
        log.warning("load process %s leaves: its share goes to the others, the run is degraded", seat.process)
        self.degraded = True
        self._post(RELEASE, {"index": self.share_again()}, seat.client)

    def _leave(self, seat: Seat) -> None:
        seat.drained = True
        if self._finishing or not self.seats.playing:
            self.over.set()
        elif seat.leaving:
            return
        elif self.plan.seconds is None or self._now_in_schedule_s() < self.plan.seconds:
            self.degraded = True
            self.share_again()

    def _lose(self, lost: list[Seat]) -> None:
        for seat in lost:
            seat.lost = True
            log.warning("load process %s is gone: its share goes to the others, the run is degraded", seat.process)
        self.degraded = True
        if not self.seats.playing:
            self.over.set()
        elif self.playing:
            self.share_again()

    # -- the schedule --------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Wait for everybody to be ready, then announce the schedule."""
        deadline_ns = self._clock.now_ns() + round(_READY_WITHIN_S * NS_PER_S)
        while not all(seat.ready for seat in self.seats) and self._clock.now_ns() < deadline_ns:
            gevent.sleep(0.02)
        late = [seat for seat in self.seats if not seat.ready]
        for seat in late:
            seat.lost = self.degraded = True
        if not self.seats.playing:
            raise DemogenError("no load process became ready", hint="look at the workers' logs")
        self._epoch_ns = self._clock.wall_ns() + _LEAD_NS[self._distributed]
        self._started_wall_ns = self._epoch_ns
        self._share(first_index=0)
        gevent.spawn(self._attend)

    def set_target(self, tps: float) -> None:
        """Change the rate from two seconds ahead on; keys go on counting, under a new generation."""
        if not self.playing or tps == self._asked_tps:
            return
        log.info("target changed from %g to %g TPS", self.target_tps, tps)
        at_ns = self._clock.wall_ns() + _RESHARE_AHEAD_NS
        first = self._base_index + self._schedule.first_due_after((at_ns - self._epoch_ns) / NS_PER_S)
        left = None if self.plan.seconds is None else self.plan.seconds - (at_ns - self._started_wall_ns) / NS_PER_S
        if left is not None and left <= 0:
            return
        self._promised_before += self._schedule.accumulated((at_ns - self._epoch_ns) / NS_PER_S)
        self._schedule, self._asked_tps = constant(tps, left), tps
        self._epoch_ns, self._base_index = at_ns, first
        self.targets.append(((at_ns - self._started_wall_ns) / NS_PER_S, tps))
        self._share(first_index=first)

    def share_again(self) -> int:
        """Share the same schedule among those who stay, from an index that nobody has reached; returns the index."""
        at_s = (self._clock.wall_ns() + _RESHARE_AHEAD_NS - self._epoch_ns) / NS_PER_S
        first_index = self._base_index + self._schedule.first_due_after(at_s)
        self._share(first_index=first_index)
        return first_index

    def _share(self, *, first_index: int) -> None:
        self._generation += 1
        players = self.seats.sharing
        for k, seat in enumerate(players):
            share = Share(
                self._generation, self._epoch_ns, self._base_index, first_index, k, len(players), self._schedule
            )
            self._post(SHARE, {"share": msgspec.to_builtins(share), "window": list(self._window())}, seat.client)

    def _window(self) -> tuple[int, int]:
        start_ns = self._started_wall_ns
        seconds = self.plan.seconds if self.plan.seconds is not None else 10 * 365 * 86_400
        return start_ns, start_ns + round(seconds * NS_PER_S)

    def _now_in_schedule_s(self) -> float:
        return (self._clock.wall_ns() - self._started_wall_ns) / NS_PER_S

    # -- attending and finishing ---------------------------------------------------------------------------------

    def _attend(self) -> None:
        """Once a second, a look at who has gone quiet."""
        while not self.over.wait(1.0) and not self._finishing:
            if lost := self.seats.leave_silent(self._clock.now_ns()):
                self._lose(lost)
        self.over.set()

    def finish(self, *, interrupted: bool = False) -> None:
        """Drain, measure, audit, report; whoever comes second waits for the first."""
        if self._finishing:
            self.finished.wait()
            return
        self._finishing = True
        self._finisher = gevent.getcurrent()
        self._interrupted = interrupted
        self._stopped_early = not self.over.is_set()
        try:
            self._drain()
            self._write_measurement()
            self._judge()
        except DemogenError as error:
            log.error("%s", error)
            self.exit_code = error.exit_code
        except _Abandoned:
            log.warning("given up: the books were not judged; later: demogen audit %s", self.folder.path)
        finally:
            self._finisher = None
            self.settled_ns = self._clock.now_ns()
            self.finished.set()

    def abandon(self) -> None:
        """Finish at once: neither drained nor judged, if that is not done yet."""
        if self._finisher is not None:
            gevent.kill(self._finisher, _Abandoned)

    def _drain(self) -> None:
        for seat in self.seats.playing:
            self._post(FINISH, {}, seat.client)
        deadline_ns = self._clock.now_ns() + round((self._setup.deadline_s + _DRAIN_MARGIN_S) * NS_PER_S)
        while self.seats.playing and self._clock.now_ns() < deadline_ns:
            self.seats.leave_silent(self._clock.now_ns())
            gevent.sleep(0.02)
        self._ended_wall_ns = self._clock.wall_ns()

    def _write_measurement(self) -> None:
        facts = self._facts()
        self.gathering.total.merge(self._never_offered(facts))
        measurement = self.gathering.measurement(facts, self._mix)
        judged = [threshold.judge(measurement) for threshold in self.plan.thresholds]
        measurement = msgspec.structs.replace(measurement, thresholds=judged)
        self.folder.write_text(self.folder.measurement, dumps(measurement))

    def _facts(self) -> Facts:
        played_s = max(0.0, (self._ended_wall_ns - self._started_wall_ns) / NS_PER_S) if self._started_wall_ns else 0.0
        # A schedule that was played to its end is judged on all of it, also where every worker died on the way.
        window_s = self.plan.seconds or played_s
        if self._stopped_early:
            window_s = min(window_s, played_s)
        lost = sum(seat.lost for seat in self.seats)
        return Facts(
            run_id=self.plan.run_id,
            scenario=self.plan.scenario,
            seed=self.plan.seed,
            host=self.plan.host,
            server=self.plan.server,
            started_wall_ns=self._started_wall_ns,
            ended_wall_ns=self._ended_wall_ns,
            window_s=window_s,
            promised_tps=self._promised_tps(window_s),
            workers=max(1, len(self.seats)),
            workers_lost=lost,
            interrupted=self._interrupted,
            degraded=self.degraded,
        )

    def _promised_tps(self, window_s: float) -> float:
        """The mean rate that was promised in the window, whatever the target was changed to on the way."""
        if window_s <= 0:
            return self._asked_tps
        since_s = window_s - (self._epoch_ns - self._started_wall_ns) / NS_PER_S
        return round((self._promised_before + self._schedule.accumulated(max(0.0, since_s))) / window_s, 3)

    def _never_offered(self, facts: Facts) -> Tally:
        """Arrivals that went down with a worker: in the schedule, claimed by nobody who could tell."""
        lost = Tally()
        if self.degraded and not self._stopped_early and self.plan.seconds is not None:
            planned = self._base_index + self._schedule.first_due_after(
                facts.window_s - (self._epoch_ns - self._started_wall_ns) / NS_PER_S
            )
            missing = max(0, planned - self.gathering.total.counts["offered"])
            lost.counts["offered"] = lost.dropped["worker_lost"] = missing
        return lost

    def _judge(self) -> None:
        for seat in self.seats:
            if seat.lost:
                seat.recover()
        incomplete = [seat.incomplete for seat in self.seats if seat.incomplete]
        if incomplete:
            self.folder.write_text(self.folder.incomplete, msgspec.json.encode(incomplete).decode())
        children.audit(self.folder.path, depth=self.plan.depth)
        self.exit_code, self.screen, self.verdict = children.report(self.folder.path)
        if self._failure is not None:
            self.exit_code = self._failure["exit_code"] if self.exit_code in (0, 3, 6) else self.exit_code
            log.error("%s (hint: %s)", self._failure["message"], self._failure["hint"])


def _course(plan: Plan) -> list[tuple[float, float]]:
    """(seconds into the schedule, TPS) for a plot: one point of a level, many of a curve."""
    schedule = plan.schedule
    if schedule is None or schedule.endless:
        return [(0.0, plan.target_tps if schedule is None else schedule.mean_tps)]
    step_s = schedule.seconds / _COURSE_POINTS
    return [(round(i * step_s, 3), round(schedule.rate_at(i * step_s), 3)) for i in range(_COURSE_POINTS)]
