"""How much money was on its way at some time of a stretch, by the journals that are still being written.

A look at all balances takes a while; what moves meanwhile is seen in part. Which requests those can be, the journal
knows: it is written before they leave. May import: `record`, `contract`, `clock`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import numpy as np

from demogen.audit.history import names_of
from demogen.clock import NS_PER_MS, NS_PER_S
from demogen.contract.outcome import Outcome
from demogen.contract.transactions import AccountRef, Action
from demogen.record.journal import DTYPES, Kind
from demogen.record.records import DEBIT
from demogen.record.tail import JournalTail

#: A ledger (its row in the population) and an asset.
Pot: TypeAlias = tuple[int, str]
Column: TypeAlias = np.ndarray[Any, Any]

#: Requests that ended are remembered that long: for those that overlap a look, and for who settles or reverts them.
_KEPT = 1 << 16
#: So long a request that was given up on may still be at work in the ledger.
_GRACE_NS = 30 * NS_PER_S
#: A process whose journal has not grown for that long has nothing on its way.
_SILENT_NS = 5 * NS_PER_S
#: Clocks of two machines may differ by that much.
_SKEW_NS = 5 * NS_PER_MS
#: The ledger was still busy with the first request of that key: not how this one ended.
_STILL_RUNNING = 84
_MOVE_NOTHING = (Action.ANNOTATION, Action.CANCEL)
_STEPS = (Action.COMMIT, Action.REVERT)


class Moved(msgspec.Struct, frozen=True):
    """Atto units on their way, by ledger and asset; in the `unknown` ledgers it cannot be told."""

    atto: dict[Pot, int]
    unknown: frozenset[int]


class Underway:
    """Follows every journal in a folder. All times are unix time in ns."""

    def __init__(self, journals: Path, accounts: Sequence[AccountRef]) -> None:
        self._journals = journals
        self._accounts = accounts
        self._processes: dict[Path, _Process] = {}

    def poll(self) -> None:
        """Read what has been written since the last call. Raises RunFolderError where a file is no journal."""
        for path in sorted(self._journals.glob("*.journal")):
            if path not in self._processes:
                self._processes[path] = _Process(path)
            self._processes[path].poll()

    def reaches(self, began_ns: int, ended_ns: int) -> bool:
        """Whether the journals tell all of a stretch: each has something later, or had long fallen silent before."""
        newest = [process.newest_ns for process in self._processes.values()]
        return all(last > ended_ns + _SKEW_NS or last < began_ns - _SILENT_NS for last in newest)

    def moved(self, began_ns: int, ended_ns: int) -> Moved:
        """What may have been on its way at some time of the stretch."""
        atto: dict[Pot, int] = {}
        unknown: set[int] = set()
        for process in self._processes.values():
            for intent in process.overlapping(began_ns, ended_ns):
                self._add(process, intent, atto, unknown)
        return Moved(atto, frozenset(unknown))

    def _add(self, process: _Process, intent: Any, atto: dict[Pot, int], unknown: set[int]) -> None:
        if intent["action"] in _MOVE_NOTHING:
            return
        totals = self._subject(intent) if intent["action"] in _STEPS else self._totals(process, intent)
        if not totals:
            unknown.add(int(intent["ledger"]))
        for pot, amount in totals.items():
            atto[pot] = atto.get(pot, 0) + amount

    def _subject(self, step: Any) -> dict[Pot, int]:
        """What the transaction moves that a commit or revert is about; empty where nobody remembers it."""
        for process in self._processes.values():
            intent = process.made(step["subject_hi"], step["subject_lo"])
            if intent is not None:
                return self._totals(process, intent)
        return {}

    def _totals(self, process: _Process, intent: Any) -> dict[Pot, int]:
        """The larger of what its legs take and what they give; empty where the legs are missing."""
        sides: dict[Pot, list[int]] = {}
        for account, side, amount in process.legs_of(intent):
            pot = (int(intent["ledger"]), self._accounts[account].asset)
            sides.setdefault(pot, [0, 0])[0 if side == DEBIT else 1] += amount
        return {pot: max(taken, given) for pot, (taken, given) in sides.items()}


class _Process:
    """One journal: what is open, and what ended lately."""

    def __init__(self, path: Path) -> None:
        self._tail = JournalTail(path)
        self.newest_ns = 0
        self._open, self._intents = (np.empty(0, dtype=DTYPES[Kind.INTENT]) for _ in range(2))
        self._outcomes = np.empty(0, dtype=DTYPES[Kind.OUTCOME])
        self._legs = np.empty(0, dtype=DTYPES[Kind.LEGS])
        self._leg_names = _names(self._legs)

    def poll(self) -> None:
        records = self._tail.read()
        offset_ns = int(self._tail.header.get("wall_offset_ns", 0))
        intents, outcomes, legs = records[Kind.INTENT], records[Kind.OUTCOME], records[Kind.LEGS]
        for moments in (intents["due_ns"], outcomes["answered_ns"], records[Kind.DROP]["due_ns"]):
            if moments.size:
                self.newest_ns = max(self.newest_ns, int(moments.max()) + offset_ns)
        intents = intents[intents["action"] < Action.READ_TRANSACTION]
        self._end(np.concatenate([self._open, intents]), outcomes[outcomes["code"] != _STILL_RUNNING])
        legs = np.concatenate([self._legs, legs])
        kept = np.concatenate([_names(self._open), _names(self._intents)])
        self._legs = legs[np.isin(_names(legs), kept)]
        self._leg_names = _names(self._legs)

    def _end(self, intents: Column, outcomes: Column) -> None:
        """Join outcomes to what is open; what has none stays open."""
        ends = _names(outcomes)
        order = np.argsort(ends, kind="stable")
        ends, outcomes = ends[order], outcomes[order]
        names = _names(intents)
        places = np.searchsorted(ends, names)
        ended = np.zeros(names.size, dtype=bool)
        inside = places < ends.size
        ended[inside] = ends[places[inside]] == names[inside]
        self._open = intents[~ended]
        self._intents = np.concatenate([self._intents, intents[ended]])[-_KEPT:]
        self._outcomes = np.concatenate([self._outcomes, outcomes[places[ended]]])[-_KEPT:]

    def overlapping(self, began_ns: int, ended_ns: int) -> Iterator[Any]:
        """Writes that may have been at work in the stretch: open ones, and those whose time overlaps it."""
        offset_ns = int(self._tail.header.get("wall_offset_ns", 0))
        began, ended = began_ns - offset_ns - _SKEW_NS, ended_ns - offset_ns + _SKEW_NS
        outcomes = self._outcomes
        until = outcomes["answered_ns"] + np.where(outcomes["outcome"] == Outcome.INDETERMINATE, _GRACE_NS, 0)
        begun = np.where(outcomes["sent_ns"] != 0, outcomes["sent_ns"], self._intents["due_ns"])
        at_work = (outcomes["outcome"] != Outcome.REJECTED) & (until >= began) & (begun <= ended)
        yield from self._intents[at_work]
        yield from self._open[self._open["due_ns"] <= ended]

    def made(self, high: int, low: int) -> Any | None:
        """The request that made a transaction; None where it is not remembered."""
        found = np.flatnonzero((self._outcomes["transaction_hi"] == high) & (self._outcomes["transaction_lo"] == low))
        return self._intents[found[0]] if found.size else None

    def legs_of(self, intent: Any) -> Iterator[tuple[int, int, int]]:
        """(account, side, atto units) of each leg."""
        name = _names(np.array([intent]))[0]
        for row in self._legs[self._leg_names == name]:
            for half in "ab"[: int(row["count"])]:
                amount = (int(row[f"hi_{half}"]) << 64) + int(row[f"lo_{half}"])
                yield int(row[f"account_{half}"]), int(row[f"side_{half}"]), amount


def _names(records: Column) -> Column:
    return names_of(records["generation"], records["arrival"])
