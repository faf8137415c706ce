"""End to end: real Locust, real HTTP, the embedded sandbox, the audit, the report, the exit code."""

from __future__ import annotations

import re
import signal
import socket
import time
import urllib.request
from pathlib import Path

import pytest
from locusts import finish, free_port, locust, report_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


def no_child_is_left(marker: str):
    # The last of those that were told to end may just be doing so.
    until = time.monotonic() + 10
    while (left := alive(marker)) and time.monotonic() < until:
        time.sleep(0.1)
    assert not left


def alive(marker: str):
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if marker in words:
            found.append(words)
    return found


def assert_a_run_that_is_fine(folder, code, *, tps, seconds, workers):
    report = report_of(folder)
    # A machine that is busy with other tests may hold the generator up; then it must say so.
    assert code == (6 if report["generator"]["limited"] else 0), report["gates"]
    assert report["verdict"] == "HOLDS", report["audit"]
    assert report["promised_tps"] == tps
    assert report["delivered_tps"] == pytest.approx(tps, rel=0.01)
    offered = round(tps * seconds)
    assert report["arrivals"]["offered"] == report["arrivals"]["sent"] == offered
    outcomes = report["outcomes"]
    assert outcomes["accepted"] + outcomes["rejected"] == offered
    assert (outcomes["indeterminate"], outcomes["unexpected"]) == (0, 0)
    assert report["workers"]["count"] == workers
    for kind in ("service", "response"):
        assert 0 < report["latency_ms"][kind]["p50"] <= report["latency_ms"][kind]["p99"]
    assert report["population"]["accounts"] == 10
    assert "<html" in (folder / "report.html").read_text(encoding="utf-8")


def test_one_process_headless(tmp_path):
    folder = tmp_path / "run"
    process = locust("--headless", "--target-tps", 100, "-t", "4s", "-u", 4, "-r", 4, "--run-dir", folder, cwd=tmp_path)
    code, out, err = finish(process)
    assert code in (0, 6), out + err
    assert_a_run_that_is_fine(folder, code, tps=100, seconds=4, workers=1)
    assert re.search(r"no --host: practising on the embedded sandbox at http://127\.0\.0\.1:\d+", err)
    assert "HOLDS" in out
    no_child_is_left(str(folder))


def test_two_forked_processes_share_one_schedule(tmp_path):
    folder, port, cluster = tmp_path / "run", free_port(), free_port()
    process = locust(
        "--headless", "--processes", 2, "--target-tps", 100, "-t", "5s", "-u", 4, "-r", 4, "--run-dir", folder,
        "--metrics-port", port, "--master-bind-port", cluster, "--master-port", cluster, cwd=tmp_path,
    )  # fmt: skip
    scraped, until = "", time.monotonic() + 60
    while process.poll() is None and time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2) as answer:
                text = answer.read().decode()
        except OSError:
            text = ""
        scraped = text if 'demogen_load_processes{state="playing"} 2.0' in text else scraped
        time.sleep(0.3)
    code, out, err = finish(process)
    assert code in (0, 6), out + err
    assert_a_run_that_is_fine(folder, code, tps=100, seconds=5, workers=2)
    figures = dict(line.rsplit(" ", 1) for line in scraped.splitlines() if line and not line.startswith("#"))
    assert 0 < float(figures["demogen_arrivals_offered_total"]) <= 500
    ended = sum(float(value) for name, value in figures.items() if name.startswith("demogen_transactions_total"))
    counted = sum(float(v) for name, v in figures.items() if name.startswith("demogen_response_seconds_count"))
    assert ended == counted
    assert float(figures['demogen_load_processes{state="playing"}']) == 2


def test_master_and_worker_on_a_named_ledger(tmp_path, sandbox_url):
    folder, port = tmp_path / "run", free_port()
    master = locust(
        "--headless", "--master", "--expect-workers", 1, "--master-bind-port", port, "--host", sandbox_url,
        "--target-tps", 80, "-t", "4s", "-u", 2, "-r", 2, "--run-dir", folder, cwd=tmp_path,
    )  # fmt: skip
    (tmp_path / "worker").mkdir()
    worker = locust("--worker", "--master-port", port, cwd=tmp_path / "worker")
    code, out, err = finish(master)
    assert code in (0, 6), out + err
    assert finish(worker)[0] == 0
    assert_a_run_that_is_fine(folder, code, tps=80, seconds=4, workers=1)
    assert (folder / "journal" / "0.journal").stat().st_size > 1000
    assert not list((tmp_path / "worker").iterdir())


def test_ctrl_c_drains_judges_and_ends_130(tmp_path):
    folder = tmp_path / "run"
    process = locust("--headless", "--target-tps", 100, "-t", "60s", "--run-dir", folder, cwd=tmp_path)
    wait_for_load(folder)
    process.send_signal(signal.SIGINT)
    code, out, err = finish(process)
    assert code == 130, out + err
    report = report_of(folder)
    assert report["verdict"] == "HOLDS"
    assert report["interrupted"]
    assert "Traceback" not in err
    no_child_is_left(str(folder))


def test_ctrl_c_while_bootstrapping_leaves_nothing_behind(tmp_path):
    folder = tmp_path / "run"
    process = locust("--headless", "--preset", "xlarge", "-t", "60s", "--run-dir", folder, cwd=tmp_path)
    until = time.monotonic() + 60
    while not (folder / "population.sqlite").exists() and time.monotonic() < until:
        time.sleep(0.1)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    code, out, err = finish(process)
    assert code == 130, out + err
    assert "Traceback" not in err
    no_child_is_left(str(folder))


