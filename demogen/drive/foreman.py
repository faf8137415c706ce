"""On the master: workers make disjoint parts of one population between them; their manifests are joined.

A part whose worker falls silent, or that was left incomplete, is given to another, which finds what is there and makes
the rest. Sends nothing to the ledger. May import: population, clock, gevent, this room.
"""

from __future__ import annotations

import logging
import shutil
import zlib
from collections import Counter, deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import gevent
import msgspec

from demogen.clock import NS_PER_S, SystemClock
from demogen.drive.hand import FAILED, GO_ON, LEASE_NS, MAKE, NEWS, PIECE, Order
from demogen.errors import DemogenError, PreflightFailed
from demogen.population.manifest import Manifest
from demogen.population.plan import PopulationPlan
from demogen.population.progress import Progress
from demogen.record.folder import RunFolder

log = logging.getLogger("demogen")

#: A worker that says nothing for so long has stopped by then, if it is there at all.
SILENT_NS = LEASE_NS + 3 * NS_PER_S
#: How long the master waits for a worker to give a part to.
NOBODY_NS = 30 * NS_PER_S

_TRIES_MAX = 3

#: Sends a message to one worker.
Post = Callable[[str, dict[str, Any], str], None]


class Foreman:
    """On the master: gives parts out, hears of them, joins them. `workers` names those that are there now."""

    def __init__(self, post: Post, workers: Callable[[], Iterable[str]]) -> None:
        self._post = post
        self._workers = workers
        self._now = SystemClock().now_ns
        self._heard_ns: dict[str, int] = {}
        self._holds: dict[str, int] = {}
        self._waiting: deque[int] = deque()
        self._tries: Counter[int] = Counter()
        self._whole: set[int] = set()
        self._problem: DemogenError | None = None
        self._folder = Path()
        self._progress: Progress | None = None

    def listen(self, runner: Any) -> None:
        """Hear what workers say of their parts."""
        for kind, heed in ((NEWS, self._on_news), (PIECE, self._on_piece), (FAILED, self._on_failed)):
            runner.register_message(kind, lambda environment, msg, heed=heed, **_: heed(msg.node_id, msg.data))  # noqa: ARG005

    @property
    def several(self) -> bool:
        """Whether there is anybody to share with."""
        return len(list(self._workers())) > 1

    def share(self, planned: PopulationPlan, order: Order, folder: RunFolder, *, progress: Progress) -> None:
        """Have the workers make `planned` between them; its manifest is in `folder` then.

        Raises PreflightFailed where no worker is there for long, or a part cannot be made by any.
        """
        parts = max(1, min(len(list(self._workers())), planned.spec.organizations))
        log.info("population: shared among %d workers", parts)
        self._folder, self._progress = folder.path / "parts", progress
        self._folder.mkdir(exist_ok=True)
        self._waiting, self._tries, self._whole = deque(range(1, parts + 1)), Counter(), set()
        self._holds, self._problem = {}, None
        progress.started("entities", sum(planned.counts().values()))
        nobody_since_ns = self._now()
        while len(self._whole) < parts:
            self._give_out(order, parts)
            if self._holds:
                nobody_since_ns = self._now()
            elif self._problem is not None or self._now() - nobody_since_ns > NOBODY_NS:
                raise self._problem or PreflightFailed(
                    "no worker is left to make the population", hint="start workers, then the same command again"
                )
            gevent.sleep(0.05)
            self._miss_the_silent()
        progress.finished("entities")
        self._join(folder, parts)

    def _give_out(self, order: Order, parts: int) -> None:
        idle = [worker for worker in self._workers() if worker not in self._holds]
        while self._waiting and idle and self._problem is None:
            worker, part = idle.pop(0), self._waiting.popleft()
            self._tries[part] += 1
            self._holds[worker], self._heard_ns[worker] = part, self._now()
            # Together they ask for no more than one would.
            each, rate = max(1, order.concurrency // parts), order.rate_per_s
            mine = msgspec.structs.replace(
                order, part=part, parts=parts, concurrency=each, rate_per_s=rate / parts if rate else None
            )
            self._post(MAKE, {"order": msgspec.to_builtins(mine, builtin_types=(bytes,))}, worker)

    def _miss_the_silent(self) -> None:
        for worker, part in list(self._holds.items()):
            if self._now() - self._heard_ns[worker] > SILENT_NS:
                log.warning("population: a worker is gone, its part %d is given to another", part)
                self._take_back(worker, PreflightFailed(f"every worker was lost that took part {part}"))

    def _take_back(self, worker: str, problem: DemogenError) -> None:
        part = self._holds.pop(worker)
        if self._tries[part] < _TRIES_MAX:
            self._waiting.append(part)
        else:
            self._problem = problem

    def _heed(self, worker: str, part: int) -> bool:
        """Whether this worker still holds the part that it speaks of."""
        if self._holds.get(worker) != part:
            return False
        self._heard_ns[worker] = self._now()
        return True

    def _on_news(self, worker: str, news: dict[str, Any]) -> None:
        if not self._heed(worker, news["part"]):
            return
        self._post(GO_ON, {"part": news["part"]}, worker)
        if self._progress is not None:
            for outcome in ("ok", "failed"):
                for _ in range(news[outcome]):
                    self._progress.done("entities", ok=outcome == "ok", elapsed_ns=0)
            for note in news["notes"]:
                self._progress.note(f"part {news['part']}: {note}")

    def _on_piece(self, worker: str, piece: dict[str, Any]) -> None:
        part = piece["part"]
        if not self._heed(worker, part):
            return
        with self._file(part).open("ab" if piece["at"] else "wb") as file:
            file.write(zlib.decompress(piece["bytes"]))
        if not piece["last"]:
            return
        if piece["complete"] or self._tries[part] == _TRIES_MAX:
            self._whole.add(self._holds.pop(worker))
        else:
            # What is missing may hang on an organization of a part that was lost meanwhile.
            self._take_back(worker, PreflightFailed(f"part {part} cannot be completed"))

    def _on_failed(self, worker: str, failure: dict[str, Any]) -> None:
        if self._heed(worker, failure["part"]):
            log.warning("population: part %d: %s", failure["part"], failure["message"])
            problem = PreflightFailed(failure["message"], hint=failure["hint"])
            problem.exit_code = failure["exit_code"]
            self._take_back(worker, problem)

    def _file(self, part: int) -> Path:
        return self._folder / f"{part}.sqlite"

    def _join(self, folder: RunFolder, parts: int) -> None:
        book = Manifest(folder.population)
        try:
            for part in range(1, parts + 1):
                book.absorb(self._file(part))
                gevent.sleep(0)
        finally:
            book.close()
        shutil.rmtree(self._folder)
