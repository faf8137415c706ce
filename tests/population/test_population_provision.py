"""Provisioning makes what was planned, once: whatever the server answers, and however often it is run."""

import json
from collections import Counter
from random import Random

import pytest

from demogen.client.breaker import Breaker
from demogen.client.crew import Crew
from demogen.client.in_memory import InMemoryCarrier
from demogen.client.retry import RetryPolicy
from demogen.clock import FakeClock
from demogen.contract.transactions import Intent
from demogen.errors import LedgerUnreachable, PreflightFailed, UsageError
from demogen.population.directory import Population
from demogen.population.kinds import COUNTED, Kind
from demogen.population.manifest import Manifest, State
from demogen.population.plan import plan
from demogen.population.provision import provision
from demogen.population.spec import PopulationSpec
from demogen.sandbox import SandboxApp
from demogen.sandbox.http import Reply

SMALL = PopulationSpec.of_preset("small")
PATIENT = RetryPolicy(attempts=8)


class Troubled:
    """The sandbox behind a bad line that may answer in its place, before the ledger has acted or after."""

    def __init__(self, app, before=None, after=None):
        self.app = app
        self.before = before or (lambda method, path: None)
        self.after = after or (lambda method, path, reply: reply)
        self.calls = Counter()

    def handle(self, method, target, headers, body=b""):
        self.calls[method] += 1
        instead = self.before(method, target)
        if instead is not None:
            return instead
        return self.after(method, target, self.app.handle(method, target, headers, body))


@pytest.fixture
def app():
    return SandboxApp(rng=Random(1))


def _provision(app, folder, spec=SMALL, seed=7, **options):
    clock = FakeClock()
    crew = Crew(InMemoryCarrier(app, clock=clock), clock=clock, concurrency=8, breaker=options.pop("breaker", None))
    options.setdefault("policy", PATIENT)
    return provision(plan(spec, seed), crew, manifest=folder / "population.sqlite", clock=clock, **options)


def _get(app, path):
    reply = app.handle("GET", path, {}, b"")
    return json.loads(reply.body) if reply.body else None


def _everything(app):
    """What the server holds, read through its API: kind to list of items."""
    held = {"organizations": _get(app, "/v1/organizations?limit=100")["items"] or []}
    for organization in held["organizations"]:
        base = f"/v1/organizations/{organization['id']}/ledgers"
        for ledger in _get(app, f"{base}?limit=100")["items"] or []:
            held.setdefault("ledgers", []).append(ledger)
            for kind in ("assets", "portfolios", "segments", "account-types", "operation-routes", "transaction-routes"):
                items = _get(app, f"{base}/{ledger['id']}/{kind}?limit=100")["items"] or []
                held.setdefault(kind.replace("-", "_"), []).extend(items)
            accounts = _get(app, f"{base}/{ledger['id']}/accounts?limit=100")["items"] or []
            held.setdefault("accounts", []).extend(one for one in accounts if one["type"] != "external")
            for one in _get(app, f"{base}/{ledger['id']}/transactions?limit=100")["items"] or []:
                kind = "deposits" if "-d" in one["metadata"]["demogen_key"] else "transactions"
                held.setdefault(kind, []).append(one)
    return held


def _assert_exactly(app, planned):
    held = _everything(app)
    counts = {kind.label: number for kind, number in planned.counts().items()}
    for label, items in held.items():
        marks = [one["metadata"]["demogen_key"] for one in items]
        assert len(set(marks)) == len(marks) == counts[label], label


@pytest.mark.parametrize("dialect", ["v3.8", "v4"])
def test_everything_planned_exists_once(dialect, tmp_path):
    app = SandboxApp(dialect=dialect, rng=Random(1))
    report = _provision(app, tmp_path)
    assert report.complete and report.entities == 43 and not report.troubles
    _assert_exactly(app, plan(SMALL, 7))


