"""A run on the embedded sandbox can be judged again after the sandbox is gone, and after the run was killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


def demogen(*words, cwd, **options):
    command = [sys.executable, "-m", "demogen", *map(str, words)]
    return subprocess.Popen(
        command, cwd=cwd, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options,
    )  # fmt: skip


def test_a_finished_run_is_judged_again(tmp_path):
    run = demogen("run", "--target-tps", 50, "--duration", "2s", "--run-dir", tmp_path / "run", cwd=tmp_path)
    out, err = run.communicate(timeout=120)
    assert run.returncode in (0, 6), out + err
    again = demogen("audit", tmp_path / "run", cwd=tmp_path)
    out, err = again.communicate(timeout=120)
    assert again.returncode == 0, out + err


def test_a_killed_run_is_judged_afterwards(tmp_path):
    folder = tmp_path / "run"
    run = demogen("run", "--target-tps", 100, "--duration", "60s", "--run-dir", folder, cwd=tmp_path)
    journal, until = folder / "journal" / "0.journal", time.monotonic() + 60
    while time.monotonic() < until and not (journal.exists() and journal.stat().st_size > 60_000):
        time.sleep(0.1)
    run.send_signal(signal.SIGKILL)
    run.communicate()
    audit = demogen("audit", folder, cwd=tmp_path)
    out, err = audit.communicate(timeout=120)
    assert audit.returncode == 0, out + err
    verdicts = json.loads((folder / "audit.json").read_text())
    assert verdicts["verdict"] == "HOLDS"
