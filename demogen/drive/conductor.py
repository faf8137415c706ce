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

from demogen.client.auth import Token, current
from demogen.clock import NS_PER_MS, NS_PER_S, SystemClock
from demogen.drive.course import Course, Plan
from demogen.drive.load import FINISH, KEPT, RELEASE, SETUP, SHARE, TOKEN, Setup
from demogen.drive.program import in_our_words
from demogen.drive.seats import Seat, Seats
from demogen.errors import DemogenError
from demogen.record.folder import RunFolder
from demogen.record.journal import DropReason
from demogen.record.measurement import dumps
from demogen.record.sight import Sight
from demogen.record.tally import COOL_DOWN, MEASURE, PHASES, WARM_UP, Tally
from demogen.workload.lookout import Lookout
from demogen.workload.measure import Facts, Gathering
from demogen.workload.mix import Mix

log = logging.getLogger("demogen")

_READY_WITHIN_S = 60.0
_LEAD_NS = {True: 1500 * NS_PER_MS, False: 200 * NS_PER_MS}
RESHARE_AHEAD_NS = 2 * NS_PER_S
ATTEND_EVERY_S = 0.25
_DRAIN_MARGIN_S = 10.0
_TOKEN_EVERY_S = 0.2

#: Sends a message to one load process, or (None) to all.
Post = Callable[[str, dict[str, Any], str | None], None]
#: Exit code, one screen of text, and the verdict on the books.
Verdict = tuple[int, str, str]


class _Abandoned(BaseException):
    """Somebody is in a hurry: neither drained nor judged."""


