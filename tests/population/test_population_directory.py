"""What provisioning makes beyond plain entities, and the population as a run sees it."""

from fractions import Fraction
from random import Random

import pytest
from provisioned import SMALL, Troubled, everything, get, provision

from demogen.client.crew import Crew
from demogen.client.in_memory import InMemoryCarrier
from demogen.clock import FakeClock
from demogen.contract.transactions import Intent
from demogen.errors import UsageError
from demogen.population.catalog import shipped
from demogen.population.directory import Population
from demogen.population.kinds import COUNTED, Kind
from demogen.population.manifest import Manifest, State
from demogen.population.plan import plan
from demogen.population.provision import provision as provision_with
from demogen.population.rates import refresh_rates
from demogen.population.spec import PopulationSpec
from demogen.sandbox import SandboxApp
from demogen.sandbox.http import Reply


@pytest.fixture
def app():
    return SandboxApp(rng=Random(1))


def test_history_is_dated_back(app, tmp_path):
    spec = PopulationSpec.of_preset("small", history_days=90, history_end="2024-04-01", transactions_per_ledger=40)
    assert provision(app, tmp_path, spec=spec).complete
    held = _everything_dated(app)
    days = sorted(one["createdAt"][:10] for one in held)
    assert days[0] == "2024-01-02" and days[-1] < "2024-04-01"


def _everything_dated(app):
    organization = get(app, "/v1/organizations")["items"][0]["id"]
    ledger = get(app, f"/v1/organizations/{organization}/ledgers")["items"][0]["id"]
    path = f"/v1/organizations/{organization}/ledgers/{ledger}/transactions"
    return get(app, f"{path}?limit=100&start_date=2024-01-01&end_date=2024-12-31")["items"]


@pytest.mark.parametrize("switch", ["on", "some"])
def test_ledgers_that_insist_on_routes_are_funded_through_them(switch, app, tmp_path):
    spec = PopulationSpec.of_preset("small", ledgers_per_organization=3, route_validation=switch, type_validation="on")
    report = provision(app, tmp_path, spec=spec)
    assert report.complete, report.reasons
    routed = [one for one in everything(app)["transactions"] if one.get("routeId")]
    assert len(routed) == {"on": 30, "some": 10}[switch]


def test_overdrafts_and_additional_balances_are_set(app, tmp_path):
    spec = PopulationSpec.of_preset("large", organizations=1, ledgers_per_organization=1, transactions_per_ledger=5)
    assert provision(app, tmp_path, spec=spec).complete
    population = Population.open(tmp_path)
    assert population.overdrafts
    ledger = population.ledgers[0]
    base = f"/v1/organizations/{ledger.organization_id}/ledgers/{ledger.ledger_id}/accounts"
    for position, limit in population.overdrafts.items():
        account = population.accounts[position]
        balances = get(app, f"{base}/{account.account_id}/balances")["items"]
        main = next(one for one in balances if one["key"] == "default")
        assert main["settings"]["overdraftLimit"] == limit
    assert population.rate(0, "EUR", "EUR") == 1
    there_and_back = population.rate(0, "EUR", "BTC") * population.rate(0, "BTC", "EUR")
    assert there_and_back == 1 and population.rate(0, "EUR", "NONE") is None
    assert population.route(0, "payment").route_id and population.route(0, "payment").source_id
    with_reserve = next(account for account in population.accounts if account.role == "merchant")
    keys = {one["key"] for one in get(app, f"{base}/{with_reserve.account_id}/balances")["items"]}
    assert keys == {"default", "reserve"}


def test_a_population_travels_to_workers_unchanged(app, tmp_path):
    provision(app, tmp_path)
    here = Population.open(tmp_path / "population.sqlite")
    there = Population.from_bytes(here.to_bytes())
    assert there.extras == here.extras and here.extras.rates
    assert there.worth("BRL") == Fraction(18, 100) and there.worth("UNKNOWN") == 1
    assert list(there.accounts) == list(here.accounts) and list(there.ledgers) == list(here.ledgers)
    assert (there.id, there.seed, there.preset, there.counts()) == (here.id, 7, "small", here.counts())
    assert [account.index for account in here.accounts] == list(range(16))
    assert sum(account.external for account in here.accounts) == 6


def test_counts_are_the_servers(app, tmp_path):
    provision(app, tmp_path)
    counts = Population.open(tmp_path).counts()
    held = everything(app)
    assert {label: counts[label] for label in held} == {label: len(items) for label, items in held.items()}
    assert sum(counts[kind.label] for kind in COUNTED) == 43


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(None, "there is no population", id="nothing there"),
        pytest.param(b"hello", "no population", id="no manifest"),
    ],
)
def test_what_is_no_population_is_said(text, told, tmp_path):
    file = tmp_path / "population.sqlite"
    if text:
        file.write_bytes(text)
    with pytest.raises(UsageError, match=told):
        Population.open(file)


def test_bytes_of_something_else_are_said():
    with pytest.raises(UsageError, match="hold no population"):
        Population.from_bytes(b"hello")


