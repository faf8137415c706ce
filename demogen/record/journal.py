"""The journal: every attempt, written before it leaves and after it ends. Append-only, fixed width, one file a process.

A file is a JSON header padded to a multiple of 64 bytes, then 64-byte little-endian records of four kinds:
INTENT (what will be sent), LEGS (two legs each, amounts in atto units), OUTCOME (how it ended) and DROP (an arrival
that was never sent, with the reason). Written with one `write` a loop turn, before that turn's sends; synced once a
second. A torn tail is a partial record or a zero kind: readers stop there. May import: `contract`, `errors`, `clock`.
"""

from __future__ import annotations

import enum
import json
import os
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from demogen.contract.outcome import Outcome, Receipt
from demogen.contract.transactions import leg_amounts_atto
from demogen.errors import RunFolderError
from demogen.record.attempt import Attempt
from demogen.record.entries import Entries, everyday_intent, everyday_outcome
from demogen.record.records import (
    CREDIT,
    DEBIT,
    KIND_INTENT,
    KIND_LEGS,
    KIND_OUTCOME,
    intent_record,
    legs_record,
    move_record,
    outcome_record,
)

WIDTH = 64
MAGIC = b"DEMOGEN-JOURNAL1"


class Kind(enum.IntEnum):
    INTENT = KIND_INTENT
    LEGS = KIND_LEGS
    OUTCOME = KIND_OUTCOME
    DROP = 4


class Flag(enum.IntFlag):
    """Flags of an INTENT (low) and of an OUTCOME (high)."""

    PENDING = 1
    EXPECTS_REFUSAL = 2
    SPELLED_DSL = 4
    READ = 8
    DUPLICATE = 16
    FUNDING = 32  # booked before the load, outside the measured window
    REPLAYED = 256  # the answer carried X-Idempotency-Replayed: true
    EXPECTED = 512  # outcome and code are what the pattern asked for


class DropReason(enum.IntEnum):
    NO_SLOT = 1  # no connection was free in time
    DEADLINE = 2  # due too long ago when its turn came: the generator was behind
    TARGET_DOWN = 3  # the ledger refused connections
    WORKER_LOST = 4  # its load process died before it could tell; counted by the conductor, in no journal

    @property
    def label(self) -> str:
        return self.name.lower()


# kind reason - | index | generation - | due_ns | -
_DROP = struct.Struct("<BB6xQI4xq32x")

INTENT_DTYPE = np.dtype(
    [
        ("kind", "u1"), ("action", "u1"), ("pattern", "<u2"), ("flags", "<u2"), ("leg_count", "u1"), ("try", "u1"),
        ("arrival", "<u8"), ("generation", "<u4"), ("key_generation", "<u4"), ("key_arrival", "<u8"),
        ("due_ns", "<i8"), ("subject_hi", ">u8"), ("subject_lo", ">u8"), ("ledger", "<u4"),
        ("phase", "<u2"), ("pad", "<u2"),
    ]
)  # fmt: skip
LEGS_DTYPE = np.dtype(
    [
        ("kind", "u1"), ("count", "u1"), ("pad", "<u2"), ("generation", "<u4"), ("arrival", "<u8"),
        ("account_a", "<u4"), ("side_a", "u1"), ("key_a", "u1"), ("pad_a", "<u2"), ("lo_a", "<u8"), ("hi_a", "<i8"),
        ("account_b", "<u4"), ("side_b", "u1"), ("key_b", "u1"), ("pad_b", "<u2"), ("lo_b", "<u8"), ("hi_b", "<i8"),
    ]
)  # fmt: skip
OUTCOME_DTYPE = np.dtype(
    [
        ("kind", "u1"), ("outcome", "u1"), ("status", "<u2"), ("code", "<u2"), ("flags", "<u2"), ("arrival", "<u8"),
        ("generation", "<u4"), ("try", "u1"), ("fault", "u1"), ("pad", "<u2"), ("sent_ns", "<i8"),
        ("answered_ns", "<i8"), ("transaction_hi", ">u8"), ("transaction_lo", ">u8"), ("pad2", "<u8"),
    ]
)  # fmt: skip
DROP_DTYPE = np.dtype(
    [
        ("kind", "u1"), ("reason", "u1"), ("pad", "V6"), ("arrival", "<u8"), ("generation", "<u4"), ("pad2", "<u4"),
        ("due_ns", "<i8"), ("pad3", "V32"),
    ]
)  # fmt: skip
DTYPES = {Kind.INTENT: INTENT_DTYPE, Kind.LEGS: LEGS_DTYPE, Kind.OUTCOME: OUTCOME_DTYPE, Kind.DROP: DROP_DTYPE}