class Conductor:
    """One run. `post` reaches the load processes; `distributed` says whether they are other processes.

    `judge` audits and reports once all is drained; `look` starts what looks at the books meanwhile, None for nothing.
    `token` tells what each process shows the ledger, also when it is renewed.
    """

    def __init__(
        self,
        plan: Plan,
        setup: Setup,
        folder: RunFolder,
        *,
        mix: Mix,
        post: Post,
        distributed: bool,
        judge: Callable[[], Verdict],
        look: Callable[[], Lookout] | None = None,
        token: Token = None,
    ) -> None:
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
        self._setup = setup
        self._mix = mix
        self._post = post
        self._token = token
        self._distributed = distributed
        self._clock = SystemClock()
        self._course = Course(plan.schedule, target_tps=plan.target_tps, seconds=plan.seconds)
        self._started_wall_ns = 0
        self._ended_wall_ns = 0
        self._interrupted = False
        self._stopped_early = False
        self._finishing = False
        self._finishing_ns = 0
        self._finisher: Any = None
        self._failure: dict[str, Any] | None = None
        self._call_judge = judge
        self._call_lookout = look
        self._lookout: Lookout | None = None
        self._warned = False

    def sight(self) -> Sight | None:
        """What the last look at the books has shown; None where nobody looks, or not yet."""
        return self._lookout.seen() if self._lookout is not None else None

    @property
    def playing(self) -> bool:
        return self._started_wall_ns != 0 and not self._finishing

    @property
    def target_tps(self) -> float:
        """What is promised at this moment."""
        return self._course.tps_at(self._clock.wall_ns())

    @property
    def targets(self) -> list[tuple[float, float]]:
        """(seconds into the schedule, TPS) each time the target was set."""
        return self._course.targets

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
        """Give a load process a part in the run."""
        seat = self.seats.take(client, journals=self.folder.journals, now_ns=self._clock.now_ns())
        seat.whole = not self._distributed  # our own stands in the folder from the first record on
        self._set_up(seat)

    def _set_up(self, seat: Seat) -> None:
        """Tell it its part; it answers when it is ready. What comes too early Locust drops: then it is told again."""
        seat.asked_ns = self._clock.now_ns()
        own = {"process": seat.process, "journal": "" if self._distributed else str(seat.journal)}
        setup = msgspec.structs.replace(self._setup, **own)
        self._post(SETUP, {"setup": msgspec.to_builtins(setup, builtin_types=(bytes,))}, seat.client)

    def _ask_again(self) -> None:
        for seat in self.seats.unheard(self._clock.now_ns()):
            self._set_up(seat)

    def on_ready(self, client: str, message: dict[str, Any]) -> None:
        if (seat := self.seats.of(client)) is not None:
            seat.be_ready(message, now_ns=self._clock.now_ns())
            if self.playing:
                log.info("load process %s joined: the rate is shared again", seat.process)
                self.share_again()
                self._tell_missing()

    def on_report(self, client: str, message: dict[str, Any], *, drained: bool) -> None:
        if (seat := self.seats.of(client)) is None:
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
        if not seat.incomplete:
            self._post(KEPT, {}, seat.client)
        if self._finishing or not self.seats.playing:
            self.over.set()
        elif seat.leaving:
            return
        elif (
            self.plan.seconds is None or (self._clock.wall_ns() - self._started_wall_ns) / NS_PER_S < self.plan.seconds
        ):
            self.degraded = True
            self.share_again()

    def _lose(self, lost: list[Seat]) -> None:
        for seat in lost:
            # Should it live, it is to stop and hand in what it has: its share is others' now.
            self._post(FINISH, {}, seat.client)
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
            self._ask_again()
            gevent.sleep(0.02)
        for seat in [seat for seat in self.seats if not seat.ready]:
            seat.lost = self.degraded = True
        if not self.seats.playing:
            raise DemogenError("no load process became ready", hint="look at the workers' logs")
        if self._call_lookout is not None:
            self._lookout = self._call_lookout()
        self._started_wall_ns = self._clock.wall_ns() + _LEAD_NS[self._distributed]
        self._course.begin(self._started_wall_ns)
        self._share(0)
        self._tell_missing()
        self.seats.wait_from(self._clock.now_ns() + _LEAD_NS[self._distributed])
        gevent.spawn(self._attend)
        if callable(self._token):
            gevent.spawn(self._pass_tokens_on)

    def set_target(self, tps: float) -> None:
        """Change the rate from two seconds ahead on; keys go on counting, under a new generation."""
        if not self.playing or tps == self._course.asked_tps:
            return
        log.info("target changed from %g to %g TPS", self.target_tps, tps)
        first_index = self._course.change(tps, self._clock.wall_ns() + RESHARE_AHEAD_NS)
        if first_index is not None:
            self._share(first_index)

    def share_again(self) -> int:
        """Share the same schedule among those who stay, from an index that nobody has reached; returns the index."""
        self._share(first_index := self._course.index_at(self._clock.wall_ns() + RESHARE_AHEAD_NS))
        return first_index

    def _share(self, first_index: int) -> None:
        players = self.seats.sharing
        for seat in self.seats:
            seat.end_share(first_index)
        for seat, share in zip(players, self._course.shares(first_index, len(players)), strict=True):
            seat.begin_share(share)
            self._post(SHARE, {"share": msgspec.to_builtins(share), "window": list(self._window())}, seat.client)

    def _window(self) -> tuple[int, int]:
        start_ns = self._started_wall_ns
        seconds = self.plan.seconds if self.plan.seconds is not None else 10 * 365 * 86_400
        return start_ns, start_ns + round(seconds * NS_PER_S)

    # -- attending and finishing ---------------------------------------------------------------------------------

    def _attend(self) -> None:
        """Once a second, a look at who has gone quiet, and at what the books say."""
        while not self.over.wait(ATTEND_EVERY_S) and not self._finishing:
            self._warn()
            self._ask_again()
            if lost := self.seats.leave_silent(self._clock.now_ns()):
                self._lose(lost)
        self.over.set()

    def _warn(self) -> None:
        """Said once, while it can still be looked into."""
        sight = self.sight()
        if sight is not None and sight.amiss and not self._warned:
            self._warned = True
            log.warning("money is amiss while the load runs: %s", "; ".join(sight.amiss))

    def _pass_tokens_on(self) -> None:
        """One process asks for tokens and all others are told, so that the secret stays where it was given."""
        while not self.finished.wait(_TOKEN_EVERY_S):
            if (token := current(self._token)) != self._setup.token:
                self._setup = msgspec.structs.replace(self._setup, token=token)
                for seat in self.seats:
                    self._post(TOKEN, {"token": token}, seat.client)

    def finish(self, *, interrupted: bool = False) -> None:
        """Drain, measure, audit, report; whoever comes second waits for the first."""
        if self._finishing:
            self.finished.wait()
            return
        self._finishing = True
        self._finishing_ns = self._clock.wall_ns()
        self._finisher = gevent.getcurrent()
        self._interrupted = interrupted
        self._stopped_early = not self.over.is_set()
        try:
            self._drain()
            self._write_measurement()
            self._judge()
        except Exception as error:  # noqa: BLE001  (whoever waits for the end must see one)
            log.error("%s", said := in_our_words(error))
            self.exit_code = said.exit_code
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
        for seat in self.seats.expected:
            self._post(FINISH, {}, seat.client)
        deadline_ns = self._clock.now_ns() + round((self._setup.deadline_s + _DRAIN_MARGIN_S) * NS_PER_S)
        while self.seats.expected and self._clock.now_ns() < deadline_ns:
            self.seats.leave_silent(self._clock.now_ns())
            gevent.sleep(0.02)
        self._ended_wall_ns = self._clock.wall_ns()

    def _write_measurement(self) -> None:
        facts = self._facts()
        self.gathering.total.merge(self._never_sent(facts))
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
            promised_tps=self._course.promised_tps(window_s),
            workers=max(1, len(self.seats)),
            workers_lost=lost,
            interrupted=self._interrupted,
            degraded=self.degraded,
        )

    def _never_sent(self, facts: Facts) -> Tally:
        """Arrivals that went down with a load process: due before the others took over, claimed by nobody who told."""
        end_ns = facts.started_wall_ns + round(facts.window_s * NS_PER_S)
        until_index = self._course.index_at(min(end_ns, self._finishing_ns) if self._stopped_early else end_ns)
        missing = sum(seat.owes(until_index) for seat in self.seats if seat.lost)
        lost = Tally()
        if missing:
            lost.counts["offered"] = lost.dropped[DropReason.WORKER_LOST.label] = missing
        return lost

    def _tell_missing(self) -> None:
        """An audit must know what it has not, also one that comes after this process was killed."""
        incomplete = [seat.incomplete for seat in self.seats if seat.incomplete]
        if incomplete:
            self.folder.write_text(self.folder.incomplete, msgspec.json.encode(incomplete).decode())
        else:
            self.folder.incomplete.unlink(missing_ok=True)

    def _judge(self) -> None:
        for seat in self.seats:
            if seat.lost:
                seat.recover()
        self._tell_missing()
        self.exit_code, self.screen, self.verdict = self._call_judge()
        if self._lookout is not None:
            self._lookout.close()
        if self._failure is not None:
            self.exit_code = self._failure["exit_code"] if self.exit_code in (0, 3, 6) else self.exit_code
            log.error("%s (hint: %s)", self._failure["message"], self._failure["hint"])
