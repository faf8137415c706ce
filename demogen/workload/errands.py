"""Requests of ordinary task code on a run's own carrier: same connections, same tally, same journal.

They are no arrivals: nobody promised when they come, so they count apart and never towards the target. A plain request
is counted; one that says an Intent is marked and journalled first, like any arrival's, and so the auditor accounts
for it. May import: everything below.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from itertools import count

from demogen.client.classify import classify
from demogen.client.transport import Carrier
from demogen.clock import NS_PER_S, Clock
from demogen.contract.exchange import Fault, Request, Response
from demogen.contract.outcome import Outcome, Receipt
from demogen.contract.reading import Reader
from demogen.contract.transactions import AccountRef, Intent
from demogen.contract.wire import Renderer
from demogen.patterns import Dice, Stage
from demogen.record.attempt import Attempt
from demogen.record.journal import DUPLICATE, EXPECTS_REFUSAL, PENDING, READ, SPELLED_DSL, JournalWriter
from demogen.workload.player import FIRST_READ, Player

log = logging.getLogger("demogen")

#: Marks of task code carry this generation plus the process's number: no share of a schedule ever gets there.
TASKS_GENERATION = 1 << 19

#: What the journal calls the pattern of a task's intent: a name after those of the mix.
TASKS_NAME = "tasks"

#: Wakes whoever waits for an errand; it is called with what was handed in with the request.
Wake = Callable[[object], None]


class Plain:
    """A request of a task, then its result. Times are monotonic; 0: not yet, or not sent."""

    __slots__ = ("_waiter", "_wake", "answered_ns", "asked_ns", "request", "result", "sent_ns")

    def __init__(self, request: Request, waiter: object, *, wake: Wake, asked_ns: int) -> None:
        self.request = request
        self.result: Response | Fault | None = None
        self.asked_ns = asked_ns
        self.sent_ns = 0
        self.answered_ns = 0
        self._waiter = waiter
        self._wake = wake

    def leave(self) -> None:
        """It is on its way."""

    def settle(self, result: Response | Fault, *, sent_ns: int, answered_ns: int) -> None:
        self.result = result
        self.sent_ns = sent_ns
        self.answered_ns = answered_ns
        self._wake(self._waiter)


class Marked(Plain):
    """A journalled one; afterwards `receipt` says what came of it."""

    __slots__ = ("_desk", "attempt", "receipt")

    def __init__(self, request: Request, waiter: object, *, desk: Desk, attempt: Attempt) -> None:
        super().__init__(request, waiter, wake=desk.wake, asked_ns=attempt.due_ns)
        self.attempt = attempt
        self.receipt: Receipt | None = None
        self._desk = desk

    def leave(self) -> None:
        self._desk.open_books(self.attempt)

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
        accounts: Sequence[AccountRef],
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
        self.closed = False
        self._player = player
        self._carrier = carrier
        self._journal = journal
        self._reader = Reader(accounts)
        self._told = False
        self._renderer = renderer
        self._clock = clock
        self._seed = seed
        self._pattern = pattern
        self._deadline_s = deadline_s
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

    def understood(self, request: Request) -> Intent | None:
        """The intent behind a request that books something in a ledger of the population; None for all others.

        One that cannot be read goes out as it is, and is told once: what it books, nobody marked.
        """
        if not self._reader.about_us(request):
            return None
        intent = self._reader.intent(request)
        if intent is None and not self._told:
            self._told = True
            log.warning(
                "a task asks for a transaction that the journal cannot describe (an account outside the population?): "
                "if the ledger takes it, the audit will call it a phantom"
            )
        return intent

    def plain(self, request: Request, waiter: object) -> Plain:
        """A request that is only counted."""
        return Plain(request, waiter, wake=self.wake, asked_ns=self._clock.now_ns())

    def marked(self, intent: Intent, waiter: object, *, spelled: Callable[[str], Request] | None = None) -> Marked:
        """An intent under a mark of its own.

        `spelled` makes the request from the mark where the intent was read from a request of somebody's own.
        """
        writes = intent.action.is_write
        mark = intent.repeats or (f"{self._prefix}{next(self._numbers)}" if writes else "")
        attempt = self._attempt(intent, mark, self._clock.now_ns())
        if spelled is not None:
            request = spelled(mark)
        else:
            request, in_dsl = self._renderer.render(intent, mark)
            attempt.flags |= SPELLED_DSL if in_dsl else 0
        return Marked(request, waiter, desk=self, attempt=attempt)

    def send(self, errand: Plain, *, timeout_s: float | None = None) -> bool:
        """Send it; False where no connection is free and none may be added: try again, as long as `in_time`."""
        seconds = self._deadline_s if timeout_s is None else timeout_s
        if not self._carrier.offer(errand.request, errand, self._clock.now_ns() + round(seconds * NS_PER_S)):
            return False
        errand.leave()
        # The journal knows of every request before the ledger can.
        self._journal.flush()
        self._carrier.launch()
        return True

    def in_time(self, errand: Plain) -> bool:
        """Whether it is worth to try once more; what waited too long has ended, unsent."""
        now_ns = self._clock.now_ns()
        if now_ns - errand.asked_ns < self._deadline_s * NS_PER_S and not self.closed:
            return True
        errand.answered_ns = now_ns
        return False

    def count(self, errand: Plain, *, method: str, name: str, problem: str) -> None:
        """Count a request that has ended; `problem` is "" where all is well."""
        self._player.tally.task(
            (method, name, problem), asked_ns=errand.asked_ns, sent_ns=errand.sent_ns, answered_ns=errand.answered_ns
        )

    def open_books(self, attempt: Attempt) -> None:
        """Journal an attempt that is about to leave."""
        self._journal.intend(attempt)

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