def test_relations_are_as_planned(app, tmp_path):
    spec = PopulationSpec.build(
        {"organizations": 6, "accounts_per_ledger": 24, "assets_per_ledger": 3, "portfolios_per_ledger": 3}
    )
    report = _provision(app, tmp_path, spec=spec)
    assert report.complete
    planned = plan(spec, 7)
    held = _everything(app)
    by_mark = {one["metadata"]["demogen_key"]: one for items in held.values() for one in items}
    related = Counter()
    for stage in planned.stages():
        if stage.kind not in (Kind.ORGANIZATION, Kind.ACCOUNT, Kind.TRANSACTION_ROUTE):
            continue
        for one in planned.walk(stage):
            made = by_mark[one.mark]
            for field, kind, index in one.references:
                meant = by_mark[planned.mark(kind, index)]["id"]
                related[field] += 1
                if field == "operationRoutes":
                    assert meant in [route["id"] for route in made[field]]
                else:
                    assert made[field] == meant
    assert set(related) == {
        "parentOrganizationId", "portfolioId", "segmentId", "parentAccountId", "operationRoutes",
    }  # fmt: skip


def test_opening_balances_are_the_plans_and_nobody_runs_dry(app, tmp_path):
    spec = PopulationSpec.of_preset("medium", organizations=1, ledgers_per_organization=2, transactions_per_ledger=100)
    assert _provision(app, tmp_path, spec=spec).complete
    population = Population.open(tmp_path)
    for ledger in population.ledgers:
        path = f"/v1/organizations/{ledger.organization_id}/ledgers/{ledger.ledger_id}/balances?limit=100"
        for balance in _get(app, path)["items"]:
            outside = balance["alias"].startswith("@external/")
            assert outside or float(balance["available"]) > 0 or balance["key"] != "default"


def test_a_second_run_sends_nothing(app, tmp_path):
    _provision(app, tmp_path)
    line = Troubled(app)
    report = _provision(line, tmp_path)
    assert report.complete and report.entities == 43
    assert not line.calls


def test_a_run_from_another_folder_takes_over_what_exists(app, tmp_path):
    _provision(app, tmp_path / "first")
    report = _provision(app, tmp_path / "second")
    assert report.complete
    assert report.tally(Kind.ORGANIZATION).found == 1 and report.tally(Kind.TRANSACTION).found == 20
    _assert_exactly(app, plan(SMALL, 7))
    first, second = Population.open(tmp_path / "first"), Population.open(tmp_path / "second")
    assert list(first.accounts) == list(second.accounts)


def test_another_seed_is_another_population(app, tmp_path):
    _provision(app, tmp_path / "first")
    report = _provision(app, tmp_path / "second", seed=8)
    assert report.tally(Kind.ORGANIZATION).made == 1
    assert len(_everything(app)["organizations"]) == 2


@pytest.mark.parametrize(
    "status",
    [pytest.param(500, id="server error"), pytest.param(503, id="unavailable"), pytest.param(408, id="time-out")],
)
@pytest.mark.parametrize("acted", [True, False], ids=["after it acted", "before it acted"])
def test_an_answer_that_tells_nothing_doubles_nothing(status, acted, app, tmp_path):
    dice = Random(3)

    def fault(method, path, reply=None):
        if method != "GET" and dice.random() < 0.3:
            return Reply(status, {"content-type": "text/html"}, b"<html>oops</html>")
        return reply

    line = Troubled(app, after=fault) if acted else Troubled(app, before=fault)
    report = _provision(line, tmp_path)
    assert report.complete, report.reasons
    _assert_exactly(app, plan(SMALL, 7))


def test_a_proxys_page_with_a_201_doubles_nothing(app, tmp_path):
    dice = Random(3)

    def page(method, path, reply):
        if method == "POST" and "/transactions/" not in path and dice.random() < 0.3:
            return Reply(201, {"content-type": "text/html"}, b"<html>created</html>")
        return reply

    assert _provision(Troubled(app, after=page), tmp_path).complete
    _assert_exactly(app, plan(SMALL, 7))


def test_too_many_requests_are_waited_for(app, tmp_path):
    dice = Random(3)

    def busy(method, path):
        return Reply(429, {"retry-after": "1"}, b"slow down") if dice.random() < 0.2 else None

    assert _provision(Troubled(app, before=busy), tmp_path).complete
    _assert_exactly(app, plan(SMALL, 7))


