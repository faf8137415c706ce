"""Taking over what a server has already: parts of a population, entities whose marks were lost, things that collide."""

import json
from random import Random

import pytest
from provisioned import SMALL, Troubled, assert_exactly, everything, get, provision

from demogen.errors import PreflightFailed
from demogen.population.kinds import Kind
from demogen.population.plan import plan
from demogen.population.spec import PopulationSpec
from demogen.sandbox import SandboxApp
from demogen.sandbox.http import Reply


@pytest.fixture
def app():
    return SandboxApp(rng=Random(1))


def _patch(app, path, body):
    reply = app.handle("PATCH", path, {}, json.dumps(body).encode())
    assert reply.status == 200, reply.body


@pytest.mark.parametrize("share", [0.2, 0.7])
def test_what_is_missing_is_made_what_is_there_is_found(share, app, tmp_path):
    spec = PopulationSpec.of_preset("medium", organizations=2, ledgers_per_organization=2, transactions_per_ledger=20)
    dice = Random(4)

    def refuse(method, path):
        if method == "POST" and dice.random() < share and not path.endswith(("organizations", "ledgers")):
            return Reply(400, {}, b'{"code":"0047","title":"Bad Request","message":"no"}')
        return None

    first = provision(Troubled(app, before=refuse), tmp_path / "first", spec=spec)
    assert not first.complete
    second = provision(app, tmp_path / "second", spec=spec)
    assert second.complete, second.reasons
    found = sum(tally.found for tally in second.tallies.values())
    assert 0 < found < sum(second.tallies[kind].planned for kind in second.tallies)
    assert_exactly(app, plan(spec, 7))


def test_one_list_serves_all_that_ask(app, tmp_path):
    provision(app, tmp_path / "first")
    line = Troubled(app)
    report = provision(line, tmp_path / "second")
    assert report.complete
    entities = sum(report.tally(kind).found for kind in report_kinds())
    assert line.calls["GET"] < entities / 2


def report_kinds():
    return (Kind.ASSET, Kind.ACCOUNT_TYPE, Kind.OPERATION_ROUTE, Kind.TRANSACTION_ROUTE, Kind.ACCOUNT, Kind.SEGMENT)


def test_entities_whose_mark_was_lost_are_known_by_name(app, tmp_path):
    provision(app, tmp_path / "first")
    held = everything(app)
    organization = held["organizations"][0]["id"]
    base = f"/v1/organizations/{organization}/ledgers/{held['ledgers'][0]['id']}"
    lost = {"metadata": {"demogen_key": None}}
    _patch(app, base, lost)
    for kind in ("assets", "account_types", "segments", "accounts"):
        mine = next(one for one in held[kind] if one.get("ledgerId") == held["ledgers"][0]["id"])
        _patch(app, f"{base}/{kind.replace('_', '-')}/{mine['id']}", lost)
    report = provision(app, tmp_path / "second")
    assert report.complete, report.reasons
    for kind in (Kind.LEDGER, Kind.ASSET, Kind.ACCOUNT_TYPE, Kind.SEGMENT, Kind.ACCOUNT):
        assert report.tally(kind).made == 0, kind
    assert {kind: len(items) for kind, items in everything(app).items()} == {
        kind: len(items) for kind, items in held.items()
    }


def test_a_conflict_is_an_entity_that_exists(app, tmp_path):
    """Somebody made a ledger of that name in the meantime: it is used, not fought over."""
    planned = plan(SMALL, 7)
    name = planned.entity(Kind.LEDGER, 0).fields["name"]

    def before(method, path):
        if method == "POST" and path.endswith("/ledgers") and not everything(app).get("ledgers"):
            app.handle("POST", path, {}, json.dumps({"name": name.upper()}).encode())
        return

    report = provision(Troubled(app, before=before), tmp_path)
    assert report.complete, report.reasons
    assert report.tally(Kind.LEDGER).found == 1
    organization = get(app, "/v1/organizations")["items"][0]["id"]
    names = [one["name"] for one in get(app, f"/v1/organizations/{organization}/ledgers")["items"]]
    assert len(names) == 2 and name.upper() in names


@pytest.mark.parametrize("body", [b"<html>busy</html>", b'{"items": 7}', b"[]"])
def test_a_list_that_is_none_stops_before_anything_is_doubled(body, app, tmp_path):
    provision(app, tmp_path / "first")

    def mute(method, path):
        return Reply(200, {}, body) if method == "GET" and "metadata" in path else None

    with pytest.raises(PreflightFailed, match="does not say what it has already"):
        provision(Troubled(app, before=mute), tmp_path / "second")
    assert_exactly(app, plan(SMALL, 7))
