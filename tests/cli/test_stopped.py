"""Signals at the door: a load ends early and is judged, anything else unwinds; one line, the shell's exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from demogen.cli.signals import Signals, Stopped

LOAD = ("run", "--scenario", "smoke", "--target-tps", "60", "--run-dir", "run")
SIGNALS = [
    pytest.param(signal.SIGINT, 130, id="Ctrl-C"),
    pytest.param(signal.SIGTERM, 143, id="terminated"),
    pytest.param(signal.SIGHUP, 129, id="the terminal is gone"),
]


def start(cwd: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "demogen", *words]
    return subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def when(process: subprocess.Popen[str], condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)


def written(path: Path, size: int) -> Callable[[], bool]:
    return lambda: path.exists() and path.stat().st_size >= size


def test_the_first_signal_ends_a_load_and_the_second_unwinds() -> None:
    signals, told = Signals(), []
    before = {number: signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)}
    try:
        signals.listen()
        with signals.easing(lambda: told.append("stop")):
            os.kill(os.getpid(), signal.SIGTERM)
            with pytest.raises(Stopped):
                os.kill(os.getpid(), signal.SIGINT)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert told == ["stop"]
    assert signals.eased_by is not None
    assert signals.heard is not None
    assert (signals.eased_by.exit_code, signals.heard.exit_code) == (143, 130)


@pytest.mark.e2e
@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_load_is_drained_and_judged(tmp_path: Path, number: signal.Signals, code: int) -> None:
    process = start(tmp_path, *LOAD, "--duration", "60s")
    when(process, written(tmp_path / "run/journal/0.journal", 10_000))
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, out + err
    assert "Traceback" not in out + err
    told = json.loads((tmp_path / "run/report.json").read_text())
    assert (told["verdict"], told["interrupted"]) == ("HOLDS", True)


@pytest.mark.e2e
@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_an_audit_that_is_stopped_says_how_to_go_on(tmp_path: Path, number: signal.Signals, code: int) -> None:
    process = start(tmp_path, *LOAD, "--duration", "2s")
    when(process, (tmp_path / "run/book.duckdb").exists)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, out + err
    assert "later: demogen audit run" in err
    assert "Traceback" not in out + err


@pytest.mark.e2e
def test_a_ctrl_c_while_the_program_is_loaded_is_no_traceback(tmp_path: Path) -> None:
    process = start(tmp_path, "doctor")
    # The command's library in C comes after our first line and long before the last.
    when(process, lambda: "pydantic_core" in Path(f"/proc/{process.pid}/maps").read_text())
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    assert "Traceback" not in out + err
