"""A journal that grows is read record by record, each once, and never half of one."""

from __future__ import annotations

import pytest

from demogen.errors import RunFolderError
from demogen.record.journal import DropReason, JournalWriter, Kind
from demogen.record.tail import JournalTail


def dropped(tail):
    return tail.read()[Kind.DROP]["arrival"].tolist()


def drop(journal, arrival):
    journal.drop(arrival=arrival, generation=1, due_ns=0, reason=DropReason.NO_SLOT)
    journal.flush()


def test_each_record_comes_once(tmp_path):
    tail = JournalTail(tmp_path / "0.journal")
    assert (dropped(tail), tail.header) == ([], {})
    journal = JournalWriter(tmp_path / "0.journal", header={"process": 3})
    assert dropped(tail) == []
    assert tail.header["process"] == 3
    drop(journal, 1)
    drop(journal, 2)
    assert dropped(tail) == [1, 2]
    assert dropped(tail) == []
    drop(journal, 3)
    assert dropped(tail) == [3]


@pytest.mark.parametrize("torn_at", [1, 5, 20, 63, 64, 100, 127])
def test_what_is_half_written_waits(tmp_path, torn_at):
    whole = tmp_path / "whole"
    journal = JournalWriter(whole, header={"process": 0})
    begin = journal.bytes_written
    drop(journal, 1)
    drop(journal, 2)
    raw, growing = whole.read_bytes(), tmp_path / "0.journal"
    # Torn in the header first, then in a record, then with a hole where a record will be.
    for piece in (raw[: min(torn_at, begin - 1)], raw[: begin + torn_at], raw[:-64] + bytes(64)):
        growing.write_bytes(piece)
        JournalTail(growing).read()
    tail = JournalTail(growing)
    growing.write_bytes(raw[: min(torn_at, begin - 1)])
    assert dropped(tail) == []
    growing.write_bytes(raw[: begin + torn_at])
    assert dropped(tail) == [1] * (torn_at >= 64)
    growing.write_bytes(raw)
    assert dropped(tail) == ([2] if torn_at >= 64 else [1, 2])


def test_what_is_no_journal_is_said(tmp_path):
    (tmp_path / "0.journal").write_bytes(b"x" * 200)
    with pytest.raises(RunFolderError):
        JournalTail(tmp_path / "0.journal").read()
