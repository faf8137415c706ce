"""The cluster as the conductor sees it: one seat a load process, its reports in order, its journal piece by piece.

A process that has not reported for a while has left; a journal that is not whole is said to be. May import:
`record`, `pacing`, `clock`.
"""

from __future__ import annotations

import shutil
import socket
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from demogen.clock import NS_PER_MS, NS_PER_S
from demogen.pacing.pacer import Share
from demogen.record.tally import Tally

#: An answer to what a process is told when it takes its seat takes less than this, as a rule.
ASK_AGAIN_NS = 2 * NS_PER_S
#: Without a report for this long a process counts as lost. Reports come each second.
SILENT_NS = 3_700 * NS_PER_MS
#: Whoever looks is meant to do so each second; later than this, and it was held up itself.
_ASLEEP_NS = 2 * NS_PER_S


class Seat:
    """One load process: what it was given, what it has said."""

    def __init__(self, client: str, *, process: int, journal: Path, now_ns: int) -> None:
        self.client = client
        self.process = process
        self.journal = journal
        self.asked_ns = now_ns
        self.ready = False
        self.leaving = False
        self.drained = False
        self.lost = False
        self.heard_ns = now_ns
        self.in_flight = 0
        self.counts: Counter[str] = Counter()
        self.sequence = 0
        self.journal_bytes = 0
        self.gaps = 0
        self.whole = False
        self._spool: Path | None = None
        self._spool_at = ""
        self._pid = 0
        self._shares: list[tuple[Share, int | None]] = []

    def begin_share(self, share: Share) -> None:
        """It is to take these arrivals, until a later share."""
        self._shares.append((share, None))

    def end_share(self, index: int) -> None:
        """From that arrival on others take over, or it has another share."""
        self._shares = [(share, index if until is None else until) for share, until in self._shares]

    def owes(self, until_index: int) -> int:
        """How many arrivals before that index were its own and are in none of its reports."""
        planned = 0
        for share, until in self._shares:
            end = until_index if until is None else min(until, until_index)
            first = share.first_index + (share.k - share.first_index) % share.n
            planned += len(range(first, end, share.n))
        return max(0, planned - self.counts["offered"])

    def be_ready(self, message: Mapping[str, Any], *, now_ns: int) -> None:
        """It can take a share. On our own host its spool stays readable whatever becomes of it."""
        self.ready = True
        self.heard_ns = now_ns
        if message.get("spool"):
            self._spool_at = f"; it is on {message.get('host')} at {message['spool']}"
        if message.get("spool") and message.get("host") == socket.gethostname():
            self._spool, self._pid = Path(message["spool"]), message["pid"]

    @property
    def lives(self) -> bool:
        """Whether it is a process of this host that has not ended, however silent it is."""
        if self._spool is None:
            return False
        try:
            state = Path(f"/proc/{self._pid}/stat").read_text(encoding="latin-1").rpartition(")")[2].split()[0]
        except OSError:
            return False
        return state not in "ZX"

    def recover(self) -> None:
        """Take what a dead process of this host wrote to its spool and could no longer send."""
        # One that lives may yet send, and write: its journal is its own until it has handed it in.
        if self._spool is None or not self._spool.is_file() or self.lives:
            return
        size = self.journal.stat().st_size if self.journal.exists() else 0
        with self._spool.open("rb") as spool, self.journal.open("ab") as journal:
            spool.seek(size)
            shutil.copyfileobj(spool, journal)
        self.journal_bytes = self.journal.stat().st_size
        self.whole = True
        shutil.rmtree(self._spool.parent, ignore_errors=True)

    @property
    def playing(self) -> bool:
        return self.ready and not self.drained and not self.lost

    def hear(self, message: Mapping[str, Any], *, now_ns: int) -> Tally | None:
        """Take a report: keep its piece of the journal, return its counts. A repeated report counts once."""
        self.heard_ns = now_ns
        if message["sequence"] <= self.sequence:
            return None
        self.sequence = message["sequence"]
        self.in_flight = message["in_flight"]
        self.journal_bytes = message["journal_bytes"]
        if message.get("bytes"):
            self._keep(message)
        if not message["tally"]:
            return None
        delta = Tally.from_wire(message["tally"])
        self.counts.update(delta.counts)
        self.counts["answered"] += sum(cell.service.total for cell in delta.cells.values())
        return delta

    def _keep(self, message: Mapping[str, Any]) -> None:
        piece: bytes = message["bytes"]
        size = self.journal.stat().st_size if self.journal.exists() else 0
        if message["at"] != size or zlib.crc32(piece) != message["crc"]:
            self.gaps += 1
            return
        with self.journal.open("ab") as file:
            file.write(piece)

    @property
    def incomplete(self) -> str:
        """What of its journal we do not have, as a sentence; "" where we have all of it."""
        size = self.journal.stat().st_size if self.journal.exists() else 0
        if self.journal_bytes > size:
            return f"{self.journal_bytes - size} bytes of the journal of load process {self.process} are missing"
        if self.lost and self._shares and not self.whole and not self.drained:
            if self.lives:
                return f"load process {self.process} fell silent and still runs: what it does is not known"
            return f"load process {self.process} died on another host with up to a second of its journal"
        # One that was never given arrivals has sent nothing.
        if self._shares and not self.drained and not self.whole:
            return f"load process {self.process} has not handed in all of its journal{self._spool_at}"
        return ""


class Seats:
    """All load processes of a run, by Locust's client id."""

    def __init__(self) -> None:
        self._seats: dict[str, Seat] = {}
        self._looked_ns = 0

    def __iter__(self) -> Iterator[Seat]:
        return iter(list(self._seats.values()))

    def __len__(self) -> int:
        return len(self._seats)

    def take(self, client: str, *, journals: Path, now_ns: int) -> Seat:
        """A new seat; its number is never given again."""
        process = len(self._seats)
        seat = Seat(client, process=process, journal=journals / f"{process}.journal", now_ns=now_ns)
        self._seats[f"{client}#{process}" if client in self._seats else client] = seat
        return seat

    def of(self, client: str) -> Seat | None:
        return self._seats.get(client)

    @property
    def playing(self) -> list[Seat]:
        return [seat for seat in self if seat.playing]

    @property
    def sharing(self) -> list[Seat]:
        """Those who play and stay."""
        return [seat for seat in self if seat.playing and not seat.leaving]

    @property
    def expected(self) -> list[Seat]:
        """Those who have still to hand in their journal: who plays, and who was given up and lives after all."""
        return [seat for seat in self if seat.playing or (seat.lost and not seat.drained and seat.lives)]

    def wait_from(self, moment_ns: int) -> None:
        """Nobody has anything to report before that moment: silence is counted from there."""
        for seat in self:
            seat.heard_ns = max(seat.heard_ns, moment_ns)

    def unheard(self, now_ns: int) -> list[Seat]:
        """Those that were told their part a while ago and have not answered."""
        return [seat for seat in self if not (seat.ready or seat.lost) and now_ns - seat.asked_ns > ASK_AGAIN_NS]

    def leave_silent(self, now_ns: int) -> list[Seat]:
        """Mark those that have gone quiet as lost; returns the newly lost.

        Who does not look for a while hears nobody: what we slept ourselves is no silence of theirs.
        """
        if self._looked_ns and now_ns - self._looked_ns > _ASLEEP_NS:
            self.wait_from(now_ns)
        self._looked_ns = now_ns
        quiet = [seat for seat in self.playing if now_ns - seat.heard_ns > SILENT_NS]
        for seat in quiet:
            seat.lost = True
        return quiet
