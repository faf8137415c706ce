"""Whoever is asked, the answer is the same to the last count: Prometheus, Locust's table, report and journal."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
import urllib.request

import numpy as np
import pytest
from locusts import ROOT, finish, free_port, locust, report_of
from test_page import WebUi

from demogen.contract.outcome import Outcome
from demogen.record.journal import JournalFile, Kind
from demogen.workload.errands import TASKS_GENERATION
from demogen.workload.player import FIRST_READ

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

OUTCOMES = ("accepted", "rejected", "indeterminate")


class Watcher:
    """Fetches /metrics several times a second, as long as anybody answers; keeps the last."""

    def __init__(self, port):
        self.text, self._url, self._over = "", f"http://127.0.0.1:{port}/metrics", threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self):
        while not self._over.wait(0.3):
            try:
                with urllib.request.urlopen(self._url, timeout=5) as answer:
                    self.text = answer.read().decode()
            except OSError:
                continue

    def last(self):
        self._over.set()
        self._thread.join()
        return self.text


def samples(text):
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in text.splitlines() if line[0] != "#")}


def total(told, name, *words):
    return sum(
        value for series, value in told.items() if series.split("{")[0] == name and all(w in series for w in words)
    )


def assert_all_agree(text, table, folder):
    """`text` is what /metrics says, `table` Locust's entries: [{name, method, num_requests, num_failures}]."""
    assert_nothing_to_say(text)
    told, report = samples(text), report_of(folder)
    for outcome in OUTCOMES:
        assert total(told, "demogen_transactions_total", f'outcome="{outcome}"') == report["outcomes"][outcome]
    assert told["demogen_arrivals_offered_total"] == report["arrivals"]["offered"]
    assert told["demogen_arrivals_late_total"] == report["arrivals"]["late"]
    assert total(told, "demogen_reads_total") == report["reads"]["count"]
    assert total(told, "demogen_unexpected_total") == report["outcomes"]["unexpected"]
    ended = sum(report["outcomes"][outcome] for outcome in OUTCOMES)
    for histogram in ("service", "response"):
        assert total(told, f"demogen_{histogram}_seconds_count") == ended
    by_pattern = {entry["name"]: entry["num_requests"] for entry in table if entry["method"] == "TX"}
    assert by_pattern == {
        name: sum(part["outcomes"][outcome] for outcome in OUTCOMES)
        for name, part in report["patterns"].items()
        if any(part["outcomes"][outcome] for outcome in OUTCOMES)
    }
    assert sum(entry["num_requests"] for entry in table if entry["method"] == "READ") == report["reads"]["count"]
    assert journalled(folder) == {outcome: report["outcomes"][outcome] for outcome in OUTCOMES}


def assert_nothing_to_say(text):
    """promtool, where there is one, finds no fault with what a real run shows."""
    promtool = shutil.which("promtool")
    assert promtool or not os.environ.get("CI"), "promtool is missing: apt install prometheus"
    if promtool:
        said = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, timeout=30)
        assert (said.returncode, said.stdout + said.stderr) == (0, "")


def journalled(folder):
    """How many writes of the schedule ended how, by the journal of every process; of a repeated one the last try."""
    counts = dict.fromkeys(OUTCOMES, 0)
    # The funding before the load has a journal of its own.
    for path in (folder / "journal").glob("[0-9]*.journal"):
        last = {}
        for chunk in JournalFile(path).chunks():
            ended = chunk[Kind.OUTCOME]
            scheduled = (ended["arrival"] < FIRST_READ) & (ended["generation"] < TASKS_GENERATION)
            for row in ended[scheduled & (ended["sent_ns"] > 0)]:
                last[int(row["generation"]), int(row["arrival"])] = int(row["outcome"])
        for outcome, count in zip(*np.unique(list(last.values()), return_counts=True), strict=True):
            counts[Outcome(int(outcome)).label] += int(count)
    return counts


@pytest.mark.parametrize("processes", [1, 2])
def test_headless(tmp_path, processes):
    port, cluster = free_port(), free_port()
    several = ("--processes", processes, "--master-bind-port", cluster, "--master-port", cluster)
    process = locust(
        "--headless", "--target-tps", 90, "-t", "5s", "-u", 4, "-r", 4, "--run-dir", tmp_path / "run",
        "--metrics-port", port, "--json-file", "table", *(several if processes > 1 else ()), cwd=tmp_path,
    )  # fmt: skip
    watcher = Watcher(port)
    code, out, err = finish(process)
    text = watcher.last()
    assert code in (0, 6), out + err
    assert 'demogen_phase{phase="done"} 1.0' in text
    assert_all_agree(text, json.loads((tmp_path / "table.json").read_text()), tmp_path / "run")


def test_with_tasks_beside_the_schedule(tmp_path):
    port = free_port()
    process = locust(
        "--headless", "--target-tps", 60, "-t", "5s", "-u", 10, "-r", 10, "--run-dir", tmp_path / "run",
        "--metrics-port", port, "--json-file", "table", locustfile=ROOT / "examples/plain_task.py", cwd=tmp_path,
    )  # fmt: skip
    watcher = Watcher(port)
    code, out, err = finish(process)
    told = samples(text := watcher.last())
    assert code in (0, 6), out + err
    table = json.loads((tmp_path / "table.json").read_text())
    tasks = json.loads((tmp_path / "run/measurement.json").read_text())["tasks"]
    assert tasks
    for name, part in tasks.items():
        method, _, path = name.partition(" ")
        assert total(told, "demogen_task_requests_total", f'method="{method}"', f'name="{path}"') == part["requests"]
        (entry,) = [entry for entry in table if (entry["method"], entry["name"]) == (method, path)]
        assert entry["num_requests"] == part["requests"]
    assert_all_agree(
        text, [entry for entry in table if f"{entry['method']} {entry['name']}" not in tasks], tmp_path / "run"
    )


def test_behind_the_web_ui_with_a_target_that_changes(tmp_path):
    ui = WebUi(tmp_path)
    try:
        ui.start(user_count=3, spawn_rate=3, target_tps=40)
        ui.state_when(lambda state: state["elapsed_s"] > 2)
        assert ui.post("/demogen/target-tps", {"target_tps": 110})[0] == 200
        ui.state_when(lambda state: 110 in state["series"]["offered"])
        assert ui.open("/stop", b"")[0] == 200
        done = ui.state_when(lambda state: state["stage"] == "done", seconds=60)
        text, table = ui.open("/metrics")[1], ui.get("/stats/requests")["stats"]
        report = report_of(tmp_path / "run")
        assert done["arrivals"] == {name: report["arrivals"][name] for name in done["arrivals"]}
        assert done["outcomes"] == {name: report["outcomes"][name] for name in done["outcomes"]}
        assert done["money"]
    finally:
        ui.close()
    assert_all_agree(text, table, tmp_path / "run")