# Plain numbers for the hot path: looking a member up costs as much as packing a field.
_ACCEPTED = int(Outcome.ACCEPTED)
PENDING, EXPECTS_REFUSAL, SPELLED_DSL = int(Flag.PENDING), int(Flag.EXPECTS_REFUSAL), int(Flag.SPELLED_DSL)
READ, DUPLICATE, FUNDING = int(Flag.READ), int(Flag.DUPLICATE), int(Flag.FUNDING)
REPLAYED, EXPECTED = int(Flag.REPLAYED), int(Flag.EXPECTED)


class JournalWriter:
    """Appends records to a buffer; `flush` writes them. Not thread-safe: one writer, one loop.

    Raises RunFolderError where the file cannot be written (a full disk): then nothing more may be sent.
    """

    def __init__(self, path: Path, *, header: dict[str, Any], balance_keys: Sequence[str] = ("default",)) -> None:
        self.path = path
        self.bytes_written = 0
        self._keys = {key: index for index, key in enumerate(balance_keys)}
        self._buffer = Entries()
        self._broken = self._closed = False
        try:
            self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise _unwritable(path, error) from error
        self._buffer += encode_header({**header, "balance_keys": list(balance_keys)})
        self.flush()

    @property
    def fd(self) -> int:
        return self._fd

    def intend(self, attempt: Attempt) -> None:
        """Record what is about to be sent. Times are monotonic ns of this process (header: wall_offset_ns)."""
        buffer = self._buffer
        if everyday_intent(buffer, attempt, self._keys):
            return
        intent = attempt.intent
        sources, targets = intent.sources, intent.targets
        generation, number = attempt.generation, attempt.number
        buffer += intent_record(
            intent.action, attempt.pattern, attempt.flags & 0xFF, len(sources) + len(targets), attempt.tries, number,
            generation, attempt.key_generation, attempt.key_number, attempt.due_ns, intent.subject,
            intent.ledger.index, attempt.phase,
        )  # fmt: skip
        if len(sources) == 1 == len(targets):
            source, target, units, keys = sources[0], targets[0], intent.units, self._keys
            if source.units == units == target.units:
                buffer += move_record(
                    generation, number, source.account.index, keys[source.balance_key], target.account.index,
                    keys[target.balance_key], units, intent.scale,
                )  # fmt: skip
                return
        if sources or targets:
            self._legs(attempt)

    def _legs(self, attempt: Attempt) -> None:
        intent, keys = attempt.intent, self._keys
        rows: list[tuple[int, int, int, int]] = []
        for side, legs in ((DEBIT, intent.sources), (CREDIT, intent.targets)):
            for leg, amount in zip(legs, leg_amounts_atto(intent, legs), strict=True):
                rows.append((leg.account.index, side, keys[leg.balance_key], amount))
        for start in range(0, len(rows), 2):
            self._buffer += legs_record(attempt.generation, attempt.number, rows[start : start + 2])

    def settle(self, attempt: Attempt, receipt: Receipt, sent_ns: int, answered_ns: int) -> None:
        """Record how an attempt ended; only what the ledger accepted has a transaction id here."""
        if everyday_outcome(self._buffer, attempt, receipt, sent_ns, answered_ns):
            return
        code, fault, outcome = receipt.code, receipt.fault, receipt.outcome
        flags = attempt.flags
        if receipt.replayed:
            flags |= REPLAYED
        if receipt.expected:
            flags |= EXPECTED
        self._buffer += outcome_record(
            outcome, receipt.status, int(code) if code and _is_number(code) else 0, flags, attempt.number,
            attempt.generation, attempt.tries, 0 if fault is None else fault, sent_ns, answered_ns,
            receipt.transaction_id if outcome == _ACCEPTED else "",
        )  # fmt: skip

    def drop(self, *, arrival: int, generation: int, due_ns: int, reason: DropReason) -> None:
        """Record an arrival that is never going to be sent."""
        self._buffer += _DROP.pack(Kind.DROP, reason, arrival, generation, due_ns)

    def flush(self) -> None:
        """Hand everything buffered to the kernel; survives the death of this process."""
        if not self._buffer or self._broken:
            return
        data = self._buffer
        try:
            written = os.write(self._fd, data)
            while written < len(data):
                written += os.write(self._fd, memoryview(data)[written:])
        except OSError as error:
            # Said once: what was in flight is still waited for, but nothing more can be remembered.
            self._broken = True
            raise _unwritable(self.path, error) from error
        self.bytes_written += len(data)
        data.clear()

    def sync(self) -> None:
        """Force what was flushed to the disk; survives the death of the machine. Blocks: call it off the loop."""
        try:
            os.fdatasync(self._fd)
        except OSError:
            # Begun on another thread while the journal was open, and done by `close` meanwhile.
            if not self._closed:
                raise

    def close(self) -> None:
        """Write the rest; a journal that could not be written before is only closed."""
        self.flush()
        if not self._broken:
            self.sync()
        self._closed = True
        os.close(self._fd)


