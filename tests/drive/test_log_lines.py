"""With --log-format json all that a run says on stderr is one object a line; its result on stdout stays as it is."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest
from locusts import ROOT, finish, locust

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


def lines_of(err):
    """All but Locust's greeting, which comes before anybody can have a say."""
    first, *lines = err.splitlines()
    assert "Starting Locust" in first
    return [json.loads(line) for line in lines]


def test_every_line_of_a_run_is_an_object(tmp_path):
    process = locust(
        "--headless", "--log-format", "json", "--target-tps", 40, "-t", "2s", "--run-dir", tmp_path / "run",
        cwd=tmp_path,
    )  # fmt: skip
    code, out, err = finish(process)
    assert code in (0, 6), out + err
    lines = lines_of(err)
    assert {"time", "level", "logger", "message", "host", "pid"} <= set(lines[-1])
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00", line["time"]) for line in lines)
    said = "\n".join(line["message"] for line in lines)
    assert "practising on the embedded sandbox" in said
    assert "population: " in said
    assert "HOLDS" in out


def test_an_error_is_an_object_too(tmp_path):
    process = locust(
        "--headless", "--log-format", "json", "--host", "http://127.0.0.1:1", "-t", "2s", "--run-dir",
        tmp_path / "run", cwd=tmp_path,
    )  # fmt: skip
    code, out, err = finish(process)
    assert code == 7, out + err
    assert any("127.0.0.1:1" in line["message"] for line in lines_of(err))


TOKEN = "only-a-test-0123456789"


def nothing_has(folder, secret):
    return not [path for path in folder.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]


def test_debug_shows_pairs_and_no_secret(tmp_path, sandbox_url, monkeypatch):
    monkeypatch.setenv("DEMOGEN_TOKEN", TOKEN)
    process = locust(
        "--headless", "--loglevel", "DEBUG", "--target-tps", 20, "-t", "2s", "--host", sandbox_url, "--run-dir",
        tmp_path / "run", cwd=tmp_path,
    )  # fmt: skip
    code, out, err = finish(process)
    assert code in (0, 6), out + err
    assert re.search(r"> POST /v1/organizations/[0-9a-f-]{36}/ledgers/[0-9a-f-]{36}/transactions/", err)
    keys = re.findall(r"^> X-Idempotency: r\d{8}-\d{6}-[0-9a-f]{4}-1-(\d+)$", err, re.MULTILINE)
    # Of 40 arrivals; those that commit or cancel go without a key.
    assert 25 <= len(keys) <= 40
    assert re.search(r"^> Authorization: \*{8}$", err, re.MULTILINE)
    assert re.search(r"^< 201$", err, re.MULTILINE)
    assert TOKEN not in out + err
    assert nothing_has(tmp_path, TOKEN)


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_the_command_line_shows_them_too(tmp_path, sandbox_url, monkeypatch, log_format):
    monkeypatch.setenv("DEMOGEN_TOKEN", TOKEN)
    words = ["generate", "--run-dir", "made", "--host", sandbox_url, "--log-level", "debug", "--log-format", log_format]
    run = subprocess.run(
        [sys.executable, "-m", "demogen", *words], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert "> POST /v1/organizations" in run.stderr
    assert TOKEN not in run.stdout + run.stderr
    if log_format == "json":
        assert {json.loads(line)["level"] for line in run.stderr.splitlines()} == {"debug", "info"}
