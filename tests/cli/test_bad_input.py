"""What goes wrong at the door: one clear message with a hint, the documented exit code, nothing left behind."""

from __future__ import annotations

import os
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from demogen.cli.app import main
from demogen.sandbox import Sandbox

DEAD = "http://127.0.0.1:9"


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err + captured.out
    return captured.err.splitlines()


@pytest.fixture(autouse=True)
def _somewhere_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("DEMOGEN_"):
            monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        pytest.param("generate --preset smal", 2, "did you mean small?", id="unknown preset"),
        pytest.param("generate --history-days 5", 2, "history_end", id="a history without an end"),
        pytest.param("generate --industries mining", 2, "mining", id="unknown industry"),
        pytest.param("generate --spec none.toml", 2, "cannot read none.toml", id="spec that is not there"),
        pytest.param("generate --mode distributed", 2, "--part K/N", id="a part of what?"),
        pytest.param("generate --resume", 2, "--run-dir", id="resume what?"),
        pytest.param("run --target-tps -5", 2, "greater than 0", id="negative TPS"),
        pytest.param("run --duration 5x", 2, "write 30s", id="no duration"),
        pytest.param("run --scenario nosuch", 2, "smoke", id="unknown scenario"),
        pytest.param("run --population nowhere", 2, "no population in nowhere", id="population that is not there"),
        pytest.param("run --host http://10.1.2.3:3000", 2, "--allow-target 10.1.2.3", id="somebody else's machine"),
        pytest.param(f"generate --host {DEAD}", 7, "no ledger at", id="dead host"),
        pytest.param(f"run --host {DEAD}", 7, "no ledger at", id="dead host under load"),
        pytest.param("generate --run-dir /proc/nowhere", 2, "cannot make the run folder", id="unwritable folder"),
        pytest.param("run --run-dir /proc/nowhere", 2, "cannot make the run folder", id="unwritable run folder"),
        pytest.param("report nowhere", 2, "there is no run folder nowhere", id="no such run"),
        pytest.param("report .", 2, "holds no run", id="a folder that is no run"),
        pytest.param("runs compare a b", 2, "there is no report in a", id="no such report"),
    ],
)
def test_one_message_a_hint_and_the_exit_code(
    capsys: pytest.CaptureFixture[str], words: str, code: int, says: str
) -> None:
    assert main(words.split()) == code
    lines = told(capsys)
    assert says in "\n".join(lines)
    assert lines[0].startswith("error: ")


def test_every_wrong_setting_is_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--target-tps", "-5", "--preset", "smal", "--duration", "x"]) == 2
    lines = told(capsys)
    assert len([line for line in lines if line.startswith("error: flag --")]) == 3
    assert len([line for line in lines if line.startswith("hint: ")]) == 1


def test_a_host_that_answers_but_is_no_ledger(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        try:
            assert server.stdout is not None
            port = server.stdout.readline().split()[5]
            assert main(["generate", "--host", f"http://127.0.0.1:{port}"]) == 7
        finally:
            server.terminate()
    lines = told(capsys)
    assert "no version" in lines[0]
    assert lines[-1].startswith("hint: --host must name a Midaz ledger")


def test_a_metrics_port_in_use_is_said_before_any_load(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert main(["run", "--metrics-port", port, "--duration", "1s", "--run-dir", str(tmp_path / "run")]) == 2
    assert f"cannot serve metrics on port {port}" in "\n".join(told(capsys))
    assert not list((tmp_path / "run" / "journal").glob("0.journal"))


def test_a_second_run_into_the_same_folder_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "run" / "journal").mkdir(parents=True)
    (tmp_path / "run" / "journal" / "0.journal").write_bytes(b"x")
    assert main(["run", "--run-dir", str(tmp_path / "run")]) == 2
    assert "already holds a run" in told(capsys)[0]


def test_an_unexpected_error_is_one_line_unless_debugged(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pathlib.Path.cwd", lambda: 1 / 0)
    assert main(["config", "show"]) == 1
    lines = told(capsys)
    assert lines == [
        "error: unexpected ZeroDivisionError: division by zero",
        "hint: run with --debug for the traceback",
    ]
    assert main(["--debug", "config", "show"]) == 1
    assert "Traceback" in capsys.readouterr().err


def start(*words: str, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "demogen", *words],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def children_of(folder: Path) -> list[str]:
    """Command lines of processes that mention the folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in line:
            found.append(line)
    return found


def settled(path: Path) -> int:
    """Rows of a manifest that is being written."""
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as manifest:
            return int(manifest.execute("select count(*) from entity").fetchone()[0])
    except sqlite3.Error:
        return 0


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("words", "limit", "unwritable"),
    [
        ("generate --preset medium", 150_000, "population.sqlite"),
        ("run --scenario smoke --target-tps 500 --duration 60s", 800_000, "0.journal"),
    ],
)
def test_a_full_disk_ends_in_one_message(tmp_path: Path, words: str, limit: int, unwritable: str) -> None:
    """No file may grow beyond `limit` bytes: a write fails half-way, as on a full disk."""
    with Sandbox() as ledger:
        run = subprocess.run(
            [sys.executable, "-m", "demogen", *words.split(), "--host", ledger.url, "--run-dir", "full"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        )
    *_, error, hint = run.stderr.splitlines()
    assert run.returncode == 1, run.stderr
    assert error.startswith("error: cannot write full/")
    assert unwritable in error
    assert hint.startswith("hint: free some space")
    assert "Traceback" not in run.stderr


@pytest.mark.e2e
@pytest.mark.parametrize(("number", "code", "says"), [(signal.SIGINT, 130, "--resume"), (signal.SIGTERM, 143, "")])
def test_a_stopped_generate_leaves_nothing_running_and_goes_on(
    tmp_path: Path, number: signal.Signals, code: int, says: str
) -> None:
    run = tmp_path / "run"
    words = ("generate", "--preset", "xlarge", "--run-dir", str(run), "--yes")
    process = start(*words, cwd=tmp_path)
    deadline = time.monotonic() + 60
    while settled(run / "population.sqlite") < 500 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert "Traceback" not in err
    assert says in err
    before = settled(run / "population.sqlite")
    assert before > 0
    assert children_of(run) == []
    if number is signal.SIGINT:
        again = start(*words, "--resume", "--timeout", "4s", cwd=tmp_path)
        _, err = again.communicate(timeout=60)
        assert again.returncode == 1
        assert "the deadline of 4 s has passed" in err
        assert settled(run / "population.sqlite") > before
        assert children_of(run) == []
