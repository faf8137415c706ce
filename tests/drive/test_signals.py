"""Ctrl-C and its kin at any moment: wound up, drained and judged as far as there is something, nothing left behind."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from locusts import finish, free_port, locust, report_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

RUN = ("--headless", "--target-tps", 100, "-u", 4, "-r", 4)


def processes_of(marker: str) -> list[str]:
    """Command lines of the processes that mention the marker."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if marker in words:
            found.append(words)
    return found


def when(process, condition):
    """Wait for it, as long as the process lives."""
    until = time.monotonic() + 60
    while not condition() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    assert process.poll() is None, process.communicate()


def written(path: Path, size: int = 1):
    return lambda: path.exists() and path.stat().st_size >= size


def ended(process, folder, *, code):
    """It ends with that code, in words, and alone; returns what it said."""
    ended_with, out, err = finish(process, timeout=60)
    assert ended_with == code, out + err
    # Locust's own race where a worker reports before it counts its users is no business of a signal.
    if "user_classes_count" not in err:
        assert "Traceback" not in out + err
        assert "Error" not in out + err
    assert processes_of(str(folder)) == []
    return out + err


@pytest.mark.parametrize("moment", ["starting", "run folder", "population.sqlite", "opening.sqlite"])
def test_ctrl_c_before_the_load(tmp_path, moment):
    folder = tmp_path / "run"
    process = locust(*RUN, "-t", "60s", "--preset", "medium", "--run-dir", folder, cwd=tmp_path)
    if moment == "starting":
        # The locustfile is being read: a module in C that only we import is there by then.
        when(process, lambda: "msgspec" in Path(f"/proc/{process.pid}/maps").read_text())
    else:
        when(process, folder.exists if moment == "run folder" else written(folder / moment))
    process.send_signal(signal.SIGINT)
    ended(process, folder, code=130)
    assert not (folder / "report.json").exists()


@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(signal.SIGINT, 130, id="Ctrl-C"),
        pytest.param(signal.SIGTERM, 143, id="terminated"),
        pytest.param(signal.SIGHUP, 129, id="the terminal is gone"),
    ],
)
def test_under_load_it_drains_and_judges(tmp_path, number, code):
    folder = tmp_path / "run"
    process = locust(*RUN, "-t", "60s", "--run-dir", folder, cwd=tmp_path)
    when(process, written(folder / "journal" / "0.journal", 20_000))
    process.send_signal(number)
    ended(process, folder, code=code)
    report = report_of(folder)
    assert report["verdict"] == "HOLDS", report["audit"]
    assert report["interrupted"]
    assert report["outcomes"]["indeterminate"] == 0


def test_while_the_books_are_judged_they_are_judged(tmp_path):
    folder = tmp_path / "run"
    process = locust(*RUN, "-t", "2s", "--run-dir", folder, cwd=tmp_path)
    when(process, (folder / "measurement.json").exists)
    process.send_signal(signal.SIGINT)
    ended(process, folder, code=130)
    assert report_of(folder)["verdict"] == "HOLDS"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "terminated"])
def test_twice_gives_up_and_says_what_is_left_to_do(tmp_path, number):
    folder = tmp_path / "run"
    process = locust(*RUN, "-t", "2s", "--run-dir", folder, cwd=tmp_path)
    when(process, (folder / "measurement.json").exists)
    process.send_signal(number)
    time.sleep(0.1)
    process.send_signal(number)
    said = ended(process, folder, code=128 + number)
    if not (folder / "report.json").exists():
        assert f"demogen audit {folder}" in said


def test_a_master_that_waits_for_workers_can_be_told_to_stop(tmp_path):
    folder, port = tmp_path / "run", free_port()
    master = locust(
        *RUN, "-t", "60s", "--master", "--expect-workers", 2, "--master-bind-port", port, "--run-dir", folder,
        cwd=tmp_path,
    )  # fmt: skip
    worker = locust("--worker", "--master-port", port, cwd=tmp_path)
    assert any("reported as ready" in line for line in iter(master.stderr.readline, ""))
    master.send_signal(signal.SIGINT)
    ended(master, folder, code=130)
    # A worker told to go before it has begun in earnest misses it, and goes when the master has long been silent.
    assert finish(worker, timeout=90)[0] == 0


def test_ctrl_c_at_the_terminal_reaches_every_process(tmp_path):
    folder, port = tmp_path / "run", free_port()
    process = locust(
        *RUN, "-t", "60s", "--processes", 2, "--master-bind-port", port, "--master-port", port, "--run-dir", folder,
        cwd=tmp_path, start_new_session=True,
    )  # fmt: skip
    when(process, written(folder / "journal" / "1.journal", 10_000))
    os.killpg(process.pid, signal.SIGINT)
    ended(process, folder, code=130)
    report = report_of(folder)
    assert report["verdict"] == "HOLDS", report["audit"]
    assert report["workers"] == {"count": 2, "lost": 0}
    assert report["outcomes"]["indeterminate"] == 0
