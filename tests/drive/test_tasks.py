"""Ordinary `@task` code beside the schedule: Locust's loop, our engine, one table, one journal, one audit."""

from __future__ import annotations

import json
import re

import pytest
from locusts import finish, free_port, locust, report_of

from demogen.record import measurement
from demogen.record.journal import JournalFile, Kind
from demogen.workload.errands import TASKS_GENERATION

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

MINE = """
from locust import constant, events, tag, task
from demogen.contract.transactions import Intent
from demogen.drive import LedgerUser, tasks_for

heard = {}

@events.request.add_listener
def hear(request_type, name, response_time, response_length, exception, **_):
    assert response_time > 0
    key = f"{request_type} {name}"
    heard[key] = heard.get(key, 0) + 1
    if exception:
        heard["failed"] = heard.get("failed", 0) + 1

@events.quit.add_listener
def tell(**_):
    import json
    print("HEARD " + json.dumps(heard))

class Clerk(LedgerUser):
    wait_time = constant(0.02)
    tasks = tasks_for(payment=1)

    def on_start(self):
        self.organization = self.client.get("/v1/organizations", name="organizations").json()["items"][0]["id"]

    def on_stop(self):
        print("STOPPED")

    @task
    def look(self):
        with self.client.get(f"/v1/organizations/{self.organization}", name="look", catch_response=True) as reply:
            assert reply.headers["content-type"].startswith("application/json")
            if reply.json()["id"] != self.organization:
                reply.failure("somebody else")

    @task
    def miss(self):
        self.client.get("/v1/organizations/nobody", name="miss")

    @task
    def forgiven(self):
        with self.client.get("/v1/organizations/nobody", name="forgiven", catch_response=True) as reply:
            reply.success()

    @tag("never")
    @task
    def never(self):
        self.client.get("/version", name="never")

    @task
    def restful(self):
        with self.rest("GET", "/v1/organizations", name="rest") as reply:
            assert reply.js["items"]

    @task
    def by_intent(self):
        payer, payee = self.dice.pair("customer", "merchant")
        receipt = self.client.send(Intent.move(100, payer, payee), name="by intent")
        assert receipt.accepted

    @task
    def by_hand(self):
        payer, payee = self.dice.pair("customer", "merchant")
        leg = lambda account: {"accountAlias": account.alias, "amount": {"asset": account.asset, "value": "1"}}
        send = {"asset": payer.asset, "value": "1"}
        send |= {"source": {"from": [leg(payer)]}, "distribute": {"to": [leg(payee)]}}
        path = payer.ledger.path + "/transactions/json"
        assert self.client.post(path, json={"send": send}, name="by hand").status_code == 201
"""


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(MINE)
    return path


def counts(path):
    """Locust's own table, from its CSV: (requests, failures) by "method name"."""
    rows = [line.split(",") for line in path.read_text().splitlines()[1:]]
    return {f"{row[0]} {row[1]}": (int(row[2]), int(row[3])) for row in rows if row[0]}


def test_tasks_run_beside_the_schedule_and_are_counted_and_audited(tmp_path, mine):
    folder = tmp_path / "run"
    process = locust(
        "--headless", "--target-tps", 20, "-t", "4s", "-u", 3, "-r", 3, "--run-dir", folder,
        "--csv", tmp_path / "table", "--exclude-tags", "never", cwd=tmp_path, locustfile=mine,
    )  # fmt: skip
    code, out, err = finish(process)
    assert code in (0, 6), out + err
    assert "Traceback" not in err, err
    assert out.count("STOPPED") == 3
    table = counts(tmp_path / "table_stats.csv")
    measured = measurement.load(folder / "measurement.json")
    tasks = {name: (part.requests, part.failed) for name, part in measured.tasks.items()}
    assert tasks == {name: pair for name, pair in table.items() if not name.startswith("TX payment")}
    assert set(tasks) == {
        "GET organizations", "GET look", "GET miss", "GET forgiven", "GET rest", "TX by intent", "POST by hand",
    }  # fmt: skip
    assert {name for name, (_, failed) in tasks.items() if failed} == {"GET miss"}
    assert tasks["GET miss"][0] == tasks["GET miss"][1] > 0
    assert all(pair[0] > 0 for pair in tasks.values())
    # Everybody's listener hears what everybody's table shows, the schedule's own requests included.
    heard = json.loads(re.search("HEARD (.*)", out)[1])
    assert heard.pop("failed") == tasks["GET miss"][1]
    assert heard == {name: pair[0] for name, pair in table.items()}
    report = report_of(folder)
    assert report["verdict"] == "HOLDS", report["audit"]
    assert report["arrivals"]["offered"] == 80
    assert report["delivered_tps"] == pytest.approx(20, rel=0.02)
    journalled = sum(
        int((chunk[Kind.INTENT]["generation"] >= TASKS_GENERATION).sum())
        for chunk in JournalFile(folder / "journal" / "0.journal").chunks()
    )
    assert journalled == tasks["TX by intent"][0] + tasks["POST by hand"][0]


def test_two_processes_book_under_marks_of_their_own(tmp_path, mine):
    folder, port = tmp_path / "run", free_port()
    process = locust(
        "--headless", "--processes", 2, "--target-tps", 20, "-t", "4s", "-u", 4, "-r", 4, "--run-dir", folder,
        "--master-bind-port", port, "--master-port", port, cwd=tmp_path, locustfile=mine,
    )  # fmt: skip
    code, out, err = finish(process)
    assert code in (0, 3, 6), out + err
    assert report_of(folder)["verdict"] == "HOLDS", report_of(folder)["audit"]
    used = [
        (int(row["generation"]), int(row["arrival"]))
        for path in folder.glob("journal/[01].journal")
        for chunk in JournalFile(path).chunks()
        for row in chunk[Kind.INTENT]
        if row["generation"] >= TASKS_GENERATION
    ]
    assert len(used) == len(set(used)) > 10
    assert {generation for generation, _ in used} == {TASKS_GENERATION, TASKS_GENERATION + 1}
