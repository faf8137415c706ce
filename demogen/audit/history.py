"""Journals into tables: every attempt with its legs and its outcome, joined as the files are read; memory stays flat.

An INTENT without an OUTCOME is indeterminate: the process died between the two (design 4.4). May import: `record`,
`contract`, `errors`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np

from demogen.audit.ground import Column, Ground
from demogen.contract.outcome import Outcome
from demogen.contract.transactions import Action
from demogen.errors import IntegrityUnknown
from demogen.record.journal import DTYPES, Flag, JournalFile, Kind
from demogen.record.records import CREDIT, DEBIT

#: An arrival is named by one integer: generation · 2³⁶ + index. A day at 10,000 TPS is below 2³⁰.
ARRIVAL_BITS = 36
GENERATIONS = 1 << 20

#: Records read at once: enough for the database to take them in on all threads, 64 MiB of memory.
_RECORDS = 1 << 20

#: The ledger was still busy with the first request of that key (contract 6): the attempt goes on.
_STILL_RUNNING = 84

_INSERT_ATTEMPTS = """
insert into journal.attempts select
    arrival_id, key_id, action, pattern, phase, flags, leg_count, ledger, wide(subject_hi, subject_lo), outcome,
    status, code, replayed, fault, tries, wide(transaction_hi, transaction_lo), due_ns, sent_ns, answered_ns, process,
    if(simple, payer, null), if(simple, payee, null), if(simple, atto_money(amount_hi, amount_lo), null)