def encode_header(header: dict[str, Any]) -> bytes:
    """Magic, length, JSON, padding: a multiple of 64 bytes."""
    text = json.dumps(header, separators=(",", ":"), sort_keys=True).encode()
    raw = MAGIC + struct.pack("<I", len(text)) + text
    return raw + b" " * (-len(raw) % WIDTH)


class JournalFile:
    """One journal file, read back. `header` is what the writer was given."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            head = file.read(len(MAGIC) + 4)
            if head[: len(MAGIC)] != MAGIC or len(head) < len(MAGIC) + 4:
                raise RunFolderError(f"{path} is not a journal", hint="name a file that a run wrote")
            (length,) = struct.unpack("<I", head[len(MAGIC) :])
            self.header: dict[str, Any] = json.loads(file.read(length))
        raw = len(MAGIC) + 4 + length
        #: Where its first record begins, in bytes.
        self.start = raw + (-raw % WIDTH)
        self.records = max(0, (path.stat().st_size - self.start) // WIDTH)

    def chunks(self, records: int = 1 << 18) -> Iterator[dict[Kind, np.ndarray[Any, Any]]]:
        """Arrays by kind (see the dtypes), `records` records at a time, in the order they were written."""
        with self.path.open("rb") as file:
            file.seek(self.start)
            for start in range(0, self.records, records):
                # Read, not mapped: a mapped file stays resident, and a day's journal is larger than memory.
                part = np.fromfile(file, dtype=np.dtype(("V", WIDTH)), count=min(records, self.records - start))
                kinds = part.view(np.uint8).reshape(-1, WIDTH)[:, 0]
                zeros = np.flatnonzero(kinds == 0)
                if zeros.size:
                    part, kinds = part[: zeros[0]], kinds[: zeros[0]]
                yield {kind: part[kinds == kind].view(dtype) for kind, dtype in DTYPES.items()}
                if zeros.size:
                    return


def _is_number(code: str) -> bool:
    """Whether it is one of the ledger's four-digit codes; anybody may answer anything."""
    return len(code) <= 4 and code.isascii() and code.isdigit()


def _unwritable(path: Path, error: OSError) -> RunFolderError:
    return RunFolderError(f"cannot write {path}: {error.strerror}", hint="free some space or name another --run-dir")
