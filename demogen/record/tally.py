"""Counts and latencies of one process, kept so that they merge: a tally plus a tally is a tally.

Nothing is kept per request or per second: a cell for each (pattern, outcome, phase), sparse histograms in it. Workers
ship what has come since the last report (`take_delta`), the master adds it up (`merge`). May import: `attempt`,
`exemplars`, `histogram`, `contract.outcome`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from demogen.clock import NS_PER_MS
from demogen.contract.outcome import Outcome, Receipt
from demogen.record.attempt import Attempt
from demogen.record.exemplars import Exemplar, ExemplarKey, bucket_number, keep_latest
from demogen.record.histogram import Histogram

#: (pattern, outcome, phase), all small numbers.
CellKey = tuple[int, int, int]

#: (method, name, what went wrong or ""): a request of ordinary task code.
TaskKey = tuple[str, str, str]
#: More names than these are counted under one: a name made of ids must not eat the memory.
TASK_KEYS_MAX = 500
OTHER_NAMES = "(other names)"

#: Phases in the order they come; arrivals are counted in the one their due time lies in.
PHASES = ("warm-up", "measure", "cool-down")
WARM_UP, MEASURE, COOL_DOWN = range(3)


class Cell:
    """What one pattern, outcome and phase have in common."""

    __slots__ = ("response", "service", "unexpected")

    def __init__(self) -> None:
        self.service = Histogram()
        self.response = Histogram()
        self.unexpected = 0

    def merge(self, other: Cell) -> None:
        self.service.merge(other.service)
        self.response.merge(other.response)
        self.unexpected += other.unexpected


#: An arrival that is noticed so long after it was due was overlooked: the generator stood still.
OVERLOOKED_NS = 100 * NS_PER_MS


class Tally:
    """Everything counted since the last delta (on a worker) or since the start (on the master).

    `lag` runs from due to sent, for every arrival, and includes waiting for a free connection. `loop_lag` runs from
    due to noticed, for the oldest arrival of each loop turn: that is the generator's own doing. `counts` has the number
    of arrivals that were `overlooked` for longer than OVERLOOKED_NS: a turn that comes late makes many arrivals late.
    """

    def __init__(self) -> None:
        self.cells: dict[CellKey, Cell] = {}
        self.reads: dict[CellKey, Cell] = {}
        self.tasks: dict[TaskKey, Cell] = {}
        self.lag = Histogram()
        self.loop_lag = Histogram()
        self.counts: Counter[str] = Counter()
        self.codes: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self.started: Counter[int] = Counter()
        self.intents: Counter[int] = Counter()
        self.moved: Counter[str] = Counter()
        self.doubted: Counter[str] = Counter()
        self.exemplars: dict[ExemplarKey, Exemplar] = {}

    def answer(self, attempt: Attempt, receipt: Receipt, sent_ns: int, answered_ns: int) -> None:
        """Count a write that has ended. Times are monotonic ns; `sent_ns` is 0 where nothing was sent."""
        key = (attempt.pattern, receipt.outcome, attempt.phase)
        cell = self.cells.get(key)
        if cell is None:
            cell = self.cells[key] = Cell()
        due_ns = attempt.due_ns
        if sent_ns:
            cell.service.record(answered_ns - sent_ns)
            self.lag.record(sent_ns - due_ns)
        cell.response.record(answered_ns - due_ns)
        if not receipt.expected:
            cell.unexpected += 1
        if receipt.code:
            self.codes[receipt.code] += 1
        if receipt.fault is not None:
            self.faults[receipt.fault.label] += 1

    def read(self, attempt: Attempt, receipt: Receipt, *, sent_ns: int, answered_ns: int) -> None:
        """Count a read that has ended; reads are reported apart."""
        key = (attempt.pattern, receipt.outcome, attempt.phase)
        cell = self.reads.get(key)
        if cell is None:
            cell = self.reads[key] = Cell()
        if sent_ns:
            cell.service.record(answered_ns - sent_ns)
        cell.response.record(answered_ns - attempt.due_ns)
        if not receipt.expected:
            cell.unexpected += 1
        if receipt.fault is not None:
            self.faults[receipt.fault.label] += 1

    def task(self, key: TaskKey, *, asked_ns: int, sent_ns: int, answered_ns: int) -> None:
        """Count a request of ordinary task code; it was asked for at `asked_ns`, its response time begins there."""
        cell = self._task_cell(key)
        if sent_ns:
            cell.service.record(answered_ns - sent_ns)
        cell.response.record(answered_ns - asked_ns)
        if key[2]:
            cell.unexpected += 1

    def trace(
        self, attempt: Attempt, outcome: int, *, trace: tuple[str, str], took_ns: Mapping[str, int], wall_ns: int
    ) -> None:
        """A call was sampled: it stands for its buckets. `trace` is (trace, span); `took_ns` goes by histogram."""
        for histogram, duration_ns in took_ns.items():
            us = max(0, duration_ns // 1000)
            key = (histogram, attempt.pattern, outcome, attempt.phase, bucket_number(us))
            keep_latest(self.exemplars, key, Exemplar(*trace, us, wall_ns))

    def _task_cell(self, key: TaskKey) -> Cell:
        cell = self.tasks.get(key)
        if cell is None:
            if len(self.tasks) >= TASK_KEYS_MAX:
                key = (key[0], OTHER_NAMES, OTHER_NAMES if key[2] else "")
            cell = self.tasks.setdefault(key, Cell())
        return cell

    def merge(self, other: Tally) -> None:
        """Add another tally to this one."""
        for mine, theirs in ((self.cells, other.cells), (self.reads, other.reads)):
            for key, cell in theirs.items():
                mine.setdefault(key, Cell()).merge(cell)
        for task, cell in other.tasks.items():
            self._task_cell(task).merge(cell)
        self.lag.merge(other.lag)
        self.loop_lag.merge(other.loop_lag)
        for name in _COUNTERS:
            getattr(self, name).update(getattr(other, name))
        for place, exemplar in other.exemplars.items():
            keep_latest(self.exemplars, place, exemplar)

    def copy(self) -> Tally:
        """The same counts, which stand still from now on."""
        copied = Tally()
        copied.merge(self)
        return copied

    def total(self, *, phase: int | None = None, outcomes: frozenset[int] | None = None) -> Cell:
        """All cells of a phase (or of all), of some outcomes (or of all), in one."""
        whole = Cell()
        for (_, outcome, at), cell in self.cells.items():
            if (phase is None or at == phase) and (outcomes is None or outcome in outcomes):
                whole.merge(cell)
        return whole

    def count(self, outcome: Outcome, *, phase: int | None = None) -> int:
        """Writes that ended that way."""
        return sum(
            cell.response.total
            for (_, ended, at), cell in self.cells.items()
            if ended == outcome and (phase is None or at == phase)
        )

    def to_wire(self) -> dict[str, Any]:
        """Plain values for a message between processes; `from_wire` reads them back."""
        wire: dict[str, Any] = {name: dict(getattr(self, name)) for name in _COUNTERS}
        wire["lag"], wire["loop_lag"] = self.lag.to_wire(), self.loop_lag.to_wire()
        for name in ("cells", "reads", "tasks"):
            cells: dict[tuple[Any, ...], Cell] = getattr(self, name)
            wire[name] = [
                [list(key), cell.service.to_wire(), cell.response.to_wire(), cell.unexpected]
                for key, cell in cells.items()
            ]
        wire["exemplars"] = [[list(key), list(exemplar)] for key, exemplar in self.exemplars.items()]
        return wire

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Tally:
        tally = cls()
        for name in _COUNTERS:
            getattr(tally, name).update(wire[name])
        tally.lag = Histogram.from_wire(wire["lag"])
        tally.loop_lag = Histogram.from_wire(wire["loop_lag"])
        for name in ("cells", "reads", "tasks"):
            cells: dict[tuple[Any, ...], Cell] = getattr(tally, name)
            for key, service, response, unexpected in wire[name]:
                cell = cells[tuple(key)] = Cell()
                cell.service, cell.response = Histogram.from_wire(service), Histogram.from_wire(response)
                cell.unexpected = unexpected
        tally.exemplars = {tuple(key): Exemplar(*exemplar) for key, exemplar in wire["exemplars"]}
        return tally


_COUNTERS = ("counts", "codes", "faults", "dropped", "started", "intents", "moved", "doubted")
