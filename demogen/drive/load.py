"""One process's part of the load: plays its share, reports once a second, drains when told.

The same in a worker and in a single process: it hears the conductor and answers it by Locust messages only, which a
local run delivers to itself. May import: locust, workload and below.
"""

from __future__ import annotations

import gc
import logging
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import gevent
import msgspec
from gevent.event import Event

from demogen.client.transport import Carrier
from demogen.clock import NS_PER_MS, NS_PER_S, SystemClock
from demogen.contract.outcome import Receipt
from demogen.contract.wire import Renderer, Spelling
from demogen.drive.hub import HubPoller, off_the_loop, open_hub_pump
from demogen.drive.listeners import Listeners, tell_of_answer
from demogen.drive.reports import Reports
from demogen.drive.slots import slots
from demogen.drive.tasks import wake
from demogen.errors import DemogenError, LoadNotDelivered
from demogen.pacing.pacer import Pacer, Share
from demogen.patterns import Stage, find_patterns
from demogen.patterns.scripts import script_patterns
from demogen.population.directory import Population
from demogen.population.skew import skew
from demogen.record.attempt import Attempt
from demogen.record.journal import JournalWriter
from demogen.record.tally import PHASES
from demogen.workload.errands import TASKS_NAME, Desk
from demogen.workload.events import Events
from demogen.workload.mix import Mix
from demogen.workload.player import OnAnswer, Player

log = logging.getLogger("demogen")

#: Conductor to load.
SETUP, SHARE, FINISH, RELEASE = "demogen.setup", "demogen.share", "demogen.finish", "demogen.release"
TOKEN, KEPT = "demogen.token", "demogen.kept"
#: Load to conductor.
READY, REPORT, DRAINED, FAILED = "demogen.ready", "demogen.report", "demogen.drained", "demogen.failed"
LEAVING = "demogen.leaving"

_TURN_NS = 50 * NS_PER_MS
#: So long a busy loop keeps the other greenlets waiting.
_BREATH_NS = NS_PER_MS
#: A load that is never up to date does a chore that often all the same.
_CHORE_NS = 50 * NS_PER_MS
#: A master that Locust has not heard of for so long is gone; it takes us for lost after half of that.
_ORPHANED_S = 8.0
_KEPT_WITHIN_S = 5.0


class Setup(msgspec.Struct, frozen=True):
    """All a process needs to take part; travels as MessagePack.

    `process` numbers the taker; `window_ns` is the measured window in unix time; `journal` the file to write, or "" to
    keep a spool here and ship it. `scripts` are texts by name, since a worker's host need not have the user's files;
    `events` is where this process tells of what was accepted, "" for nowhere.
    """

    run_id: str
    url: str
    seed: int
    weights: dict[str, float]
    spelling: Spelling
    population: bytes
    process: int
    journal: str
    max_connections: int
    deadline_s: float
    token: str = ""
    ca_file: str = ""
    client_cert: str = ""
    client_key: str = ""
    skew: str = ""
    scripts: dict[str, str] = {}
    events: str = ""


