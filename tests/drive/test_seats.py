"""Who counts as gone: a process that ended, or has been silent while we listened; never one that we slept through."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from locusts import ROOT

BEGIN = """
import socket, subprocess, sys
from pathlib import Path
import demogen.drive
from demogen.clock import NS_PER_S as S
from demogen.drive.seats import Seats

folder = Path(sys.argv[1])
seats = Seats()

def seat(name, pid):
    spool = folder / name / "spool"
    spool.parent.mkdir()
    spool.write_bytes(b"journal")
    one = seats.take(name, journals=folder, now_ns=0)
    one.be_ready({"host": socket.gethostname(), "pid": pid, "spool": str(spool)}, now_ns=0)
    return one, spool

living = subprocess.Popen(["sleep", "60"])
ended = subprocess.Popen(["true"])
ended.wait()
"""


@pytest.fixture
def said(tmp_path):
    """What a program says that begins as above; in a child, since the room patches sockets."""

    def run(program):
        ended = subprocess.run(
            [sys.executable, "-c", BEGIN + program + "\nliving.kill()", str(tmp_path)],
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.splitlines()

    return run


def test_silence_while_we_listen_is_a_loss(said):
    assert said("""
one, _ = seat("a", living.pid)
print([len(seats.leave_silent(second * S)) for second in range(1, 7)])
""") == ["[0, 0, 0, 1, 0, 0]"]


def test_what_we_slept_ourselves_is_no_silence_of_theirs(said):
    assert said("""
one, _ = seat("a", living.pid)
print([len(seats.leave_silent(second * S)) for second in (1, 2, 9, 10, 11, 12, 13, 14)])
""") == ["[0, 0, 0, 0, 0, 0, 1, 0]"]


def test_nobody_is_awaited_before_the_load_begins(said):
    assert said("""
one, _ = seat("a", living.pid)
seats.wait_from(30 * S)
print([len(seats.leave_silent(second * S)) for second in (29, 30, 31, 32, 33, 34, 35)])
""") == ["[0, 0, 0, 0, 0, 1, 0]"]


def test_the_journal_of_the_dead_is_taken_that_of_the_living_is_left(said):
    assert said("""
for name, pid in (("living", living.pid), ("ended", ended.pid)):
    one, spool = seat(name, pid)
    one.begin_share(None)
    one.lost = True
    one.recover()
    print(spool.exists(), one.journal.exists(), one.incomplete, one in seats.expected)
""") == [
        "True False load process 0 fell silent and still runs: what it does is not known True",
        "False True  False",
    ]


def test_who_never_got_a_share_owes_no_journal(said):
    assert said("""
one, _ = seat("late", living.pid)
print(repr(one.incomplete))
one.begin_share(None)
print(one.incomplete.partition(";")[0])
""") == ["''", "load process 0 has not handed in all of its journal"]
