"""A run killed at any moment is judged rightly: a faultless ledger is never accused, a faulty one never cleared."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from demogen.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
#: From before the first request to after the last.
SECONDS = 4.0


def killed_run(folder, url, *, after_s):
    """`demogen run`, killed with its whole process group after the first journal record was written."""
    words = ["run", "--host", url, "--target-tps", "300", "--duration", f"{SECONDS:g}s", "--run-dir", str(folder)]
    child = subprocess.Popen(
        [sys.executable, "-m", "demogen", *words, "--quiet"], cwd=ROOT, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    journal = folder / "journal" / "0.journal"
    deadline = time.monotonic() + 60
    while not journal.exists() and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(after_s)
    if child.poll() is None:
        child.send_signal(signal.SIGKILL)
    child.wait(10)


def judged(folder, url):
    """`demogen audit`: exit code and report."""
    done = subprocess.run(
        [sys.executable, "-m", "demogen", "audit", str(folder), "--host", url, "--quiet"], cwd=ROOT, check=False
    )
    return done.returncode, json.loads((folder / "audit.json").read_text())


def moments(count):
    dice = random.Random(11)
    return [round(dice.uniform(0.0, SECONDS), 3) for _ in range(count)]


@pytest.mark.e2e
@pytest.mark.parametrize("after_s", moments(4))
def test_a_killed_run_on_a_faultless_ledger_holds(tmp_path, after_s):
    with Sandbox(db=str(tmp_path / "ledger.sqlite")) as sandbox:
        killed_run(tmp_path / "run", sandbox.url, after_s=after_s)
        code, report = judged(tmp_path / "run", sandbox.url)
    assert (code, report["verdict"]) == (0, "HOLDS"), report["findings"] or report["doubts"]


@pytest.mark.e2e
@pytest.mark.parametrize("after_s", [2.0])
def test_a_killed_run_on_a_faulty_ledger_is_violated(tmp_path, after_s):
    with Sandbox(db=str(tmp_path / "ledger.sqlite"), defects=["lost-update"]) as sandbox:
        killed_run(tmp_path / "run", sandbox.url, after_s=after_s)
        code, report = judged(tmp_path / "run", sandbox.url)
    assert (code, report["invariants"]["accounts-replay"]) == (4, "VIOLATED")


@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_hundred_random_kills_never_make_a_wrong_verdict(tmp_path):
    wrong = []
    for number, after_s in enumerate(moments(100)):
        folder = tmp_path / str(number)
        folder.mkdir()
        with Sandbox(db=str(folder / "ledger.sqlite")) as sandbox:
            killed_run(folder / "run", sandbox.url, after_s=after_s)
            _, report = judged(folder / "run", sandbox.url)
        if report["verdict"] != "HOLDS":
            wrong.append((after_s, report["verdict"], report["findings"][:1], report["doubts"][:1]))
    assert wrong == []