class Load:
    """Takes part in one run. Made by a SETUP message; `environment` is Locust's."""

    def __init__(self, environment: Any, setup: Setup) -> None:
        self._environment = environment
        self._setup = setup
        self._token = setup.token
        self._clock = SystemClock()
        # Read once: schedule, window and journal must agree to the nanosecond on what unix time is here.
        self._offset_ns = self._clock.wall_ns() - self._clock.now_ns()
        self._pacer = Pacer(self._offset_ns)
        self._report_ns = 0
        self._poller = HubPoller()
        self._parks = self._breathed_ns = self._chored_ns = 0
        self._start_ns = self._clock.now_ns()
        self._reported = 0
        self._finishing = False
        self._spool: Path | None = None
        self._kept = Event()
        self._orphaned = False
        self._mix = Mix(setup.weights, find_patterns(script_patterns(setup.scripts)))
        self._events = Events(setup.events, clock=self._clock) if setup.events else None
        self._journal = self._open_journal()
        self._reports = Reports(
            environment,
            self._journal,
            process=setup.process,
            names=self._mix.names,
            ships=setup.journal == "",
            clock=self._clock,
        )
        #: What is to be done this second, done piece by piece between the turns.
        self._chores: Iterator[None] = iter(())
        self._pump = self._open_pump()
        self._player: Player | None = None
        self._greenlet: Any = None
        # Users of this run wait for its own desk; that of an earlier one is closed for good.
        self._desk: Desk | None = None
        slots.desk = None
        self._listeners = Listeners(environment)
        slots.on_change = self._pump.open
        self._pump.open(max(slots.count, 1))

    def ready(self) -> None:
        """Tell the conductor that a share can come."""
        spool = "" if self._setup.journal else str(self._journal.path)
        told = {"process": self._setup.process, "host": socket.gethostname(), "pid": os.getpid(), "spool": spool}
        self._send(READY, told)

    def take(self, share: Share, window_ns: tuple[int, int]) -> None:
        """Play a share; the first one starts the loop. `window_ns` is in unix time."""
        self._pacer.take(share)
        if self._player is None:
            self._start_ns = window_ns[0] - self._offset_ns
            self._reported = self._second()
            self._player = self._make_player(window_ns)
            # What is here by now stays: a collection that walked through it all would hold up the schedule.
            gc.collect()
            gc.freeze()
            self._listen()
            self._greenlet = gevent.spawn(self._play)

    def leave(self, within_s: float) -> None:
        """Hand the share over without a gap: play on until the others take over, then report the rest."""
        if self._greenlet is not None and not self._greenlet.ready():
            self._send(LEAVING, {"process": self._setup.process})
            self._greenlet.join(timeout=within_s)
        self.finish()
        if self._greenlet is not None:
            self._greenlet.join()

    def renew(self, token: str) -> None:
        """Show the ledger another bearer token from now on."""
        self._token = token

    def kept(self) -> None:
        """The conductor has the whole journal."""
        self._kept.set()

    def release(self, index: int) -> None:
        """Others take what is due from that arrival on."""
        self._pacer.finish_at(index)

    def finish(self) -> None:
        """Take no more arrivals, wait for what is in flight, report the rest."""
        self._finishing = True
        if self._player is None:
            self._close()

    def _play(self) -> None:
        try:
            self._loop()
        except DemogenError as error:
            log.error("%s", error)
            self._send(FAILED, {"message": error.message, "hint": error.hint, "exit_code": error.exit_code})
            self._pump.close()
        finally:
            self._close()

    def _loop(self) -> None:
        player, clock = self._player, self._clock
        assert player is not None
        self._report_ns = self._start_ns + (self._second() + 1) * NS_PER_S
        while player.busy and not self._finishing:
            if player.pacer.exhausted:
                self._close_desk()
            player.turn(clock.now_ns() + _TURN_NS)
            self._breathe()
        self._close_desk()
        # The conductor takes silence for death, and a drain may take as long as an answer.
        player.drain(self._setup.deadline_s, between=self._breathe)

    def _breathe(self) -> None:
        """Between two turns: Locust's heartbeats, the web UI and the users live in the same thread."""
        now_ns = self._clock.now_ns()
        waited = self._poller.parks != self._parks
        if waited:
            # The turn has waited in the hub: the others had their turn meanwhile.
            self._parks, self._breathed_ns = self._poller.parks, now_ns
        elif now_ns - self._breathed_ns >= _BREATH_NS:
            self._breathed_ns = now_ns
            gevent.sleep(0)
        if now_ns >= self._report_ns:
            self._report_ns += NS_PER_S
            _finish(self._chores)
            self._chores = self._each_second()
        # One that came while the load still makes up for the one before would double what that cost.
        if waited or now_ns - self._chored_ns >= _CHORE_NS:
            self._chored_ns = now_ns
            next(self._chores, None)

    def _each_second(self) -> Iterator[None]:
        off_the_loop(self._journal.sync)
        yield from self._report(REPORT)
        self._listen()
        self._look_for_master()

    def _look_for_master(self) -> None:
        """Nobody would judge what we go on to send: without a master it ends here."""
        heard_s = getattr(self._environment.runner, "last_heartbeat_timestamp", None)
        if heard_s is not None and self._clock.wall_ns() / NS_PER_S - heard_s > _ORPHANED_S and not self._orphaned:
            log.error("the master is silent: this load process ends")
            self._orphaned = self._finishing = True

    def _listen(self) -> None:
        """Tell of every answer from now on: events where they were asked for, and other people's listeners, if any."""
        assert self._player is not None
        heard = [one for one in (self._events.heard if self._events else None, self._told()) if one is not None]
        self._player.on_answer = heard[0] if len(heard) == 1 else _each_of(heard) if heard else None

    def _told(self) -> OnAnswer | None:
        """What tells other people's listeners; None where there are none."""
        hook = self._listeners.others()
        if hook is None:
            return None
        names, offset_ns = self._mix.names, self._offset_ns

        def tell(attempt: Attempt, receipt: Receipt, sent_ns: int, answered_ns: int) -> None:
            start_s = ((sent_ns or answered_ns) + offset_ns) / NS_PER_S
            tell_of_answer(hook, attempt, receipt, names=names, answered_ns=answered_ns, start_s=start_s)

        return tell

    def _close_desk(self) -> None:
        if self._desk is not None:
            self._desk.close()

    def _close(self) -> None:
        """The last report; then the conductor knows all that this process knew."""
        slots.on_change = None
        self._close_desk()
        # Users whose answer came last have been woken, not yet heard: what they count belongs to the last report.
        gevent.sleep(0)
        if self._player is None:
            self._pump.close()
        if self._events is not None:
            self._close_events(self._events)
        self._journal.close()
        _finish(self._chores)
        while self._reports.behind:
            _finish(self._report(REPORT))
        _finish(self._report(DRAINED))
        if self._spool is not None:
            self._hand_in(self._spool)
        if self._orphaned:
            self._environment.process_exit_code = LoadNotDelivered.exit_code
            gevent.spawn(self._environment.runner.quit)

    def _hand_in(self, spool: Path) -> None:
        """The journal is ours until the conductor has all of it."""
        if not self._orphaned and self._kept.wait(_KEPT_WITHIN_S):
            shutil.rmtree(spool, ignore_errors=True)
            return
        log.error(
            "nobody took the journal of this load process, it stays here: demogen audit DIR --journal %s",
            self._journal.path,
        )

    def _close_events(self, events: Events) -> None:
        """Wait for what is still to be delivered, heard by the conductor meanwhile."""
        if self._player is None:
            events.close()
        else:
            events.close(between=self._breathe)
            self._player.tally.counts.update(events.counts())

    def _report(self, kind: str) -> Iterator[None]:
        second, self._reported = self._reported, self._second()
        delta = self._player.take_delta() if self._player is not None else None
        return self._reports.pieces(kind, delta, second=second, in_flight=self._pump.in_flight)

    def _second(self) -> int:
        """The second of the schedule we are in, from 0."""
        return max(0, (self._clock.now_ns() - self._start_ns) // NS_PER_S)

    def _send(self, kind: str, data: dict[str, Any]) -> None:
        self._environment.runner.send_message(kind, data)

    def _open_journal(self) -> JournalWriter:
        setup = self._setup
        if setup.journal:
            path = Path(setup.journal)
        else:
            self._spool = Path(tempfile.mkdtemp(prefix="demogen-"))
            path = self._spool / f"{setup.process}.journal"
        return JournalWriter(
            path,
            header={
                "run_id": setup.run_id,
                "process": setup.process,
                "patterns": [*self._mix.names, TASKS_NAME],
                "phases": list(PHASES),
                "wall_offset_ns": self._offset_ns,
            },
        )

    def _open_pump(self) -> Carrier:
        setup = self._setup
        return open_hub_pump(
            setup.url,
            clock=self._clock,
            poller=self._poller,
            max_connections=setup.max_connections,
            eager=False,
            token=(lambda: self._token) if setup.token else None,
            ca_file=setup.ca_file or None,
            client_cert=(setup.client_cert, setup.client_key or setup.client_cert) if setup.client_cert else None,
        )

    def _make_player(self, window_ns: tuple[int, int]) -> Player:
        setup, offset_ns = self._setup, self._offset_ns
        population = Population.from_bytes(setup.population)
        chosen = {"": skew(setup.skew)} if setup.skew else None
        stage = Stage.of(population, skew=chosen, whole_units=setup.spelling == "dsl")
        player = Player(
            run_id=setup.run_id,
            seed=setup.seed,
            stage=stage,
            mix=self._mix,
            carrier=self._pump,
            pacer=self._pacer,
            journal=self._journal,
            renderer=Renderer(setup.spelling),
            clock=self._clock,
            process=setup.process,
            deadline_s=setup.deadline_s,
            window_ns=(window_ns[0] - offset_ns, window_ns[1] - offset_ns),
        )
        slots.desk = self._desk = Desk(
            player,
            carrier=self._pump,
            journal=self._journal,
            renderer=Renderer(setup.spelling),
            stage=stage,
            accounts=population.accounts,
            clock=self._clock,
            run_id=setup.run_id,
            seed=setup.seed,
            process=setup.process,
            pattern=len(self._mix.names),
            deadline_s=setup.deadline_s,
            wake=wake,
        )
        return player


def _each_of(listeners: Sequence[OnAnswer]) -> OnAnswer:
    def tell_all(attempt: Attempt, receipt: Receipt, sent_ns: int, answered_ns: int) -> None:
        for tell in listeners:
            tell(attempt, receipt, sent_ns, answered_ns)

    return tell_all


def _finish(pieces: Iterator[None]) -> None:
    for _ in pieces:
        pass
