"""One process playing a whole run: start, a delta a second, drain, measurement. Knows neither Locust nor a screen.

`stop` ends the schedule early; what is in flight is waited for all the same. May import: the rest
of this room and below.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import msgspec

from demogen.client.transport import Carrier
from demogen.clock import NS_PER_MS, NS_PER_S, Clock
from demogen.contract.wire import Renderer, Spelling
from demogen.pacing.pacer import Pacer, Share
from demogen.pacing.schedule import Schedule
from demogen.patterns import Stage
from demogen.population.directory import Population
from demogen.population.skew import Skew
from demogen.record.folder import RunFolder
from demogen.record.journal import JournalWriter
from demogen.record.measurement import Measurement, dumps
from demogen.record.tally import PHASES
from demogen.workload.events import Events
from demogen.workload.measure import Facts, Gathering
from demogen.workload.mix import Mix
from demogen.workload.player import Player
from demogen.workload.threshold import ThresholdSpec

_LEAD_NS = 200 * NS_PER_MS


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What one process is going to play. Seconds of warm-up and cool-down lie inside the schedule."""

    run_id: str
    scenario: str
    seed: int
    host: str
    server: str
    schedule: Schedule
    mix_spelling: Spelling
    deadline_s: float
    connections: int = 1
    warm_up_s: float = 0.0
    cool_down_s: float = 0.0
    thresholds: tuple[ThresholdSpec, ...] = ()
    skew: Mapping[str, Skew] | None = None


class Session:
    """One run from the first arrival to the measurement."""

    def __init__(
        self,
        run: Run,
        *,
        folder: RunFolder,
        population: Population,
        mix: Mix,
        carrier: Carrier,
        clock: Clock,
        on_second: Callable[[Gathering], None] | None = None,
        events: Events | None = None,
    ) -> None:
        self.gathering = Gathering()
        self.interrupted = self._stopping = False
        self._second = 0
        self._run = run
        self._folder = folder
        self._mix = mix
        self._carrier = carrier
        self._clock = clock
        self._on_second = on_second
        self._offset_ns = clock.wall_ns() - clock.now_ns()
        self._epoch_ns = clock.wall_ns() + _LEAD_NS
        self._journal = JournalWriter(
            folder.journal(0),
            header={
                "run_id": run.run_id,
                "process": 0,
                "patterns": list(mix.names),
                "phases": list(PHASES),
                "wall_offset_ns": self._offset_ns,
            },
        )
        self._player = self._make_player(population)
        self._events = events
        if events is not None:
            self._player.on_answer = events.heard

    def play(self) -> Measurement:
        """Play, drain, measure; the measurement is saved in the folder."""
        self._carrier.open(self._run.connections)
        # What is here by now stays: a collection that walked through it all would hold up the schedule.
        gc.collect()
        gc.freeze()
        with ThreadPoolExecutor(1, thread_name_prefix="journal-sync") as background:
            self._loop(background)
            self.interrupted = self._stopping and self._player.busy
            self._player.drain(self._run.deadline_s)
        gc.unfreeze()
        self.gathering.add(self._player.take_delta(), second=self._second)
        if self._events is not None:
            self._events.close()
            self.gathering.total.counts.update(self._events.counts())
        self._journal.close()
        return self._measured()

    def stop(self) -> None:
        """End the schedule early, within a second; callable from a signal handler."""
        self._stopping = True

    def _loop(self, background: ThreadPoolExecutor) -> None:
        player, clock = self._player, self._clock
        tick_ns = self._epoch_ns - self._offset_ns + NS_PER_S
        while player.busy and not self._stopping:
            player.play_until(tick_ns)
            if clock.now_ns() < tick_ns:
                return
            tick_ns += NS_PER_S
            background.submit(self._journal.sync)
            self.gathering.add(player.take_delta(), second=self._second)
            self._second += 1
            if self._on_second is not None:
                self._on_second(self.gathering)

    def _measured(self) -> Measurement:
        run, ended_ns = self._run, self._clock.wall_ns()
        played_s = max(0.0, (ended_ns - self._epoch_ns) / NS_PER_S)
        end_s = run.schedule.seconds - run.cool_down_s
        window_s = (min(end_s, played_s) if self.interrupted else end_s) - run.warm_up_s
        facts = Facts(
            run_id=run.run_id,
            scenario=run.scenario,
            seed=run.seed,
            host=run.host,
            server=run.server,
            started_wall_ns=self._epoch_ns,
            ended_wall_ns=ended_ns,
            window_s=max(0.0, window_s),
            promised_tps=self._promised_tps(max(0.0, window_s)),
            interrupted=self.interrupted,
        )
        measurement = self.gathering.measurement(facts, self._mix)
        judged = [threshold.judge(measurement) for threshold in run.thresholds]
        measurement = msgspec.structs.replace(measurement, thresholds=judged)
        self._folder.write_text(self._folder.measurement, dumps(measurement))
        return measurement

    def _promised_tps(self, window_s: float) -> float:
        """The schedule's mean rate in the measured window."""
        schedule, start_s = self._run.schedule, self._run.warm_up_s
        if window_s <= 0:
            return schedule.mean_tps
        return round((schedule.accumulated(start_s + window_s) - schedule.accumulated(start_s)) / window_s, 6)

    def _make_player(self, population: Population) -> Player:
        run, start_ns = self._run, self._epoch_ns - self._offset_ns
        pacer = Pacer(self._offset_ns)
        pacer.take(Share(1, self._epoch_ns, 0, 0, 0, 1, run.schedule))
        return Player(
            run_id=run.run_id,
            seed=run.seed,
            stage=Stage.of(population, skew=run.skew, whole_units=run.mix_spelling == "dsl"),
            mix=self._mix,
            carrier=self._carrier,
            pacer=pacer,
            journal=self._journal,
            renderer=Renderer(run.mix_spelling),
            clock=self._clock,
            deadline_s=run.deadline_s,
            window_ns=(
                start_ns + round(run.warm_up_s * NS_PER_S),
                start_ns + round((run.schedule.seconds - run.cool_down_s) * NS_PER_S),
            ),
        )
