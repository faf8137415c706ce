"""Requests of ordinary task code on a run's own carrier: same connections, same tally, same journal.

They are no arrivals: nobody promised when they come, so they count apart and never towards the target. A plain request
is counted; one that says an Intent is marked and journalled first, like any arrival's, and so the auditor accounts
for it. May import: everything below.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from demogen.client.classify import classify
from demogen.client.transport import Carrier
from demogen.clock import NS_PER_S, Clock
from demogen.contract.exchange import Fault, Request, Response
from demogen.contract.outcome import Outcome, Receipt
from demogen.contract.transactions import Intent
from demogen.contract.wire import Renderer
from demogen.patterns import Dice, Stage
from demogen.record.attempt import Attempt
from demogen.record.journal import DUPLICATE, EXPECTS_REFUSAL, PENDING, READ, SPELLED_DSL, JournalWriter
from demogen.workload.player import FIRST_READ, Player

#: Marks of task code carry this generation plus the process's number: no share of a schedule ever gets there.
TASKS_GENERATION = 1 << 19

#: What the journal calls the pattern of a task's intent: a name after those of the mix.
TASKS_NAME = "tasks"

#: Wakes whoever waits for an errand; it is called with what was handed in with the request.
Wake = Callable[[object], None]


class Plain:
    """A request under way, then its result. Times are monotonic; 0: not yet, or not sent."""

    __slots__ = ("_waiter", "_wake", "answered_ns", "asked_ns", "result", "sent_ns")

    def __init__(self, waiter: object, wake: Wake, asked_ns: int) -> None:
        self.result: Response | Fault | None = None
        self.asked_ns = asked_ns
        self.sent_ns = 0
        self.answered_ns = 0
        self._waiter = waiter
        self._wake = wake

    def settle(self, result: Response | Fault, *, sent_ns: int, answered_ns: int) -> None:
        self.result = result
        self.sent_ns = sent_ns
        self.answered_ns = answered_ns
        self._wake(self._waiter)


class Marked(Plain):
    """A journalled one; afterwards `receipt` says what came of it."""

    __slots__ = ("_desk", "attempt", "receipt")

    def __init__(self, desk: Desk, attempt: Attempt, waiter: object) -> None:
        super().__init__(waiter, desk.wake, attempt.due_ns)
        self.attempt = attempt
        self.receipt: Receipt | None = None
        self._desk = desk

    def settle(self, result: Response | Fault, *, sent_ns: int, answered_ns: int) -> None:
        # Journalled here and not where it is waited for: a user may be killed in between.
        self.receipt = self._desk.close_books(self.attempt, result, sent_ns=sent_ns, answered_ns=answered_ns)
        super().settle(result, sent_ns=sent_ns, answered_ns=answered_ns)


class Desk:
    """Where task code of one process hands in its requests while a run lasts. Made beside the player it shares."""

    def __init__(
        self,
        player: Player,
        *,
        carrier: Carrier,
        journal: JournalWriter,
        renderer: Renderer,
        stage: Stage,
        clock: Clock,
        run_id: str,
        seed: int,
        process: int,
        pattern: int,
        deadline_s: float,
        wake: Wake,
    ) -> None:
        self.stage = stage
        self.wake = wake
        self.deadline_s = deadline_s
        self.closed = False
        self._player = player
        self._carrier = carrier
        self._journal = journal
        self._renderer = renderer
        self._clock = clock
        self._seed = seed
        self._pattern = pattern
        self._generation = TASKS_GENERATION + process
        self._prefix = f"{run_id}-{self._generation}-"
        self._numbers = count()
        self._read_numbers = count(FIRST_READ + (process << 40) + (1 << 39))
        self._streams = count(self._generation << 32)

    def close(self) -> None:
        """Take no more; what is under way goes on."""
        self.closed = True

    def dice(self) -> Dice:
        """Dice of one's own: the same seed and order of asking, the same throws."""
        return Dice(self.stage, seed=self._seed, arrival=next(self._streams))

    def plain(self, request: Request, waiter: object, *, timeout_s: float | None = None) -> Plain | None:
        """Send it; None where no connection is free and none may be added: try again."""
        now_ns = self._clock.now_ns()
        errand = Plain(waiter, self.wake, now_ns)
        if not self._carrier.offer(request, errand, self._deadline_ns(now_ns, timeout_s)):
            return None
        self._launch()
        return errand

    def marked(
        self, intent: Intent, waiter: object, *, spelled: Callable[[str], Request] | None = None
    ) -> Marked | None:
        """Journal and send an intent under a mark of its own; None where no connection is free.

        `spelled` makes the request from the mark where the intent was read from a request of somebody's own.
        """
        now_ns = self._clock.now_ns()
        writes = intent.action.is_write
        mark = intent.repeats or (f"{self._prefix}{next(self._numbers)}" if writes else "")
        if spelled is not None:
            request, in_dsl = spelled(mark), False
        else:
            request, in_dsl = self._renderer.render(intent, mark)
        attempt = self._attempt(intent, mark, now_ns)
        attempt.flags |= SPELLED_DSL if in_dsl else 0
        errand = Marked(self, attempt, waiter)
        if not self._carrier.offer(request, errand, self._deadline_ns(now_ns, None)):
            return None
        self._journal.intend(attempt)
        self._launch()
        return errand

    def count(self, errand: Plain, *, method: str, name: str, problem: str) -> None:
        """Count a request that has ended; `problem` is "" where all is well."""
        self._player.tally.task(
            (method, name, problem), asked_ns=errand.asked_ns, sent_ns=errand.sent_ns, answered_ns=errand.answered_ns
        )

    def close_books(self, attempt: Attempt, result: Response | Fault, *, sent_ns: int, answered_ns: int) -> Receipt:
        """Journal how an attempt ended; the receipt."""
        intent, tally = attempt.intent, self._player.tally
        receipt = classify(intent, result, mark=attempt.mark)
        self._journal.settle(attempt, receipt, sent_ns=sent_ns, answered_ns=answered_ns)
        if intent.units and receipt.outcome != Outcome.REJECTED and not intent.repeats:
            amounts = tally.moved if receipt.outcome == Outcome.ACCEPTED else tally.doubted
            amounts[f"{intent.asset}/{intent.scale}"] += intent.units
        return receipt

    def _attempt(self, intent: Intent, mark: str, now_ns: int) -> Attempt:
        if not intent.action.is_write:
            attempt = Attempt(intent, "", number=next(self._read_numbers), generation=0, due_ns=now_ns)
            attempt.flags = READ
        elif intent.repeats:
            attempt = Attempt(intent, mark, number=next(self._numbers), generation=self._generation, due_ns=now_ns)
            attempt.repeats(mark)
            attempt.flags = DUPLICATE
        else:
            number = int(mark.rsplit("-", 1)[1])
            attempt = Attempt(intent, mark, number=number, generation=self._generation, due_ns=now_ns)
        attempt.pattern = self._pattern
        attempt.phase = self._player.phase(now_ns)
        attempt.flags |= (PENDING if intent.pending else 0) | (EXPECTS_REFUSAL if intent.refused_with else 0)
        return attempt

    def _deadline_ns(self, now_ns: int, timeout_s: float | None) -> int:
        return now_ns + round((self.deadline_s if timeout_s is None else timeout_s) * NS_PER_S)

    def _launch(self) -> None:
        # The journal knows of every request before the ledger can.
        self._journal.flush()
        self._carrier.launch()
