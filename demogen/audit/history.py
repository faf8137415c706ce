"""Journals into tables: every attempt with its outcome, joined in bulk as the files are read; memory stays flat.

An INTENT without an OUTCOME is indeterminate: the process died between the two (design 4.4). May import: `record`,
`contract`, `errors`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from demogen.audit.ground import Column, Ground
from demogen.contract.outcome import Outcome
from demogen.contract.transactions import Action
from demogen.errors import IntegrityUnknown
from demogen.record.journal import DTYPES, Flag, JournalFile, Kind

#: An arrival is named by one integer: generation · 2³⁶ + index. A day at 10,000 TPS is below 2³⁰.
ARRIVAL_BITS = 36

_INSERT_ATTEMPTS = """
insert into journal.attempts select
    arrival_id, key_id, action, pattern, phase, flags, leg_count, ledger, wide(subject_hi, subject_lo), outcome,
    status, code, replayed, fault, tries, wide(transaction_hi, transaction_lo), due_ns, sent_ns, answered_ns, process
from given"""
_INSERT_LEGS = """
insert into journal.legs select arrival_id, account, side, balance_key,
    wide(hi, lo)::decimal(38, 0) * 0.000000000000000001::decimal(18, 18)
from given"""

#: The ledger was still busy with the first request of that key (contract 6): the attempt goes on.
_STILL_RUNNING = 84


def load_journals(ground: Ground, paths: Sequence[Path]) -> str:
    """Read the files into `journal.attempts` and `journal.legs`; the run's id, which all of them must share.

    Raises IntegrityUnknown where there is no journal, or they are of different runs; RunFolderError where one is
    not a journal.
    """
    files = [JournalFile(path) for path in paths]
    if not files:
        raise IntegrityUnknown("there is no journal", hint="name the folder a run wrote, or add files with --journal")
    runs = {str(file.header.get("run_id", "")) for file in files}
    if len(runs) != 1:
        raise IntegrityUnknown(
            f"the journals are of different runs: {', '.join(sorted(runs))}", hint="audit them apart"
        )
    for process, file in enumerate(files):
        _File(ground, file, process).load()
    return runs.pop()


class _File:
    """One journal on its way into the tables: chunks in, joined rows out, unanswered intents carried along."""

    def __init__(self, ground: Ground, file: JournalFile, process: int) -> None:
        self._ground = ground
        self._file = file
        self._process = process
        self._offset_ns = int(file.header.get("wall_offset_ns", 0))
        self._keys = np.array(file.header.get("balance_keys", ["default"]), dtype=object)
        self._open: Column | None = None
        self._busy: list[Column] = []

    def load(self) -> None:
        for chunk in self._file.chunks():
            self._legs(chunk[Kind.LEGS])
            self._attempts(chunk[Kind.INTENT], chunk[Kind.OUTCOME])
        if self._open is not None and self._open.size:
            self._close()

    def _attempts(self, intents: Column, outcomes: Column) -> None:
        """Join outcomes to the intents of this and earlier chunks; what has no outcome yet waits."""
        writes = intents[(intents["action"] < Action.READ_TRANSACTION) & (intents["try"] == 0)]
        self._check(writes)
        outcomes = outcomes[outcomes["arrival"] >> ARRIVAL_BITS == 0]
        running = outcomes["code"] == _STILL_RUNNING
        if running.any():
            self._busy.append(outcomes[running])
        waiting = writes if self._open is None else np.concatenate([self._open, writes])
        matched, ends, self._open = _join(waiting, outcomes[~running])
        self._insert(matched, ends)

    def _close(self) -> None:
        """What was never answered is indeterminate; what was last answered with "still running" says so."""
        assert self._open is not None
        busy = np.concatenate(self._busy)[::-1] if self._busy else np.empty(0, dtype=DTYPES[Kind.OUTCOME])
        refused, ends, lost = _join(self._open, busy)
        self._insert(refused, ends)
        self._insert(lost, None)

    def _check(self, intents: Column) -> None:
        if intents.size and (intents["arrival"].max() >> ARRIVAL_BITS or intents["generation"].max() >> 20):
            raise IntegrityUnknown(f"{self._file.path} holds an impossible arrival index", hint="it is damaged")

    def _insert(self, intents: Column, outcomes: Column | None) -> None:
        if not intents.size:
            return
        ends = _unanswered(intents.size) if outcomes is None else outcomes
        plain = {name: _plain(intents[name]) for name in ("action", "pattern", "phase", "flags", "leg_count", "ledger")}
        ended = {name: _plain(ends[name]) for name in ("outcome", "status", "code", "fault")}
        columns: dict[str, Column] = {
            **plain,
            **ended,
            "arrival_id": _names(intents["generation"], intents["arrival"]),
            "key_id": _names(intents["key_generation"], intents["key_arrival"]),
            "tries": ends["try"].astype(np.uint16) + 1,
            "replayed": (ends["flags"] & Flag.REPLAYED) != 0,
            "due_ns": intents["due_ns"] + self._offset_ns,
            "process": np.full(intents.size, self._process, dtype=np.uint16),
        }
        for name, source in (("subject", intents["subject_hi"]), ("transaction", ends["transaction_hi"])):
            columns[f"{name}_hi"] = source.astype(np.int64)
        for name, source in (("subject", intents["subject_lo"]), ("transaction", ends["transaction_lo"])):
            columns[f"{name}_lo"] = source.astype(np.uint64)
        for name in ("sent_ns", "answered_ns"):
            moment = ends[name]
            columns[name] = np.where(moment != 0, moment + self._offset_ns, 0)
        self._ground.insert(_INSERT_ATTEMPTS, columns)

    def _legs(self, legs: Column) -> None:
        for half, chosen in (("a", legs), ("b", legs[legs["count"] == 2])):
            if not chosen.size:
                continue
            columns = {
                "arrival_id": _names(chosen["generation"], chosen["arrival"]),
                "account": chosen[f"account_{half}"].astype(np.int32),
                "side": _plain(chosen[f"side_{half}"]),
                "balance_key": self._keys[chosen[f"key_{half}"]],
                "lo": _plain(chosen[f"lo_{half}"]),
                "hi": _plain(chosen[f"hi_{half}"]),
            }
            self._ground.insert(_INSERT_LEGS, columns)


def _names(generation: Column, arrival: Column) -> Column:
    return (generation.astype(np.uint64) << np.uint64(ARRIVAL_BITS)) | arrival


def _join(intents: Column, outcomes: Column) -> tuple[Column, Column, Column]:
    """Intents that have an outcome, those outcomes (the first of each, row by row), and intents that have none."""
    names = _names(intents["generation"], intents["arrival"])
    order = np.argsort(names, kind="stable")
    intents, names = intents[order], names[order]
    ended, first = np.unique(_names(outcomes["generation"], outcomes["arrival"]), return_index=True)
    if not names.size or not ended.size:
        return intents[:0], outcomes[:0], intents
    places = np.searchsorted(names, ended)
    places[places == names.size] = 0
    known = names[places] == ended
    open_ones = np.ones(names.size, dtype=bool)
    open_ones[places[known]] = False
    return intents[places[known]], outcomes[first[known]], intents[open_ones]


def _unanswered(count: int) -> dict[str, Any]:
    zeros = np.zeros(count, dtype=np.int64)
    names = ("status", "code", "fault", "flags", "try", "sent_ns", "answered_ns", "transaction_hi", "transaction_lo")
    return {**dict.fromkeys(names, zeros), "outcome": np.full(count, int(Outcome.INDETERMINATE), dtype=np.int64)}


def _plain(column: Column) -> Column:
    """A field of a structured array as a column of its own."""
    return np.ascontiguousarray(column)
