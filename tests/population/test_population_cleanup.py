"""Cleaning up removes exactly what a population made: also after an interruption, never what others made."""

import json
from random import Random

import pytest

from demogen.client.crew import Crew
from demogen.client.in_memory import InMemoryCarrier
from demogen.clock import FakeClock
from demogen.population.cleanup import clean_up
from demogen.population.manifest import Manifest
from demogen.population.plan import plan, plan_again
from demogen.population.provision import provision
from demogen.population.spec import PopulationSpec
from demogen.sandbox import SandboxApp

SPEC = PopulationSpec.of_preset("medium", ledgers_per_organization=2, transactions_per_ledger=10)


def _crew(app):
    clock = FakeClock()
    return Crew(InMemoryCarrier(app, clock=clock), clock=clock, concurrency=8)


def _call(app, method, path, body=None):
    reply = app.handle(method, path, {}, json.dumps(body).encode() if body else b"")
    return json.loads(reply.body) if reply.body else {}


@pytest.fixture(params=["v3.8", "v4"])
def app(request):
    return SandboxApp(dialect=request.param, rng=Random(1))


def _provision(app, folder, **options):
    return provision(plan(SPEC, 7), _crew(app), manifest=folder / "population.sqlite", **options)


def _clean(app, folder, *, recover=False):
    book = Manifest(folder / "population.sqlite")
    try:
        return clean_up(book, _crew(app), plan=plan_again(book.about()) if recover else None)
    finally:
        book.close()


def test_nothing_is_left(app, tmp_path):
    _provision(app, tmp_path)
    report = _clean(app, tmp_path)
    assert report.complete
    assert report.deleted["organizations"] == 3 and report.deleted["ledgers"] == 6
    # What holds money cannot be deleted by itself; it went with its ledger.
    assert report.vanished["accounts"] > 0 and not report.kept and not report.reasons
    assert not _call(app, "GET", "/v1/organizations")["items"]
    again = _clean(app, tmp_path)
    assert again.complete and not again.deleted


def test_it_can_be_made_again(app, tmp_path):
    _provision(app, tmp_path)
    _clean(app, tmp_path)
    report = _provision(app, tmp_path)
    assert report.complete and all(tally.found == tally.earlier == 0 for tally in report.tallies.values())


def test_what_others_made_stays(app, tmp_path):
    _provision(app, tmp_path)
    organizations = _call(app, "GET", "/v1/organizations")["items"]
    theirs = _call(app, "POST", "/v1/organizations", {"legalName": "Theirs", "legalDocument": "1"})
    base = f"/v1/organizations/{organizations[0]['id']}/ledgers"
    ledger = _call(app, "GET", base)["items"][0]
    body = {"assetCode": _call(app, "GET", f"{base}/{ledger['id']}/assets")["items"][0]["code"], "type": "checking"}
    guest = _call(app, "POST", f"{base}/{ledger['id']}/accounts", body)
    report = _clean(app, tmp_path)
    assert not report.complete
    assert {told for told in report.reasons if "ledger" in told} == {
        "ledgers: holds 1 accounts that this population did not make",
        "organizations: still holds 1 ledgers",
    }
    left = {one["id"] for one in _call(app, "GET", "/v1/organizations")["items"]}
    assert left == {theirs["id"], organizations[0]["id"]}
    assert _call(app, "GET", f"{base}/{ledger['id']}/accounts/{guest['id']}")["id"] == guest["id"]


def test_what_an_interrupted_run_made_unseen_is_found(app, tmp_path):
    class Interrupted(Exception):
        pass

    class Cut:
        def __init__(self):
            self.left = 60

        def handle(self, method, target, headers, body=b""):
            reply = app.handle(method, target, headers, body)
            self.left -= 1
            if not self.left:
                raise Interrupted
            return reply

    with pytest.raises(Interrupted):
        provision(plan(SPEC, 7), _crew(Cut()), manifest=tmp_path / "population.sqlite", batch=10_000)
    book = Manifest(tmp_path / "population.sqlite")
    for row in list(book.rows()):
        book.forget(row.kind, [row.position])  # as if the last batch had never been written
    book.close()
    report = _clean(app, tmp_path, recover=True)
    assert report.complete and report.deleted["organizations"] == 3
    assert not _call(app, "GET", "/v1/organizations")["items"]
