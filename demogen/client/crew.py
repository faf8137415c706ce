"""Runs jobs side by side over a Carrier: a closed loop, for provisioning and read-back, never for the load.

A job is a generator: it yields a Request and is sent what came of it, or a Wait and is sent None; what it returns
is its result. The crew decides how many requests are out at once (fewer when the ledger labours, none while the
breaker is open) and which go first (creates wait for all else); it never repeats a request: that is `retry`'s.
May import: the client room, `contract`, `clock`.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from itertools import count
from typing import Generic, TypeVar

import msgspec

from demogen.client.breaker import Breaker
from demogen.client.throttle import Throttle, TokenBucket
from demogen.client.transport import Carrier, Delivery
from demogen.clock import NS_PER_MS, NS_PER_S, Clock
from demogen.contract.exchange import Fault, Request, Response

T = TypeVar("T")


class Wait(msgspec.Struct, frozen=True):
    """A job that wants that much time to pass; it holds no connection meanwhile."""

    seconds: float


Step = Request | Wait
Answer = Response | Fault | None
Job = Generator[Step, Answer, T]

_NO_CONNECTION_NS = 5 * NS_PER_MS  # how soon to ask a carrier again that had none free
_LOOK_UP_NS = NS_PER_S  # the longest uninterrupted wait


class Crew:
    """Runs jobs over `carrier`, which must serve nobody else meanwhile.

    `concurrency` bounds requests in flight; `ahead` jobs for each have theirs ready (0 where a job times what it asks:
    there a request must not queue). `timeout_s` is how long an answer may take. `rate_per_s` caps requests a second.
    `breathe` is called each turn: under gevent it lets the others run.
    """

    def __init__(
        self,
        carrier: Carrier,
        *,
        clock: Clock,
        concurrency: int = 32,
        ahead: int = 1,
        timeout_s: float = 30.0,
        rate_per_s: float | None = None,
        breaker: Breaker | None = None,
        breathe: Callable[[], object] | None = None,
    ) -> None:
        self.concurrency = concurrency
        self._jobs_max = concurrency * (1 + ahead)
        self.throttle = Throttle(concurrency)
        self.breaker = breaker
        #: From the first request to the last answer of the job whose result came last; 0 where it asked for nothing.
        self.took_ns = 0
        self._carrier = carrier
        self._now = clock.now_ns
        self._timeout_ns = round(timeout_s * NS_PER_S)
        self._bucket = TokenBucket(rate_per_s, now_ns=clock.now_ns()) if rate_per_s else None
        self._breathe = breathe

    def run(self, jobs: Iterable[Job[T]]) -> Iterator[T]:
        """Results in the order in which jobs end. Jobs are pulled one by one as others end.

        An exception in a job ends the run; what was in flight then is forgotten. Raises LedgerUnreachable where the
        breaker loses patience.
        """
        shift: _Shift[T] = _Shift(iter(jobs), self._jobs_max)
        try:
            while shift.hire(self._now()):
                blocked_ns = self._send(shift)
                wake_ns = min(blocked_ns, shift.alarm_ns, self._now() + _LOOK_UP_NS)
                deliveries = self._carrier.collect(0 if shift.results else wake_ns)
                mine = shift.own(deliveries)
                shift.in_flight -= len(mine)
                # What is ready goes out before the answers are looked at: the ledger need not wait for that.
                self._send(shift)
                self._receive(shift, mine)
                yield from self._results(shift)
                if self._breathe is not None:
                    self._breathe()
            yield from self._results(shift)
        finally:
            shift.dismiss()

    def _results(self, shift: _Shift[T]) -> Iterator[T]:
        taken, shift.results = shift.results, []
        for result, self.took_ns in taken:
            yield result

    def _send(self, shift: _Shift[T]) -> int:
        """Send what may be sent; the time (ns) at which more may be, where something holds it back."""
        now = self._now()
        blocked_ns = now + _LOOK_UP_NS
        while (outbox := shift.urgent or shift.outbox) and shift.in_flight < self.throttle.limit:
            if self.breaker is not None and not self.breaker.admits(now):
                blocked_ns = self.breaker.admits_ns
                break
            if self._bucket is not None and not self._bucket.take(now):
                blocked_ns = self._bucket.ready_ns(now)
                break
            task = outbox[0]
            if not self._carrier.offer(task.request, task, now + self._timeout_ns):
                blocked_ns = now + _NO_CONNECTION_NS
                break
            outbox.popleft()
            shift.in_flight += 1
            if self.breaker is not None:
                self.breaker.sent()
        self._carrier.launch()
        return blocked_ns

    def _receive(self, shift: _Shift[T], deliveries: Sequence[_Done[T]]) -> None:
        for ticket, result, sent_ns, answered_ns in deliveries:
            ticket.sent_ns = ticket.sent_ns or sent_ns
            labours = overloaded(result)
            self.throttle.observe(answered_ns - sent_ns, failed=labours)
            if self.breaker is not None:
                if labours and not refused_for_now(result):
                    self.breaker.failed(answered_ns, ticket.request.method)
                else:
                    self.breaker.succeeded(ticket.request.method)
            shift.advance(ticket, result, answered_ns)


def overloaded(result: Response | Fault) -> bool:
    """Whether an answer shows a ledger in trouble: none came, a server error, or too many requests."""
    return isinstance(result, Fault) or result.status >= 500 or refused_for_now(result)


def refused_for_now(result: Response | Fault) -> bool:
    return isinstance(result, Response) and result.status == 429


class _Task(Generic[T]):
    """One job under way."""

    __slots__ = ("job", "request", "sent_ns", "shift")

    def __init__(self, job: Job[T], shift: _Shift[T]) -> None:
        self.job = job
        self.shift = shift
        self.sent_ns = 0
        self.request: Request


_Done = tuple[_Task[T], Response | Fault, int, int]


class _Shift(Generic[T]):
    """The jobs of one run: which wait for what."""

    def __init__(self, source: Iterator[Job[T]], jobs_max: int) -> None:
        self.outbox: deque[_Task[T]] = deque()
        #: What others hang on goes first: looking for what is in doubt, and how a ledger is to behave.
        self.urgent: deque[_Task[T]] = deque()
        self.in_flight = 0
        self.results: list[tuple[T, int]] = []
        self._source = source
        self._exhausted = False
        self._jobs_max = jobs_max
        self._tasks: set[_Task[T]] = set()
        self._asleep: list[tuple[int, int, _Task[T]]] = []
        self._order = count()

    def own(self, deliveries: Sequence[Delivery]) -> list[_Done[T]]:
        """Without those that an earlier run left behind when it ended early."""
        return [
            (ticket, result, sent_ns, answered_ns)
            for ticket, result, sent_ns, answered_ns in deliveries
            if isinstance(ticket, _Task) and ticket.shift is self
        ]

    @property
    def alarm_ns(self) -> int:
        """When the next sleeping job wants to go on."""
        return self._asleep[0][0] if self._asleep else 1 << 62

    def hire(self, now_ns: int) -> bool:
        """Wake who has slept enough, start jobs while there is room; False once all have ended."""
        while self._asleep and self._asleep[0][0] <= now_ns:
            self.advance(heapq.heappop(self._asleep)[2], None, now_ns)
        while not self._exhausted and len(self._tasks) < self._jobs_max:
            job = next(self._source, None)
            if job is None:
                self._exhausted = True
                break
            task = _Task(job, self)
            self._tasks.add(task)
            self.advance(task, None, now_ns)
        return bool(self._tasks)

    def advance(self, task: _Task[T], answer: Answer, now_ns: int) -> None:
        """Let a job take its next step."""
        try:
            step = task.job.send(answer)
        except StopIteration as ended:
            self._tasks.discard(task)
            self.results.append((ended.value, now_ns - task.sent_ns if task.sent_ns else 0))
            return
        if isinstance(step, Wait):
            wake_ns = now_ns + round(step.seconds * NS_PER_S)
            heapq.heappush(self._asleep, (wake_ns, next(self._order), task))
        else:
            task.request = step
            (self.outbox if step.method == b"POST" else self.urgent).append(task)

    def dismiss(self) -> None:
        """End the jobs that have not ended."""
        for task in self._tasks:
            task.job.close()
        self._tasks.clear()
