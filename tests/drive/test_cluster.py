"""Workers join, leave and die: the rate is re-shared within seconds, no key is used twice, the verdict stays right."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from locusts import ROOT, finish, free_port, locust, report_of

from demogen.record.journal import JournalFile, Kind

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

TPS, SECONDS = 100, 18


@pytest.fixture
def cluster(tmp_path, sandbox_url, request):
    """A master with two workers that have begun to play, and a way to start more."""
    port, processes = free_port(), []
    seconds = getattr(request, "param", SECONDS)
    folder = tmp_path / "run"
    master = locust(
        "--headless", "--master", "--expect-workers", 2, "--master-bind-port", port, "--host", sandbox_url,
        "--target-tps", TPS, "-t", f"{seconds}s", "-u", 4, "-r", 4, "--run-dir", folder, cwd=tmp_path,
    )  # fmt: skip

    def add_worker():
        worker = locust("--worker", "--master-port", port, cwd=tmp_path)
        processes.append(worker)
        return worker

    workers = [add_worker(), add_worker()]
    until = time.monotonic() + 60
    while time.monotonic() < until and len(list(folder.glob("journal/[01].journal"))) < 2:
        time.sleep(0.1)
    yield folder, master, workers, add_worker
    for process in [master, *processes]:
        if process.poll() is None:
            process.kill()
        process.communicate()


def marks(folder):
    """How often each key was sent for the first time, by (generation, arrival)."""
    used = Counter()
    for path in folder.glob("journal/[0-9]*.journal"):
        for chunk in JournalFile(path).chunks():
            for row in chunk[Kind.INTENT]:
                if row["arrival"] < 1 << 62:
                    used[int(row["generation"]), int(row["arrival"])] += 1
    return used


def assert_no_key_is_used_twice(report, folder):
    used = marks(folder)
    assert max(used.values()) == 1
    # A killed process has sent some that it could not report any more: its journal knows of them.
    assert len({arrival for _, arrival in used}) == len(used) >= report["arrivals"]["sent"]


def assert_shared_at_last_among(processes, folder):
    """From some arrival on each of so many load processes took its turn, and none was left out.

    Told by the journals and not by the clock: a machine that is busy delays what is seen, not what is shared.
    """
    taken = {}
    for path in folder.glob("journal/[0-9]*.journal"):
        for chunk in JournalFile(path).chunks():
            for row in chunk[Kind.INTENT]:
                if row["arrival"] < 1 << 62:
                    taken[int(row["arrival"])] = (int(row["generation"]), path.stem)
    last = max(generation for generation, _ in taken.values())
    assert last > 1
    shared = {arrival: process for arrival, (generation, process) in taken.items() if generation == last}
    assert len(set(shared.values())) == processes
    first = min(shared)
    assert sorted(shared) == list(range(first, first + len(shared)))
    assert all(
        shared[arrival] == shared[arrival - processes] for arrival in list(shared) if arrival - processes >= first
    )
    return first


def test_a_killed_worker_costs_its_share_for_seconds_only(cluster):
    folder, master, (victim, _), _ = cluster
    time.sleep(3)
    victim.send_signal(signal.SIGKILL)
    code, out, err = finish(master)
    report = report_of(folder)
    assert report["verdict"] == "HOLDS", report["audit"]
    assert report["degraded"]
    assert report["workers"] == {"count": 2, "lost": 1}
    lost = report["arrivals"]["dropped_by_reason"]["worker_lost"]
    # Half the rate is missing for seconds only (six of them where the machine lets the master look: `test_seats`), and
    # for two at least: nobody notices a death sooner.
    assert 0.5 * TPS <= lost <= 0.5 * TPS * 12, report["arrivals"]
    assert report["arrivals"]["sent"] + report["arrivals"]["dropped"] == report["arrivals"]["offered"] == TPS * SECONDS
    assert_no_key_is_used_twice(report, folder)
    assert_shared_at_last_among(1, folder)
    assert code in (3, 6), out + err


def test_what_a_killed_worker_owed_is_counted_though_the_run_was_stopped(cluster):
    folder, master, (victim, _), _ = cluster
    time.sleep(2)
    victim.send_signal(signal.SIGKILL)
    time.sleep(5.5)
    master.send_signal(signal.SIGINT)
    code, out, err = finish(master)
    report = report_of(folder)
    assert code == 130, out + err
    assert report["verdict"] == "HOLDS", report["audit"]
    assert report["workers"] == {"count": 2, "lost": 1}
    arrivals = report["arrivals"]
    assert 0.5 * TPS <= arrivals["dropped_by_reason"]["worker_lost"] <= 0.5 * TPS * 12
    assert arrivals["sent"] + arrivals["dropped"] == arrivals["offered"]


def test_a_worker_that_leaves_hands_its_share_over(cluster):
    folder, master, (leaver, _), _ = cluster
    time.sleep(3)
    leaver.send_signal(signal.SIGINT)
    code, out, err = finish(master)
    report = report_of(folder)
    assert code in (0, 6), out + err
    assert report["verdict"] == "HOLDS", report["audit"]
    assert report["degraded"]
    assert report["arrivals"]["dropped"] == 0
    assert report["arrivals"]["offered"] == TPS * SECONDS
    assert_no_key_is_used_twice(report, folder)
    assert_shared_at_last_among(1, folder)


@pytest.mark.parametrize("cluster", [90], indirect=True, ids=["until it is stopped"])
def test_a_worker_that_joins_takes_its_share(cluster):
    folder, master, _, add_worker = cluster
    add_worker()
    newcomers = folder / "journal" / "2.journal"
    until = time.monotonic() + 60
    while not (newcomers.exists() and newcomers.stat().st_size > 10_000) and time.monotonic() < until:
        time.sleep(0.1)
    master.send_signal(signal.SIGINT)
    code, out, err = finish(master)
    report = report_of(folder)
    assert code == 130, out + err
    assert report["workers"] == {"count": 3, "lost": 0}, err
    assert report["arrivals"]["dropped"] == 0
    assert report["verdict"] == "HOLDS", report["audit"]
    assert_no_key_is_used_twice(report, folder)
    assert_shared_at_last_among(3, folder)


def test_a_killed_master_leaves_workers_that_end_and_books_that_can_be_judged(cluster):
    folder, master, workers, _ = cluster
    time.sleep(2)
    master.kill()
    said = [finish(worker, timeout=40) for worker in workers]
    assert [code for code, _, _ in said] == [6, 6], said
    assert all("the master is silent" in err for _, _, err in said)
    code, report = audited(folder)
    # What the workers still know is missing: nobody is accused for it, and nothing is taken for proven.
    assert (code, report["verdict"]) == (5, "UNKNOWN"), report["findings"]
    spools = [re.search(r"--journal (\S+)", err).group(1) for _, _, err in said]
    assert all(spool in json.dumps(report["doubts"]) for spool in spools)
    code, report = audited(folder, *spools)
    assert (code, report["verdict"]) == (0, "HOLDS"), report["findings"] or report["doubts"]
    assert max(marks(folder).values()) == 1
    for spool in spools:
        shutil.rmtree(Path(spool).parent)


def audited(folder, *journals):
    """`demogen audit`: exit code and report."""
    words = [word for journal in journals for word in ("--journal", journal)]
    command = [sys.executable, "-m", "demogen", "audit", str(folder), "--quiet", *words]
    done = subprocess.run(command, cwd=ROOT, check=False)
    return done.returncode, json.loads((folder / "audit.json").read_text(encoding="utf-8"))
