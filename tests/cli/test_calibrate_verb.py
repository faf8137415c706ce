"""`demogen calibrate` on this machine, whatever else it is doing: ends in time, with a figure and its reason."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request

import pytest

from demogen.cli.app import main

pytestmark = pytest.mark.timeout(90)


@pytest.mark.e2e
def test_it_tells_a_figure_and_what_bounds_it(capsys):
    cores, began = os.sched_getaffinity(0), time.monotonic()
    assert main(["calibrate", "--json", "--target-tps", "50"]) == 0
    assert time.monotonic() - began < 80
    assert os.sched_getaffinity(0) == cores
    told = json.loads(capsys.readouterr().out)
    assert told["probes"]
    assert told["bound_by"]
    assert told["lag_ms_max"] >= 1
    kept = [probe["rate_tps"] for probe in told["probes"] if probe["kept"]]
    assert told["drives_tps"] == max(kept, default=0)
    if kept:
        assert told["workers"] == 1


def test_the_null_server_answers_everything_and_ends_with_its_parent():
    command = [sys.executable, "-m", "demogen.sandbox.null"]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    url = child.stdout.readline().split()[-1]
    big = b'{"x":"' + b"y" * 300_000 + b'"}'
    for body in (b"{}", big):
        with urllib.request.urlopen(urllib.request.Request(f"{url}/v1/x", data=body), timeout=10) as answer:
            assert answer.status == 201
            assert 1_900 < len(answer.read()) < 2_300
    with urllib.request.urlopen(f"{url}/requests", timeout=10) as answer:
        assert answer.read() == b"2"
    child.stdin.close()
    assert child.wait(10) == 0
    child.stdout.close()
