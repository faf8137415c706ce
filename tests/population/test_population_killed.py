"""kill -9 at any moment, then the same command again: everything planned exists, once, with its relations."""

import os
import signal
import subprocess
import sys
import time
from random import Random

import pytest

from demogen.client.crew import Crew
from demogen.client.engine import open_pump
from demogen.clock import SystemClock
from demogen.contract.exchange import Request
from demogen.population.kinds import Kind
from demogen.population.plan import plan
from demogen.population.provision import provision
from demogen.population.spec import PopulationSpec
from demogen.sandbox import Sandbox

SPEC = {"ledgers_per_organization": 2, "transactions_per_ledger": 150}
KILLS = int(os.environ.get("DEMOGEN_TEST_KILLS", "5"))
CHILD = """
import sys
from pathlib import Path
from demogen.client.crew import Crew
from demogen.client.engine import open_pump
from demogen.clock import SystemClock
from demogen.population.plan import plan
from demogen.population.provision import provision
from demogen.population.spec import PopulationSpec
url, path = sys.argv[1:]
clock = SystemClock()
planned = plan(PopulationSpec.of_preset("medium", **{spec}), 7)
crew = Crew(open_pump(url, clock=clock, max_connections=16), clock=clock, concurrency=16, rate_per_s=1500)
print("ready", flush=True)
report = provision(planned, crew, manifest=Path(path), url=url, batch=64, settle_s=0.05)
print("complete" if report.complete else report.reasons, flush=True)
"""


def _child(url, path):
    command = [sys.executable, "-c", CHILD.replace("{spec}", repr(SPEC)), url, str(path)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _read(url, targets):
    """Bodies of many GETs, in order."""
    import json

    clock = SystemClock()
    pump = open_pump(url, clock=clock, max_connections=8)

    def job(place, target):
        answer = yield Request(b"GET", target.encode())
        assert answer.status in (200, 404), answer
        return place, json.loads(answer.body)

    try:
        found = dict(Crew(pump, clock=clock, concurrency=8).run(job(place, one) for place, one in enumerate(targets)))
    finally:
        pump.close()
    return [found[place] for place in range(len(targets))]


def _items(url, target):
    items, cursor, page = [], "", 1
    while True:
        [body] = _read(url, [f"{target}?limit=100" + (f"&cursor={cursor}" if cursor else f"&page={page}")])
        items += body["items"] or []
        cursor, page = body.get("next_cursor", ""), page + 1
        if not cursor and ("page" not in body or len(body["items"] or ()) < 100):
            return items


@pytest.mark.e2e
@pytest.mark.timeout(300)
def test_killed_at_random_moments_and_resumed(tmp_path):
    dice = Random(11)
    manifest = tmp_path / "population.sqlite"
    planned = plan(PopulationSpec.of_preset("medium", **SPEC), 7)
    with Sandbox(db=str(tmp_path / "ledger.sqlite")) as sandbox:
        for _ in range(KILLS):
            child = _child(sandbox.url, manifest)
            assert child.stdout.readline() == "ready\n"
            time.sleep(dice.uniform(0.02, 0.35))
            child.send_signal(signal.SIGKILL)
            child.communicate()
        last = _child(sandbox.url, manifest)
        told, _ = last.communicate(timeout=120)
        assert told.endswith("complete\n"), told
        _assert_exactly(sandbox.url, planned)
        clock = SystemClock()
        pump = open_pump(sandbox.url, clock=clock, max_connections=4)
        try:
            again = provision(planned, Crew(pump, clock=clock), manifest=tmp_path / "new.sqlite")
        finally:
            pump.close()
        made = {label: tally.made for label, tally in again.tallies.items() if tally.made}
        assert again.complete and set(made) <= {"asset_rates", "ledger_settings", "overdrafts"}


def _assert_exactly(url, planned):
    counts = planned.counts()
    by_mark = {}
    organizations = _items(url, "/v1/organizations")
    assert len(organizations) == counts[Kind.ORGANIZATION]
    held = {Kind.ORGANIZATION: organizations}
    paths = {
        Kind.ASSET: "assets", Kind.ACCOUNT_TYPE: "account-types", Kind.OPERATION_ROUTE: "operation-routes",
        Kind.TRANSACTION_ROUTE: "transaction-routes", Kind.PORTFOLIO: "portfolios", Kind.SEGMENT: "segments",
        Kind.ACCOUNT: "accounts", Kind.TRANSACTION: "transactions",
    }  # fmt: skip
    for organization in organizations:
        base = f"/v1/organizations/{organization['id']}/ledgers"
        ledgers = _items(url, base)
        held.setdefault(Kind.LEDGER, []).extend(ledgers)
        for ledger in ledgers:
            for kind, path in paths.items():
                items = [one for one in _items(url, f"{base}/{ledger['id']}/{path}") if one.get("type") != "external"]
                held.setdefault(kind, []).extend(items)
    for kind, items in held.items():
        marks = [one["metadata"]["demogen_key"] for one in items]
        assert len(set(marks)) == len(marks), kind
        expected = counts[kind] + (counts[Kind.DEPOSIT] if kind is Kind.TRANSACTION else 0)
        assert len(marks) == expected, kind
        by_mark.update(zip(marks, items, strict=True))
    for stage in planned.stages():
        if stage.kind is Kind.ACCOUNT:
            for one in planned.walk(stage):
                for field, kind, index in one.references:
                    assert by_mark[one.mark][field] == by_mark[planned.mark(kind, index)]["id"]