def test_failed_rows_keep_their_reason(app, tmp_path):
    def refuse(method, path):
        return Reply(400, {}, b"<html>no</html>") if path.endswith("/segments") else None

    provision(Troubled(app, before=refuse), tmp_path)
    manifest = Manifest(tmp_path / "population.sqlite", read_only=True)
    rows = [row for row in manifest.rows(Kind.SEGMENT) if row.state is State.FAILED]
    assert [row.code for row in rows] == ["http-400", "http-400"]
    assert "not an answer of the ledger" in rows[0].reason


OPTIONAL = ("account-types", "operation-routes", "transaction-routes", "settings", "asset-rates")


@pytest.mark.parametrize(
    "page",
    [
        pytest.param((404, b'{"code":404,"title":"request_failed","message":"Cannot POST"}'), id="v3.8"),
        pytest.param((404, b'{"code":"0484","title":"Not Found","status":404}'), id="v4"),
        pytest.param((405, b"<html>Method Not Allowed</html>"), id="a proxy"),
    ],
)
def test_a_ledger_without_the_newer_things_gets_everything_else(page, app, tmp_path):
    def older(method, path):
        new = path.split("?")[0].rsplit("/", 1)[-1] in OPTIONAL or (method == "POST" and path.endswith("/balances"))
        return Reply(page[0], {}, page[1]) if new else None

    spec = PopulationSpec.of_preset("small", type_validation="on", route_validation="on")
    report = provision(Troubled(app, before=older), tmp_path, spec=spec)
    assert report.complete and report.entities == 43, report.reasons
    assert sorted(report.notes) == [
        f"the ledger has no {name}: they are left out"
        for name in ("account types", "accounting routes", "additional balances", "asset rates", "ledger settings")
    ]


def test_transactions_may_be_written_by_somebody_else(app, tmp_path):
    def author(population):
        payers = [account for account in population.accounts if account.role == "customer"]
        payees = [account for account in population.accounts if account.role == "treasury"]

        def write(index):
            payer, payee = payers[index % len(payers)], payees[index % len(payees)]
            return Intent.move(100 + index, payer, payee, description="written elsewhere")

        return write

    assert provision(app, tmp_path, author=author).complete
    written = everything(app)["transactions"]
    assert len(written) == 20 and {one["description"] for one in written} == {"written elsewhere"}


def _wrong_catalog():
    """Templates whose account types have a name the server would not take."""
    kinds = shipped().account_types
    wrong = kinds["equity"].model_copy(update={"name": "x" * 101})
    return shipped().model_copy(update={"account_types": {**kinds, "equity": wrong}})


@pytest.mark.parametrize("strict", [True, False])
def test_a_body_the_server_would_refuse_is_not_sent_unless_asked_for(strict, app, tmp_path):
    line = Troubled(app)
    clock = FakeClock()
    crew = Crew(InMemoryCarrier(line, clock=clock), clock=clock)
    planned = plan(SMALL, 7, catalog=_wrong_catalog())
    report = provision_with(planned, crew, manifest=tmp_path / "population.sqlite", clock=clock, strict=strict)
    codes = {trouble.code for trouble in report.troubles}
    assert report.tally(Kind.ACCOUNT_TYPE).failed == 2
    assert codes == ({"invalid"} if strict else {"0047"})
    assert bool(report.notes) is not strict


def test_rates_move_and_stay_near(app, tmp_path):
    provision(app, tmp_path)
    population = Population.open(tmp_path)
    clock = FakeClock()
    crew = Crew(InMemoryCarrier(app, clock=clock), clock=clock)
    book = Manifest(tmp_path / "population.sqlite", read_only=True)
    ledger = population.ledgers[0]
    path = f"/v1/organizations/{ledger.organization_id}/ledgers/{ledger.ledger_id}/asset-rates/from/"
    quoted = [one for one in population.extras.rates if one.ledger == 0]
    seen = []
    for number in (1, 2):
        assert refresh_rates(book, crew, number=number) == (4, 0)
        seen.append([get(app, path + one.source)["items"][0]["rate"] for one in quoted])
    book.close()
    first = [one.rate for one in quoted]
    assert seen[0] != seen[1]
    for moved in seen:
        assert all(abs(now - then) <= then * 0.0151 for now, then in zip(moved, first, strict=True))


def test_two_writers_of_one_manifest_are_one_too_many(app, tmp_path):
    holder = Manifest(tmp_path / "population.sqlite")
    with pytest.raises(UsageError, match="another process is writing"):
        provision(app, tmp_path)
    holder.close()
    assert provision(app, tmp_path).complete


def test_a_finished_manifest_is_one_file(app, tmp_path):
    provision(app, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["population.sqlite"]
    copy = tmp_path / "copy" / "population.sqlite"
    copy.parent.mkdir()
    copy.write_bytes((tmp_path / "population.sqlite").read_bytes())
    assert Population.open(copy).counts() == Population.open(tmp_path).counts()