def wait_for_load(folder, at_least=50_000):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        journal = folder / "journal" / "0.journal"
        if journal.exists() and journal.stat().st_size > at_least:
            return
        time.sleep(0.1)
    raise AssertionError("the load never began")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        pytest.param(["--host", "http://127.0.0.1:1"], 7, "127.0.0.1:1", id="nobody listens"),
        pytest.param(["--host", "http://no-such-host.invalid"], 2, "no-such-host.invalid", id="not this machine"),
        pytest.param(["--target-tps", "-5"], 2, "target", id="negative rate"),
        pytest.param(["-t", "0s"], 2, "flag --run-time: 0.0 should be greater than 0", id="no time at all"),
        pytest.param(["-u", "-3"], 2, "flag --users: -3", id="fewer than no connections"),
        pytest.param(["--skew", "zipf:x"], 2, "hot:1%:80%", id="unknown skew"),
        pytest.param(["--preset", "gigantic"], 2, "gigantic", id="unknown preset"),
        pytest.param(["--transaction-format", "xml"], 2, "xml", id="unknown format"),
        pytest.param(["--population", "/nowhere"], 2, "/nowhere", id="no such population"),
        pytest.param(["--run-dir", "/proc/nope"], 2, "/proc/nope", id="unwritable folder"),
    ],
)
def test_what_is_wrong_is_said_in_one_message(tmp_path, words, code, says):
    options = {"--run-dir": tmp_path / "run", "-t": "3s"}
    given = dict(zip(words[::2], words[1::2], strict=True))
    merged = [part for pair in {**options, **given}.items() for part in pair]
    ended, out, err = finish(locust("--headless", *merged, cwd=tmp_path))
    assert ended == code, out + err
    assert says in err
    assert "Traceback" not in out + err
    # What was said is not buried under tables of nothing.
    assert "Response time percentiles" not in out + err


def test_a_port_in_use_is_said(tmp_path):
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = locust("--headless", "-t", "3s", "--run-dir", tmp_path / "run", "--metrics-port", port, cwd=tmp_path)
        code, out, err = finish(process)
    assert code == 2, out + err
    assert str(port) in err
    assert "Traceback" not in out + err


def test_a_generator_that_stood_still_is_no_measure_of_the_ledger(tmp_path, sandbox_url):
    folder = tmp_path / "run"
    process = locust(
        "--headless", "--host", sandbox_url, "--target-tps", 100, "-t", "5s", "-u", 4, "-r", 4, "--run-dir", folder,
        cwd=tmp_path,
    )  # fmt: skip
    wait_for_load(folder, at_least=5_000)
    process.send_signal(signal.SIGSTOP)
    time.sleep(1)
    process.send_signal(signal.SIGCONT)
    code, out, err = finish(process)
    assert code == 6, out + err
    report = report_of(folder)
    assert report["generator"]["limited"]
    assert any("it stood still" in reason for reason in report["generator"]["reasons"]), report["generator"]
    # The schedule was kept all the same, and the wait is in the response times.
    assert report["arrivals"]["sent"] == 500
    assert report["latency_ms"]["response"]["max"] >= 900
    assert report["verdict"] == "HOLDS", report["audit"]


def test_nobody_who_reads_is_no_trouble(tmp_path):
    folder = tmp_path / "run"
    process = locust("--headless", "--target-tps", 40, "-t", "2s", "--run-dir", folder, cwd=tmp_path)
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(timeout=120)
    assert "Traceback" not in err
    assert process.returncode == report_of(folder)["exit_code"], err


def test_a_terminal_of_ascii_is_no_trouble(tmp_path, monkeypatch):
    for name, value in {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}.items():
        monkeypatch.setenv(name, value)
    folder = tmp_path / "run"
    code, out, err = finish(locust("--headless", "--target-tps", 40, "-t", "2s", "--run-dir", folder, cwd=tmp_path))
    assert "Traceback" not in out + err
    assert "HOLDS: promised 40 TPS" in out
    assert code == report_of(folder)["exit_code"], out + err


@pytest.mark.parametrize("words", [["--master", "--expect-workers", "1"], ["--processes", "2"]], ids=" ".join)
def test_the_workers_port_in_use_is_said(tmp_path, words):
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = taken.getsockname()[1]
        folder = tmp_path / "run"
        process = locust(
            "--headless", *words, "-t", "3s", "--run-dir", folder, "--master-bind-port", port, cwd=tmp_path
        )
        code, out, err = finish(process)
    assert code == 2, out + err
    assert f"{port}" in err
    assert "hint: name another --master-bind-port" in err
    assert "Traceback" not in out + err
    no_child_is_left(str(folder))


def test_forked_workers_end_with_a_master_that_cannot_begin(tmp_path):
    folder, port = tmp_path / "run", free_port()
    process = locust(
        "--headless", "--processes", 2, "-t", "3s", "--run-dir", folder, "--host", "http://127.0.0.1:1",
        "--master-bind-port", port, "--master-port", port, cwd=tmp_path,
    )  # fmt: skip
    code, out, err = finish(process)
    assert code == 7, out + err
    assert "Traceback" not in out + err
    no_child_is_left(str(folder))


def test_a_disk_that_fills_up_is_said_once(tmp_path, sandbox_url):
    """A file size limit stands in for the full disk: the write fails in the same place."""
    folder = tmp_path / "run"
    process = locust(
        "--headless", "--target-tps", 400, "-t", "20s", "--run-dir", folder, "--host", sandbox_url,
        cwd=tmp_path, file_kib_max=300,
    )  # fmt: skip
    code, out, err = finish(process)
    # 5 where the audit could still say that it cannot judge, 1 where not even that could be written.
    assert code in (1, 5), out + err
    assert "cannot write" in err
    assert "free some space" in err
    assert "Traceback" not in out + err
