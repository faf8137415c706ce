"""What one load process tells its conductor: once a second what was counted since, and what its journal has grown by.

A report is made piece by piece, so that the load can have its turn in between: all at once it would hold up the
schedule for milliseconds. May import: `folding`, `record`, `contract`, `clock`.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

from demogen.clock import NS_PER_S, Clock
from demogen.contract.exchange import Fault
from demogen.drive.folding import fold_by_cells
from demogen.record.journal import JournalWriter
from demogen.record.tally import Tally

log = logging.getLogger("demogen")

_SEGMENT_BYTES = 4 << 20


class Reports:
    """Of one load process. `environment` is Locust's, `names` are the patterns by number; `ships` says whether the
    journal is told too, since nobody else can read it where it lies."""

    def __init__(
        self,
        environment: Any,
        journal: JournalWriter,
        *,
        process: int,
        names: Sequence[str],
        ships: bool,
        clock: Clock,
    ) -> None:
        self._environment = environment
        self._journal = journal
        self._process = process
        self._names = names
        self._ships = ships
        self._clock = clock
        self._sequence = 0
        self._shipped = 0
        self._explained: set[str] = set()

    @property
    def behind(self) -> bool:
        """Whether more of the journal is still to be told than one report takes."""
        return self._ships and self._journal.bytes_written - self._shipped > _SEGMENT_BYTES

    def pieces(self, kind: str, delta: Tally | None, *, second: int, in_flight: int) -> Iterator[None]:
        """Tell what was counted up to now in that second of the schedule; has told it when it is exhausted."""
        self._sequence += 1
        message: dict[str, Any] = {
            "process": self._process,
            "sequence": self._sequence,
            "tally": delta.to_wire() if delta is not None else None,
            "second": second,
            "in_flight": in_flight,
            "journal_bytes": self._journal.bytes_written,
        }
        yield
        if self._ships:
            message |= self._segment()
            yield
        if delta is not None:
            self._explain(delta)
            yield from fold_by_cells(
                delta, self._names, self._environment.stats, now_s=self._clock.wall_ns() / NS_PER_S
            )
        self._environment.runner.send_message(kind, message)
        yield

    def _explain(self, delta: Tally) -> None:
        """Each kind of trouble once: the counts are in the table, a line a request would bury them."""
        by_label = {fault.label: fault for fault in Fault}
        for label in delta.faults.keys() - self._explained:
            self._explained.add(label)
            log.warning("requests end without an answer (%s): %s", label, by_label[label].says)

    def _segment(self) -> dict[str, Any]:
        """The next piece of the journal: where it begins, its bytes, and their checksum."""
        with self._journal.path.open("rb") as file:
            file.seek(self._shipped)
            piece = file.read(_SEGMENT_BYTES)
        start, self._shipped = self._shipped, self._shipped + len(piece)
        return {"at": start, "bytes": piece, "crc": zlib.crc32(piece)}
