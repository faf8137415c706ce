"""The one thin actor: claims arrivals, plays scripts, sends intents, records what came of them.

A loop turn is: settle what has ended, serve the arrivals that are due, write the journal, send. Nothing is judged
here and nothing is retried but 409/0084, the ledger's "still running" (contract 6); a retry is never a new arrival.
Under gevent the carrier waits in the hub, elsewhere in epoll: the player cannot tell. May import: everything below.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Protocol, cast

from demogen.client.classify import classify
from demogen.client.tracing import TracedCarrier
from demogen.client.transport import Carrier, Delivery
from demogen.clock import NS_PER_MS, NS_PER_S, Clock
from demogen.contract.exchange import Fault, Request, Response
from demogen.contract.money import SCALE_MAX
from demogen.contract.outcome import Outcome, Receipt
from demogen.contract.transactions import Action, Intent
from demogen.contract.wire import Renderer
from demogen.pacing.pacer import NEVER_NS, Arrival, Pacer
from demogen.patterns import Pause, Script, Stage
from demogen.patterns.dice import Dice
from demogen.patterns.steps import next_step
from demogen.record import exemplars
from demogen.record.attempt import Attempt
from demogen.record.journal import DUPLICATE, EXPECTS_REFUSAL, PENDING, READ, SPELLED_DSL, DropReason, JournalWriter
from demogen.record.tally import COOL_DOWN, MEASURE, OVERLOOKED_NS, WARM_UP, Tally
from demogen.workload.mix import Mix

#: Reads have no place in the schedule; their numbers start far above any arrival's.
FIRST_READ = 1 << 62

#: The ledger is still busy with the first request of that key (contract 6).
STILL_RUNNING = "0084"

# Plain numbers for the hot path: looking a member up costs as much as a comparison.
_FIRST_READ = int(Action.READ_TRANSACTION)
_ACCEPTED, _REJECTED = int(Outcome.ACCEPTED), int(Outcome.REJECTED)

_RETRY_AFTER_NS = 50 * NS_PER_MS
_RETRIES_MAX = 20
_IDLE_NS = 100 * NS_PER_MS
_QUEUED_NS = NS_PER_MS // 2
_DRAWS_A_TURN = 64
# A backlog that leaves all at once spreads over every connection there is, and cold ones cost a fifth more each: near
# capacity the load would never catch up. What is more goes in the next turn, over connections that are warm.
_SENT_A_TURN = 64


#: Told of an answer: attempt, receipt, when it was sent and when it came (monotonic ns; sent 0: nothing was sent).
OnAnswer = Callable[[Attempt, Receipt, int, int], None]


class Play:
    """A script in progress: its generator, its pattern, and the intent it wants to send next."""

    __slots__ = ("intent", "pattern", "script")

    script: Script
    pattern: int
    intent: Intent


class Sending(Attempt):
    """An attempt with what the player needs once it has ended."""

    __slots__ = ("play", "request")

    play: Play
    request: Request


class Errand(Protocol):
    """A request that shares the carrier but is no part of the schedule: it is handed its answer and does the rest."""

    def settle(self, result: Response | Fault, *, sent_ns: int, answered_ns: int) -> None: ...


class Player:
    """Plays one worker's share of a run.

    `patience_s` is how long an arrival may wait for a free connection before it is dropped; `deadline_s` how long an
    answer may take. `window_ns` is the measured window (start, end) on the clock's monotonic scale.
    """

    def __init__(
        self,
        *,
        run_id: str,
        seed: int,
        stage: Stage,
        mix: Mix,
        carrier: Carrier,
        pacer: Pacer,
        journal: JournalWriter,
        renderer: Renderer,
        clock: Clock,
        process: int = 0,
        patience_s: float = 10.0,
        deadline_s: float = 30.0,
        window_ns: tuple[int, int] = (0, NEVER_NS),
    ) -> None:
        self.pacer = pacer
        self.tally = Tally()
        self._prefix = f"{run_id}-"
        self._seed = seed
        self._stage = stage
        self._mix = mix
        self._carrier = carrier
        self._traced = carrier if isinstance(carrier, TracedCarrier) else None
        self._journal = journal
        self._renderer = renderer
        self._clock = clock
        self._patience_ns = round(patience_s * NS_PER_S)
        self._deadline_ns = round(deadline_s * NS_PER_S)
        self._window_start_ns, self._window_end_ns = window_ns
        #: Told of every answer, where somebody wants to know.
        self.on_answer: OnAnswer | None = None
        self._ready: deque[Play] = deque()
        self._held: Sending | None = None
        self._dice: Dice | None = None
        self._waiting: deque[Arrival] = deque()
        self._more = False
        self._alarms: list[tuple[int, int, Play | Sending, Receipt | None]] = []
        self._alarm_order = count()
        self._read_numbers = count(FIRST_READ + (process << 40))
        self._plays = mix.plays(stage)
        #: By pattern, since the last delta: scripts begun and intents sent.
        self._started = [0] * len(self._plays)
        self._intents = [0] * len(self._plays)
        #: Minor units that were moved, or maybe were, since the last delta: by scale, then by asset.
        self._moved: list[dict[str, int]] = [{} for _ in range(SCALE_MAX + 1)]
        self._doubted: list[dict[str, int]] = [{} for _ in range(SCALE_MAX + 1)]
        self._offered_before = 0
        self._cpu_before_ns = clock.cpu_ns()

    @property
    def busy(self) -> bool:
        """Whether anything is in flight, due or still to come."""
        return bool(self._carrier.in_flight or self._waiting or not self.pacer.exhausted)

    def take_delta(self) -> Tally:
        """What was counted since the last call, the schedule's and the processor's share included."""
        delta, self.tally = self.tally, Tally()
        offered, cpu_ns = self.pacer.offered, self._clock.cpu_ns()
        delta.counts["offered"] = offered - self._offered_before
        delta.counts["cpu_ns"] = cpu_ns - self._cpu_before_ns
        self._offered_before, self._cpu_before_ns = offered, cpu_ns
        for told, counted in ((delta.started, self._started), (delta.intents, self._intents)):
            for pattern, number in enumerate(counted):
                if number:
                    told[pattern] += number
                    counted[pattern] = 0
        for amounts, by_scale in ((delta.moved, self._moved), (delta.doubted, self._doubted)):
            for scale, by_asset in enumerate(by_scale):
                for asset, units in by_asset.items():
                    amounts[f"{asset}/{scale}"] += units
                by_asset.clear()
        return delta

    def turn(self, until_ns: int) -> None:
        """One turn of the loop; returns at `until_ns` (monotonic) at the latest, but for what one turn takes."""
        due_ns = self.pacer.next_due_ns
        if self._waiting:
            # What is due now can only join a queue: seeing to it a moment later costs nobody anything.
            due_ns = 0 if self._more else due_ns + _QUEUED_NS
        wake_ns = min(until_ns, due_ns, self._alarms[0][0] if self._alarms else NEVER_NS)
        for delivery in self._carrier.collect(wake_ns):
            self._settle(delivery)
        now_ns = self._clock.now_ns()
        if self._alarms and self._alarms[0][0] <= now_ns:
            self._ring(now_ns)
        if self._waiting or self.pacer.next_due_ns <= now_ns:
            self._serve(now_ns)
        # The journal knows of every request before the ledger can.
        self._journal.flush()
        self._carrier.launch()

    def play_until(self, end_ns: int) -> None:
        """Play until that moment or until nothing is left to do."""
        while self.busy and (now_ns := self._clock.now_ns()) < end_ns:
            self.turn(min(end_ns, now_ns + _IDLE_NS))

    def drain(self, within_s: float, *, between: Callable[[], None] = lambda: None) -> None:
        """Take no more arrivals, wait for what is in flight, give up on the rest: it is indeterminate, not failed.

        `between` is called after each turn.
        """
        self.pacer.stop()
        while self._waiting:
            self._drop(self._waiting.popleft(), DropReason.DEADLINE)
        end_ns = self._clock.now_ns() + round(within_s * NS_PER_S)
        while self._carrier.in_flight and (now_ns := self._clock.now_ns()) < end_ns:
            self.turn(min(end_ns, now_ns + _IDLE_NS))
            between()
        self._carrier.close()
        for delivery in self._carrier.collect(self._clock.now_ns()):
            self._settle(delivery)
        self._journal.flush()

    def _serve(self, now_ns: int) -> None:
        if self.pacer.next_due_ns <= now_ns:
            self._claim(now_ns)
        waiting, sent = self._waiting, 0
        self._more = False
        while waiting and sent < _SENT_A_TURN:
            arrival = waiting[0]
            if now_ns - arrival.due_ns > self._patience_ns:
                self._drop(waiting.popleft(), DropReason.NO_SLOT)
                continue
            play = self._ready.popleft() if self._ready else self._start(arrival)
            if play is None:
                return
            if not self._send(play, arrival, now_ns):
                # The script waits for the next free connection; the arrival keeps its due time.
                self._ready.appendleft(play)
                return
            waiting.popleft()
            sent += 1
        self._more = sent == _SENT_A_TURN

    def _claim(self, now_ns: int) -> None:
        """Take what is due, and note how late the loop came to it. A long queue is not walked: it may hold seconds."""
        pacer, waiting, tally = self.pacer, self._waiting, self.tally
        tally.loop_lag.record(now_ns - pacer.next_due_ns)
        overlooked_ns, overlooked = now_ns - OVERLOOKED_NS, 0
        while (arrival := pacer.claim(now_ns)) is not None:
            waiting.append(arrival)
            if arrival.due_ns < overlooked_ns:
                overlooked += 1
        if overlooked:
            tally.counts["overlooked"] += overlooked

    def _start(self, arrival: Arrival) -> Play | None:
        """Draw a script for the arrival; reads drawn on the way ride along.

        None where many in a row began with a read: the arrival waits a turn, for one of them that is ready to write.
        """
        dice = self._dice
        if dice is None or dice.arrival != arrival.number:
            dice = self._dice = Dice(self._stage, seed=self._seed, arrival=arrival.number)
        for _ in range(_DRAWS_A_TURN):
            number = self._mix.draw(dice)
            self._started[number] += 1
            play: Play = Play.__new__(Play)
            play.script, play.pattern = self._plays[number](dice), number
            step = next_step(play.script, None)
            if step is not None and self._place(play, step, arrival.due_ns, None):
                return play
        return None

    def _place(self, play: Play, step: Intent | Pause, due_ns: int, receipt: Receipt | None) -> bool:
        """Whether the step is a write and so takes an arrival; a read is sent, a pause is parked."""
        if not isinstance(step, Intent):
            wake_ns = self._clock.now_ns() + round(step.seconds * NS_PER_S)
            heapq.heappush(self._alarms, (wake_ns, next(self._alarm_order), play, receipt))
            return False
        play.intent = intent = step
        if intent.action < _FIRST_READ:
            return True
        self._read(play, due_ns)
        return False

    def _send(self, play: Play, arrival: Arrival, now_ns: int) -> bool:
        sending = self._held
        if sending is None or sending.play is not play or sending.number != arrival.number:
            sending = self._prepared(play, arrival)
        if not self._carrier.offer(sending.request, sending, now_ns + self._deadline_ns):
            # While no connection is free this is tried each turn: what is spelled once need not be spelled again.
            self._held = sending
            return False
        self._held = None
        self._journal.intend(sending)
        self._intents[sending.pattern] += 1
        return True

    def _prepared(self, play: Play, arrival: Arrival) -> Sending:
        intent = play.intent
        number, generation, due_ns = arrival.number, arrival.generation, arrival.due_ns
        mark = intent.repeats or f"{self._prefix}{generation}-{number}"
        sending: Sending = Sending.__new__(Sending)
        sending.begin(intent, mark, number, generation, due_ns)
        sending.request, in_dsl = self._renderer.render(intent, mark)
        sending.play, sending.pattern, sending.phase = play, play.pattern, self.phase(due_ns)
        flags = SPELLED_DSL if in_dsl else 0
        if intent.pending:
            flags |= PENDING
        if intent.refused_with:
            flags |= EXPECTS_REFUSAL
        if intent.repeats:
            flags |= DUPLICATE
            sending.repeats(intent.repeats)
        sending.flags = flags
        return sending

    def _read(self, play: Play, due_ns: int) -> None:
        request, _ = self._renderer.render(play.intent, "")
        sending = Sending(play.intent, "", number=next(self._read_numbers), generation=0, due_ns=due_ns)
        if not self._carrier.offer(request, sending, self._clock.now_ns() + self._deadline_ns):
            self.tally.counts["reads_dropped"] += 1
            play.script.close()
            return
        sending.play, sending.request = play, request
        sending.pattern, sending.phase, sending.flags = play.pattern, self.phase(due_ns), READ
        self._journal.intend(sending)

    def phase(self, due_ns: int) -> int:
        """Where a moment lies: before, in or after the measured window."""
        if self._window_start_ns <= due_ns < self._window_end_ns:
            return MEASURE
        return WARM_UP if due_ns < self._window_start_ns else COOL_DOWN

    def _settle(self, delivery: Delivery) -> None:
        ticket, result, sent_ns, answered_ns = delivery
        if not isinstance(ticket, Sending):
            # Somebody else's request on the same carrier: it knows what to do.
            cast(Errand, ticket).settle(result, sent_ns=sent_ns, answered_ns=answered_ns)
            return
        sending = ticket
        receipt = classify(sending.intent, result, sending.mark)
        self._journal.settle(sending, receipt, sent_ns, answered_ns)
        if receipt.code == STILL_RUNNING and sending.tries < _RETRIES_MAX:
            self._alarm(sending, answered_ns + _RETRY_AFTER_NS)
            return
        if sending.flags & READ:
            self.tally.read(sending, receipt, sent_ns=sent_ns, answered_ns=answered_ns)
        else:
            self._count(sending, receipt, sent_ns, answered_ns)
        if self._traced is not None:
            self._note_trace(self._traced, sending, receipt, sent_ns=sent_ns, answered_ns=answered_ns)
        if self.on_answer is not None:
            self.on_answer(sending, receipt, sent_ns, answered_ns)
        self._advance(sending.play, receipt, answered_ns)

    def _count(self, sending: Sending, receipt: Receipt, sent_ns: int, answered_ns: int) -> None:
        tally, intent = self.tally, sending.intent
        tally.answer(sending, receipt, sent_ns, answered_ns)
        if sent_ns == 0 and receipt.fault is not None and not receipt.fault.sent:
            tally.dropped[DropReason.TARGET_DOWN.label] += 1
        elif intent.units and receipt.outcome != _REJECTED and not intent.repeats:
            amounts = (self._moved if receipt.outcome == _ACCEPTED else self._doubted)[intent.scale]
            amounts[intent.asset] = amounts.get(intent.asset, 0) + intent.units

    def _note_trace(
        self, traced: TracedCarrier, sending: Sending, receipt: Receipt, *, sent_ns: int, answered_ns: int
    ) -> None:
        """A sampled call stands for its bucket in the histograms."""
        trace = traced.trace_of(sending)
        if trace is None or not sent_ns:
            return
        took_ns = {exemplars.READ: answered_ns - sent_ns}
        if not sending.flags & READ:
            response_ns = answered_ns - sending.due_ns
            took_ns = {exemplars.SERVICE: answered_ns - sent_ns, exemplars.RESPONSE: response_ns}
        wall_ns = self._clock.wall_ns() - self._clock.now_ns() + answered_ns
        self.tally.trace(sending, receipt.outcome, trace=trace, took_ns=took_ns, wall_ns=wall_ns)

    def _advance(self, play: Play, receipt: Receipt, now_ns: int) -> None:
        """Hand the script its receipt; what it wants next waits for an arrival."""
        step = next_step(play.script, receipt)
        if step is not None and self._place(play, step, now_ns, receipt):
            self._ready.append(play)

    def _alarm(self, sending: Sending, at_ns: int) -> None:
        heapq.heappush(self._alarms, (at_ns, next(self._alarm_order), sending, None))

    def _ring(self, now_ns: int) -> None:
        """Scripts whose pause is over go on; requests the ledger was still busy with are sent again."""
        while self._alarms and self._alarms[0][0] <= now_ns:
            _, _, waiter, receipt = heapq.heappop(self._alarms)
            if isinstance(waiter, Sending):
                self._resend(waiter, now_ns)
            elif receipt is not None:
                self._advance(waiter, receipt, now_ns)
            else:
                self._resume(waiter, now_ns)

    def _resume(self, play: Play, now_ns: int) -> None:
        """A script that began with a pause starts now."""
        step = next_step(play.script, None)
        if step is not None and self._place(play, step, now_ns, None):
            self._ready.append(play)

    def _resend(self, sending: Sending, now_ns: int) -> None:
        """Same key, same body, same arrival: a further attempt."""
        sending.tries += 1
        if not self._carrier.offer(sending.request, sending, now_ns + self._deadline_ns):
            sending.tries -= 1
            self._alarm(sending, now_ns + _RETRY_AFTER_NS)

    def _drop(self, arrival: Arrival, reason: DropReason) -> None:
        self._journal.drop(arrival=arrival.number, generation=arrival.generation, due_ns=arrival.due_ns, reason=reason)
        self.tally.dropped[reason.label] += 1