def test_a_failure_is_said_and_its_dependants_are_skipped(app, tmp_path):
    planned = plan(SMALL, 7)
    doomed = next(planned.walk(next(one for one in planned.stages() if one.kind is Kind.ACCOUNT))).fields["alias"]

    class Refusing(Troubled):
        def handle(self, method, target, headers, body=b""):
            if method == "POST" and doomed.encode() in body and target.endswith("/accounts"):
                return Reply(400, {}, b'{"code":"0047","title":"Bad Request","message":"no"}')
            return super().handle(method, target, headers, body)

    report = _provision(Refusing(app), tmp_path)
    assert not report.complete
    assert report.tally(Kind.ACCOUNT).failed == 1
    assert report.tally(Kind.DEPOSIT).skipped == 1
    assert report.tally(Kind.TRANSACTION).skipped > 0
    assert report.troubles[0].code == "0047" and report.troubles[0].kind == "accounts"
    assert any("its account was not made" in reason for reason in report.reasons)
    with pytest.raises(PreflightFailed, match="planned entities do not exist"):
        report.require_complete()
    counts = Population.open(tmp_path).counts()
    assert counts["accounts"] == len(_everything(app)["accounts"]) == 9

    again = _provision(app, tmp_path)
    assert again.complete and again.tally(Kind.ACCOUNT).made == 1
    _assert_exactly(app, planned)


def test_a_failed_organization_takes_its_tree_along(app, tmp_path):
    def refuse(method, path):
        if method == "POST" and path == "/v1/organizations":
            return Reply(400, {}, b'{"code":"0047","title":"Bad Request","message":"no"}')
        return None

    report = _provision(Troubled(app, before=refuse), tmp_path)
    assert report.tally(Kind.ORGANIZATION).failed == 1 and report.entities == 0
    assert report.tally(Kind.LEDGER).skipped == 2 and report.tally(Kind.TRANSACTION).skipped == 20


def test_what_the_server_does_not_have_is_skipped_and_said(app, tmp_path):
    sentence = "the ledger has no accounting routes: they are left out"
    missing = {Kind.OPERATION_ROUTE: sentence, Kind.TRANSACTION_ROUTE: sentence}
    report = _provision(app, tmp_path, missing=missing)
    assert report.complete and report.notes == [sentence]
    assert not _everything(app)["operation_routes"]


def test_a_dead_server_ends_the_run_and_nothing_is_lost(app, tmp_path):
    dead = []

    def die(method, path):
        if path.endswith("/accounts") or dead:
            dead.append(path)
            return Reply(502, {}, b"<html>bad gateway</html>")
        return None

    clock = FakeClock()
    breaker = Breaker(clock=clock, patience_s=20)
    crew = Crew(InMemoryCarrier(Troubled(app, before=die), clock=clock), clock=clock, concurrency=4, breaker=breaker)
    with pytest.raises(LedgerUnreachable):
        provision(plan(SMALL, 7), crew, manifest=tmp_path / "population.sqlite", clock=clock, policy=PATIENT)
    assert _provision(app, tmp_path).complete
    _assert_exactly(app, plan(SMALL, 7))


def test_a_manifest_of_another_population_is_refused(app, tmp_path):
    _provision(app, tmp_path)
    with pytest.raises(UsageError, match="another population"):
        _provision(app, tmp_path, seed=8)


@pytest.mark.parametrize(
    ("organizations", "parts"),
    [pytest.param(3, 3, id="groups cut apart"), pytest.param(12, 2, id="whole groups")],
)
def test_parts_make_up_the_whole(organizations, parts, app, tmp_path):
    spec = PopulationSpec.of_preset(
        "medium", organizations=organizations, ledgers_per_organization=1, transactions_per_ledger=5
    )
    for part in range(1, parts + 1):
        report = _provision(app, tmp_path / str(part), spec=spec, part=(part, parts))
        assert report.complete, report.reasons
    planned = plan(spec, 7)
    _assert_exactly(app, planned)
    whole = Manifest(tmp_path / "whole" / "population.sqlite")
    for part in range(1, parts + 1):
        whole.absorb(tmp_path / str(part) / "population.sqlite")
    whole.close()
    joined = Population.open(tmp_path / "whole")
    _provision(app, tmp_path / "alone", spec=spec)
    assert list(joined.accounts) == list(Population.open(tmp_path / "alone").accounts)