from given"""
_INSERT_LEGS = """
insert into journal.more_legs select arrival_id, account, side, balance_key, atto_money(hi, lo) from given"""

Columns: TypeAlias = dict[str, Column]


def journals_of(paths: Sequence[Path]) -> list[JournalFile]:
    """The journals in these files, one for each load process: the longest, where a part of it is there as well.

    Raises RunFolderError where a file is no journal.
    """
    longest: dict[str, JournalFile] = {}
    for file in (JournalFile(path) for path in paths):
        known = longest.get(process_of(file))
        if known is None or known.records < file.records:
            longest[process_of(file)] = file
    return list(longest.values())


def process_of(file: JournalFile) -> str:
    """The load process that wrote a journal, as its header calls it."""
    return str(file.header.get("process", file.path.stem))


def load_journals(ground: Ground, files: Sequence[JournalFile]) -> str:
    """Read the files into the schema `journal`; the run's id, which all of them must share.

    Raises IntegrityUnknown where there is no journal, or they are of different runs, or one is damaged.
    """
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
        self._usual = self._keys == "default"
        self._spare_intents = np.empty(0, dtype=DTYPES[Kind.INTENT])
        self._spare_legs = np.empty(0, dtype=DTYPES[Kind.LEGS])
        self._open: Columns = {}
        self._busy: list[Column] = []

    def load(self) -> None:
        names = self._file.header.get("patterns", [])
        rows = [(self._process, number, str(name)) for number, name in enumerate(names)]
        if rows:
            self._ground.connection.executemany("insert into journal.patterns values (?, ?, ?)", rows)
        for chunk in self._file.chunks(_RECORDS):
            sent = self._sent(chunk[Kind.INTENT], chunk[Kind.LEGS])
            self._settle(sent, chunk[Kind.OUTCOME])
        # A tail torn between an intent and its legs: it was never sent, since it leaves after both are written.
        self._settle(self._columns(self._spare_intents, self._spare_legs[:0]), np.empty(0, dtype=DTYPES[Kind.OUTCOME]))
        self._close()

    def _sent(self, intents: Column, legs: Column) -> Columns:
        """Writes with their legs. Records keep their order, so an intent's legs are the next ones not yet taken."""
        intents = np.concatenate([self._spare_intents, intents])
        legs = np.concatenate([self._spare_legs, legs])
        ends = np.cumsum((intents["leg_count"].astype(np.int64) + 1) // 2)
        whole = int(np.searchsorted(ends, legs.size, side="right"))
        taken = int(ends[whole - 1]) if whole else 0
        self._spare_intents, self._spare_legs = intents[whole:], legs[taken:]
        return self._columns(intents[:whole], legs[:taken])

    def _columns(self, intents: Column, legs: Column) -> Columns:
        starts = np.cumsum((intents["leg_count"].astype(np.int64) + 1) // 2) - (intents["leg_count"] + 1) // 2
        writes = np.flatnonzero(intents["action"] < Action.READ_TRANSACTION)
        if writes.size != intents.size:
            intents, starts = intents[writes], starts[writes]
        self._check(intents)
        columns: Columns = {
            name: np.ascontiguousarray(intents[name])
            for name in ("action", "pattern", "phase", "flags", "leg_count", "ledger")
        }
        columns["arrival_id"] = names_of(intents["generation"], intents["arrival"])
        columns["key_id"] = names_of(intents["key_generation"], intents["key_arrival"])
        columns["due_ns"] = intents["due_ns"] + self._offset_ns
        columns["subject_hi"] = intents["subject_hi"].astype(np.int64)
        columns["subject_lo"] = intents["subject_lo"].astype(np.uint64)
        self._add_legs(columns, legs, starts)
        return columns

    def _add_legs(self, columns: Columns, legs: Column, starts: Column) -> None:
        """One payer and one payee on their default balances stand in the row itself; other legs in a table apart."""
        torn = legs.size == 0
        first = np.zeros(starts.size, dtype=DTYPES[Kind.LEGS]) if torn else legs[np.minimum(starts, legs.size - 1)]
        paired = (columns["leg_count"] == 2) & (not torn)
        named = names_of(first["generation"], first["arrival"])
        if (paired & (named != columns["arrival_id"])).any():
            raise IntegrityUnknown(f"{self._file.path}: legs do not follow their intents", hint="the file is damaged")
        simple = paired & (first["side_a"] == DEBIT) & (first["side_b"] == CREDIT)
        simple &= (first["account_a"] != first["account_b"]) & (first["lo_a"] == first["lo_b"])
        simple &= (first["hi_a"] == first["hi_b"]) & self._usual[first["key_a"]] & self._usual[first["key_b"]]
        columns["simple"] = simple
        columns["payer"] = first["account_a"].astype(np.int32)
        columns["payee"] = first["account_b"].astype(np.int32)
        columns["amount_lo"] = np.ascontiguousarray(first["lo_a"])
        columns["amount_hi"] = np.ascontiguousarray(first["hi_a"])
        other = np.ones(legs.size, dtype=bool)
        other[starts[simple]] = False
        self._insert_legs(legs[other])

    def _insert_legs(self, legs: Column) -> None:
        for half, chosen in (("a", legs), ("b", legs[legs["count"] == 2])):
            if not chosen.size:
                continue
            columns = {
                "arrival_id": names_of(chosen["generation"], chosen["arrival"]),
                "account": chosen[f"account_{half}"].astype(np.int32),
                "side": np.ascontiguousarray(chosen[f"side_{half}"]),
                "balance_key": self._keys[chosen[f"key_{half}"]],
                "lo": np.ascontiguousarray(chosen[f"lo_{half}"]),
                "hi": np.ascontiguousarray(chosen[f"hi_{half}"]),
            }
            self._ground.insert(_INSERT_LEGS, columns)

    def _check(self, intents: Column) -> None:
        if intents.size and (intents["arrival"].max() >> ARRIVAL_BITS or intents["generation"].max() >= GENERATIONS):
            raise IntegrityUnknown(f"{self._file.path} holds an impossible arrival index", hint="the file is damaged")

    def _settle(self, sent: Columns, outcomes: Column) -> None:
        """Join outcomes to the attempts of this and earlier chunks; what has no outcome yet waits."""
        outcomes = outcomes[outcomes["arrival"] >> ARRIVAL_BITS == 0]
        running = outcomes["code"] == _STILL_RUNNING
        if running.any():
            self._busy.append(outcomes[running])
            outcomes = outcomes[~running]
        waiting = {name: np.concatenate([self._open[name], sent[name]]) for name in sent} if self._open else sent
        places, ends, left = _join(waiting["arrival_id"], outcomes)
        self._insert(_taken(waiting, places), ends)
        self._open = _taken(waiting, left)

    def _close(self) -> None:
        """What was never answered is indeterminate; what was last answered with "still running" says so."""
        busy = np.concatenate(self._busy)[::-1] if self._busy else np.empty(0, dtype=DTYPES[Kind.OUTCOME])
        places, ends, left = _join(self._open["arrival_id"], busy)
        self._insert(_taken(self._open, places), ends)
        lost = np.zeros(left.size, dtype=DTYPES[Kind.OUTCOME])
        lost["outcome"] = Outcome.INDETERMINATE
        self._insert(_taken(self._open, left), lost)

    def _insert(self, sent: Columns, outcomes: Column) -> None:
        if not outcomes.size:
            return
        ended = {name: np.ascontiguousarray(outcomes[name]) for name in ("outcome", "status", "code", "fault")}
        for name in ("sent_ns", "answered_ns"):
            moment = outcomes[name]
            ended[name] = np.where(moment != 0, moment + self._offset_ns, 0)
        ended["tries"] = outcomes["try"].astype(np.uint16) + 1
        ended["replayed"] = (outcomes["flags"] & Flag.REPLAYED) != 0
        ended["transaction_hi"] = outcomes["transaction_hi"].astype(np.int64)
        ended["transaction_lo"] = outcomes["transaction_lo"].astype(np.uint64)
        ended["process"] = np.full(outcomes.size, self._process, dtype=np.uint16)
        self._ground.insert(_INSERT_ATTEMPTS, sent | ended)


def names_of(generation: Column, arrival: Column) -> Column:
    """What a journal calls its arrivals, as one integer each (see ARRIVAL_BITS)."""
    return (generation.astype(np.uint64) << np.uint64(ARRIVAL_BITS)) | arrival


def _taken(columns: Columns, places: Column) -> Columns:
    return {name: column[places] for name, column in columns.items()}


def _join(names: Column, outcomes: Column) -> tuple[Column, Column, Column]:
    """Places of names that have an outcome, those outcomes (the first of each), and places of names that have none."""
    ends = names_of(outcomes["generation"], outcomes["arrival"])
    order = _order(names)
    if order is not None:
        names = names[order]
    ended = _order(ends)
    if ended is not None:
        outcomes, ends = outcomes[ended], ends[ended]
    if ends.size > 1:
        fresh = np.concatenate([[True], ends[1:] != ends[:-1]])
        if not fresh.all():
            outcomes, ends = outcomes[fresh], ends[fresh]
    places = np.searchsorted(names, ends)
    known = np.zeros(ends.size, dtype=bool)
    inside = places < names.size
    known[inside] = names[places[inside]] == ends[inside]
    places, outcomes = places[known], outcomes[known]
    left = np.ones(names.size, dtype=bool)
    left[places] = False
    rest = np.flatnonzero(left)
    return (places, outcomes, rest) if order is None else (order[places], outcomes, order[rest])


def _order(names: Column) -> Column | None:
    """What sorts them, stably; None where they are sorted, as a journal of one process nearly always is."""
    if names.size < 2 or bool((names[1:] >= names[:-1]).all()):
        return None
    return np.argsort(names, kind="stable")
