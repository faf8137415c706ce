"""A backup restored on another server is the same population: same names, same relations, same money, new ids."""

import json
from decimal import Decimal
from random import Random

import pytest

from demogen.client.crew import Crew
from demogen.client.in_memory import InMemoryCarrier
from demogen.clock import FakeClock
from demogen.errors import UsageError
from demogen.population.archive import back_up
from demogen.population.directory import Population
from demogen.population.plan import plan
from demogen.population.provision import provision
from demogen.population.recorded import RecordedPlan
from demogen.population.spec import PopulationSpec
from demogen.sandbox import SandboxApp

SPEC = PopulationSpec.of_preset(
    "medium", organizations=3, ledgers_per_organization=3, route_validation="some", accounts_per_ledger=24
)


def _crew(app):
    clock = FakeClock()
    return Crew(InMemoryCarrier(app, clock=clock), clock=clock)


def _get(app, path):
    return json.loads(app.handle("GET", path, {}, b"").body)


def _holdings(app, population):
    """Per account: alias, asset, role, what it holds in all, and the names of what it is linked to."""
    rows = []
    for account in population.accounts:
        if account.external:
            continue
        base = f"/v1/organizations/{account.ledger.organization_id}/ledgers/{account.ledger.ledger_id}"
        body = _get(app, f"{base}/accounts/{account.account_id}")
        balances = _get(app, f"{base}/accounts/{account.account_id}/balances")["items"]
        held = sum(Decimal(one["available"]) for one in balances if one["direction"] == "credit")
        portfolio = _get(app, f"{base}/portfolios/{body['portfolioId']}")["name"]
        segment = _get(app, f"{base}/segments/{body['segmentId']}")["name"]
        parent = body["parentAccountId"] and _get(app, f"{base}/accounts/{body['parentAccountId']}")["alias"]
        keys = sorted(one["key"] for one in balances)
        rows.append(
            (account.alias, account.asset, account.role, held, portfolio, segment, parent, keys, body["metadata"])
        )
    return rows


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    folder = tmp_path_factory.mktemp("original")
    app = SandboxApp(rng=Random(1))
    report = provision(plan(SPEC, 7), _crew(app), manifest=folder / "population.sqlite", url="one")
    assert report.complete
    return app, folder


def test_a_restored_population_is_the_same(original, tmp_path):
    app, folder = original
    held = back_up(folder / "population.sqlite", tmp_path / "copy.backup", crew=_crew(app), clock=FakeClock())
    assert held >= 3 * 3 * 24
    elsewhere = SandboxApp(dialect="v4", rng=Random(2))
    recorded = RecordedPlan(tmp_path / "copy.backup")
    report = provision(recorded, _crew(elsewhere), manifest=tmp_path / "new" / "population.sqlite", url="two")
    recorded.close()
    assert report.complete, report.reasons
    before, after = Population.open(folder), Population.open(tmp_path / "new")
    assert _holdings(app, before) == _holdings(elsewhere, after)
    assert {one.account_id for one in before.accounts if not one.external}.isdisjoint(
        one.account_id for one in after.accounts
    )
    same = {kind: count for kind, count in before.counts().items() if kind != "transactions"}
    assert same == after.counts()
    assert (after.url, after.seed, after.preset) == ("two", 7, "medium")


def test_a_restore_may_be_repeated(original, tmp_path):
    app, folder = original
    back_up(folder / "population.sqlite", tmp_path / "copy.backup", crew=_crew(app), clock=FakeClock())
    elsewhere = SandboxApp(rng=Random(2))
    for _ in range(2):
        recorded = RecordedPlan(tmp_path / "copy.backup")
        report = provision(recorded, _crew(elsewhere), manifest=tmp_path / "new" / "population.sqlite")
        recorded.close()
        assert report.complete
    assert len(_get(elsewhere, "/v1/organizations")["items"]) == 3


def test_a_backup_never_overwrites(original, tmp_path):
    app, folder = original
    (tmp_path / "copy.backup").write_text("precious")
    with pytest.raises(UsageError, match="exists"):
        back_up(folder / "population.sqlite", tmp_path / "copy.backup", crew=_crew(app), clock=FakeClock())
    assert (tmp_path / "copy.backup").read_text() == "precious"


def test_a_manifest_is_no_backup(original):
    with pytest.raises(UsageError, match="is no backup"):
        RecordedPlan(original[1] / "population.sqlite")