def test_parts_of_different_plans_do_not_join(app, tmp_path):
    _provision(app, tmp_path / "one")
    _provision(app, tmp_path / "two", seed=8)
    whole = Manifest(tmp_path / "population.sqlite")
    whole.absorb(tmp_path / "one" / "population.sqlite")
    with pytest.raises(UsageError, match="another population"):
        whole.absorb(tmp_path / "two" / "population.sqlite")


def test_history_is_dated_back(app, tmp_path):
    spec = PopulationSpec.of_preset("small", history_days=90, history_end="2024-04-01", transactions_per_ledger=40)
    assert _provision(app, tmp_path, spec=spec).complete
    held = _everything_dated(app)
    days = sorted(one["createdAt"][:10] for one in held)
    assert days[0] == "2024-01-02" and days[-1] < "2024-04-01"


def _everything_dated(app):
    organization = _get(app, "/v1/organizations")["items"][0]["id"]
    ledger = _get(app, f"/v1/organizations/{organization}/ledgers")["items"][0]["id"]
    path = f"/v1/organizations/{organization}/ledgers/{ledger}/transactions"
    return _get(app, f"{path}?limit=100&start_date=2024-01-01&end_date=2024-12-31")["items"]


@pytest.mark.parametrize("switch", ["on", "some"])
def test_ledgers_that_insist_on_routes_are_funded_through_them(switch, app, tmp_path):
    spec = PopulationSpec.of_preset("small", ledgers_per_organization=3, route_validation=switch, type_validation="on")
    report = _provision(app, tmp_path, spec=spec)
    assert report.complete, report.reasons
    routed = [one for one in _everything(app)["transactions"] if one.get("routeId")]
    assert len(routed) == {"on": 30, "some": 10}[switch]


def test_overdrafts_and_additional_balances_are_set(app, tmp_path):
    spec = PopulationSpec.of_preset("large", organizations=1, ledgers_per_organization=1, transactions_per_ledger=5)
    assert _provision(app, tmp_path, spec=spec).complete
    population = Population.open(tmp_path)
    assert population.overdrafts
    ledger = population.ledgers[0]
    base = f"/v1/organizations/{ledger.organization_id}/ledgers/{ledger.ledger_id}/accounts"
    for position, limit in population.overdrafts.items():
        account = population.accounts[position]
        balances = _get(app, f"{base}/{account.account_id}/balances")["items"]
        main = next(one for one in balances if one["key"] == "default")
        assert main["settings"]["overdraftLimit"] == limit
    assert population.rate(0, "EUR", "EUR") == 1
    there_and_back = population.rate(0, "EUR", "BTC") * population.rate(0, "BTC", "EUR")
    assert there_and_back == 1 and population.rate(0, "EUR", "NONE") is None
    assert population.route(0, "payment").route_id and population.route(0, "payment").source_id
    with_reserve = next(account for account in population.accounts if account.role == "merchant")
    keys = {one["key"] for one in _get(app, f"{base}/{with_reserve.account_id}/balances")["items"]}
    assert keys == {"default", "reserve"}


def test_a_population_travels_to_workers_unchanged(app, tmp_path):
    _provision(app, tmp_path)
    here = Population.open(tmp_path / "population.sqlite")
    there = Population.from_bytes(here.to_bytes())
    assert there.extras == here.extras and here.extras.rates
    assert list(there.accounts) == list(here.accounts) and list(there.ledgers) == list(here.ledgers)
    assert (there.id, there.seed, there.preset, there.counts()) == (here.id, 7, "small", here.counts())
    assert [account.index for account in here.accounts] == list(range(16))
    assert sum(account.external for account in here.accounts) == 6


def test_counts_are_the_servers(app, tmp_path):
    _provision(app, tmp_path)
    counts = Population.open(tmp_path).counts()
    held = _everything(app)
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

    _provision(Troubled(app, before=refuse), tmp_path)
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
    report = _provision(Troubled(app, before=older), tmp_path, spec=spec)
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

    assert _provision(app, tmp_path, author=author).complete
    written = _everything(app)["transactions"]
    assert len(written) == 20 and {one["description"] for one in written} == {"written elsewhere"}
