"""Provisioning makes what was planned, once: whatever the server answers, and however often it is run."""

from collections import Counter
from random import Random

import pytest
from provisioned import PATIENT, SMALL, Troubled, assert_exactly, everything, get, provision

from demogen.client.breaker import Breaker
from demogen.client.crew import Crew
from demogen.client.in_memory import InMemoryCarrier
from demogen.clock import FakeClock
from demogen.errors import LedgerUnreachable, PreflightFailed, UsageError
from demogen.population.directory import Population
from demogen.population.kinds import Kind
from demogen.population.manifest import Batch, Manifest
from demogen.population.plan import plan
from demogen.population.provision import provision as provision_with
from demogen.population.spec import PopulationSpec
from demogen.sandbox import SandboxApp
from demogen.sandbox.http import Reply


@pytest.fixture
def app():
    return SandboxApp(rng=Random(1))


@pytest.mark.parametrize("dialect", ["v3.8", "v4"])
def test_everything_planned_exists_once(dialect, tmp_path):
    app = SandboxApp(dialect=dialect, rng=Random(1))
    report = provision(app, tmp_path)
    assert report.complete and report.entities == 43 and not report.troubles
    assert_exactly(app, plan(SMALL, 7))


@pytest.mark.parametrize(
    "sizes",
    [
        pytest.param({"accounts_per_ledger": 1}, id="one account"),
        pytest.param({"accounts_per_ledger": 2, "assets_per_ledger": 5}, id="two accounts and five assets"),
        pytest.param({"accounts_per_ledger": 1, "assets_per_ledger": 1, "route_validation": "on"}, id="one of each"),
        pytest.param({"accounts_per_ledger": 4, "assets_per_ledger": 60}, id="far more assets than accounts"),
        pytest.param({"portfolios_per_ledger": 0, "segments_per_ledger": 0}, id="no portfolios, no segments"),
        pytest.param({"transactions_per_ledger": 0}, id="no transactions"),
        pytest.param({"transactions": 1, "ledgers_per_organization": 7}, id="fewer transactions than ledgers"),
    ],
)
def test_odd_sizes_are_made_whole(sizes, app, tmp_path):
    spec = PopulationSpec.of_preset("small", **sizes)
    report = provision(app, tmp_path, spec=spec)
    assert report.complete, report.reasons
    held = everything(app)
    assert len(held.get("transactions", ())) == spec.transactions_total
    assert len(held["accounts"]) == spec.accounts_per_ledger * spec.ledgers


def test_relations_are_as_planned(app, tmp_path):
    spec = PopulationSpec.build(
        {"organizations": 6, "accounts_per_ledger": 24, "assets_per_ledger": 3, "portfolios_per_ledger": 3}
    )
    report = provision(app, tmp_path, spec=spec)
    assert report.complete
    planned = plan(spec, 7)
    held = everything(app)
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
    assert provision(app, tmp_path, spec=spec).complete
    population = Population.open(tmp_path)
    for ledger in population.ledgers:
        path = f"/v1/organizations/{ledger.organization_id}/ledgers/{ledger.ledger_id}/balances?limit=100"
        for balance in get(app, path)["items"]:
            outside = balance["alias"].startswith("@external/")
            assert outside or float(balance["available"]) > 0 or balance["key"] != "default"


def test_a_second_run_sends_nothing(app, tmp_path):
    provision(app, tmp_path)
    line = Troubled(app)
    report = provision(line, tmp_path)
    assert report.complete and report.entities == 43
    assert not line.calls


def test_a_run_from_another_folder_takes_over_what_exists(app, tmp_path):
    provision(app, tmp_path / "first")
    report = provision(app, tmp_path / "second")
    assert report.complete
    assert report.tally(Kind.ORGANIZATION).found == 1 and report.tally(Kind.TRANSACTION).found == 20
    assert_exactly(app, plan(SMALL, 7))
    first, second = Population.open(tmp_path / "first"), Population.open(tmp_path / "second")
    assert list(first.accounts) == list(second.accounts)


def test_another_seed_is_another_population(app, tmp_path):
    provision(app, tmp_path / "first")
    report = provision(app, tmp_path / "second", seed=8)
    assert report.tally(Kind.ORGANIZATION).made == 1
    assert len(everything(app)["organizations"]) == 2


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
    report = provision(line, tmp_path)
    assert report.complete, report.reasons
    assert_exactly(app, plan(SMALL, 7))


def test_a_proxys_page_with_a_201_doubles_nothing(app, tmp_path):
    dice = Random(3)

    def page(method, path, reply):
        if method == "POST" and "/transactions/" not in path and dice.random() < 0.3:
            return Reply(201, {"content-type": "text/html"}, b"<html>created</html>")
        return reply

    assert provision(Troubled(app, after=page), tmp_path).complete
    assert_exactly(app, plan(SMALL, 7))


def test_too_many_requests_are_waited_for(app, tmp_path):
    dice = Random(3)

    def busy(method, path):
        return Reply(429, {"retry-after": "1"}, b"slow down") if dice.random() < 0.2 else None

    assert provision(Troubled(app, before=busy), tmp_path).complete
    assert_exactly(app, plan(SMALL, 7))


def test_a_failure_is_said_and_its_dependants_are_skipped(app, tmp_path):
    planned = plan(SMALL, 7)
    doomed = next(planned.walk(next(one for one in planned.stages() if one.kind is Kind.ACCOUNT))).fields["alias"]

    class Refusing(Troubled):
        def handle(self, method, target, headers, body=b""):
            if method == "POST" and doomed.encode() in body and target.endswith("/accounts"):
                return Reply(400, {}, b'{"code":"0047","title":"Bad Request","message":"no"}')
            return super().handle(method, target, headers, body)

    report = provision(Refusing(app), tmp_path)
    assert not report.complete
    assert report.tally(Kind.ACCOUNT).failed == 1
    assert report.tally(Kind.DEPOSIT).skipped == 1
    assert report.tally(Kind.TRANSACTION).skipped > 0
    assert report.troubles[0].code == "0047" and report.troubles[0].kind == "accounts"
    assert any("its account was not made" in reason for reason in report.reasons)
    # The cause comes first, however many consequences there are.
    assert report.by_weight()[0][0].startswith("accounts: 0047")
    with pytest.raises(PreflightFailed, match=r"planned entities do not exist \(accounts: 0047"):
        report.require_complete()
    counts = Population.open(tmp_path).counts()
    assert counts["accounts"] == len(everything(app)["accounts"]) == 9

    again = provision(app, tmp_path)
    assert again.complete and again.tally(Kind.ACCOUNT).made == 1
    assert_exactly(app, planned)


REFUSED = b'{"code":"9999","message":"not on a Sunday"}'
ELSEWHERE = Reply(302, {"Location": "http://login.example"}, b"")


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        pytest.param(Reply(422, {}, REFUSED), "9999 the ledger says: not on a Sunday", id="a code of tomorrow"),
        pytest.param(ELSEWHERE, "http-302 sent elsewhere, to http://login.example", id="a login page"),
        pytest.param(Reply(403, {}, b"<p>no</p>"), "http-403 not an answer of the ledger: '<p>no</p>'", id="a proxy"),
    ],
)
def test_the_reason_is_what_was_answered(reply, told, app, tmp_path):
    refusing = Troubled(app, before=lambda method, path: reply if method == "POST" else None)
    assert f"organizations: {told}" in provision(refusing, tmp_path).causes


def test_a_failed_organization_takes_its_tree_along(app, tmp_path):
    def refuse(method, path):
        if method == "POST" and path == "/v1/organizations":
            return Reply(400, {}, b'{"code":"0047","title":"Bad Request","message":"no"}')
        return None

    report = provision(Troubled(app, before=refuse), tmp_path)
    assert report.tally(Kind.ORGANIZATION).failed == 1 and report.entities == 0
    assert report.tally(Kind.LEDGER).skipped == 2 and report.tally(Kind.TRANSACTION).skipped == 20


def test_what_the_server_does_not_have_is_skipped_and_said(app, tmp_path):
    sentence = "the ledger has no accounting routes: they are left out"
    missing = {Kind.OPERATION_ROUTE: sentence, Kind.TRANSACTION_ROUTE: sentence}
    report = provision(app, tmp_path, missing=missing)
    assert report.complete and report.notes == [sentence]
    assert not everything(app)["operation_routes"]


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
        provision_with(plan(SMALL, 7), crew, manifest=tmp_path / "population.sqlite", clock=clock, policy=PATIENT)
    assert provision(app, tmp_path).complete
    assert_exactly(app, plan(SMALL, 7))


def test_a_manifest_of_another_population_is_refused(app, tmp_path):
    provision(app, tmp_path)
    with pytest.raises(UsageError, match="another population"):
        provision(app, tmp_path, seed=8)


def test_another_address_of_the_same_server_is_fine_another_server_is_not(app, tmp_path):
    provision(app, tmp_path, url="http://127.0.0.1:1")
    assert provision(app, tmp_path, url="http://127.0.0.1:2").complete
    with pytest.raises(UsageError, match="another server"):
        provision(SandboxApp(rng=Random(2)), tmp_path, url="http://127.0.0.1:3")
    assert Population.open(tmp_path).url == "http://127.0.0.1:2"


@pytest.mark.parametrize(
    ("organizations", "parts"),
    [pytest.param(3, 3, id="groups cut apart"), pytest.param(12, 2, id="whole groups")],
)
def test_parts_make_up_the_whole(organizations, parts, app, tmp_path):
    spec = PopulationSpec.of_preset(
        "medium", organizations=organizations, ledgers_per_organization=1, transactions_per_ledger=5
    )
    for part in range(1, parts + 1):
        report = provision(app, tmp_path / str(part), spec=spec, part=(part, parts))
        assert report.complete, report.reasons
    planned = plan(spec, 7)
    assert_exactly(app, planned)
    whole = Manifest(tmp_path / "whole" / "population.sqlite")
    for part in range(1, parts + 1):
        whole.absorb(tmp_path / str(part) / "population.sqlite")
    whole.close()
    joined = Population.open(tmp_path / "whole")
    provision(app, tmp_path / "alone", spec=spec)
    assert list(joined.accounts) == list(Population.open(tmp_path / "alone").accounts)


def test_what_was_joined_unfinished_is_finished_without_doubles(app, tmp_path):
    def dies(method, path):
        if method == "POST" and path.endswith("/accounts"):
            raise KeyboardInterrupt
        return

    spec = PopulationSpec.of_preset("medium", ledgers_per_organization=1, transactions_per_ledger=5)
    with pytest.raises(KeyboardInterrupt):
        provision(Troubled(app, before=dies), tmp_path / "1", spec=spec, part=(1, 2), batch=100_000)
    provision(app, tmp_path / "2", spec=spec, part=(2, 2))
    lose_rows(tmp_path / "1" / "population.sqlite", Kind.PORTFOLIO)
    whole = Manifest(tmp_path / "population.sqlite")
    for part in ("1", "2"):
        whole.absorb(tmp_path / part / "population.sqlite")
    whole.close()
    assert provision(app, tmp_path, spec=spec).complete
    assert_exactly(app, plan(spec, 7))


def lose_rows(path, kind):
    """As a kill does, that comes between the sending and the next checkpoint."""
    book = Manifest(path)
    book.forget(kind, range(book.last_position(kind) + 1))
    book.close()


def test_parts_of_different_plans_do_not_join(app, tmp_path):
    provision(app, tmp_path / "one")
    provision(app, tmp_path / "two", seed=8)
    whole = Manifest(tmp_path / "population.sqlite")
    whole.absorb(tmp_path / "one" / "population.sqlite")
    with pytest.raises(UsageError, match="another population"):
        whole.absorb(tmp_path / "two" / "population.sqlite")


class Walking(FakeClock):
    """Time passes with every look at it, so that batches take a while."""

    def __init__(self, step_ns):
        super().__init__()
        self._step_ns = step_ns

    def now_ns(self):
        self.advance_ns(self._step_ns)
        return super().now_ns()


@pytest.mark.parametrize(
    ("step_ms", "sizes"),
    [
        pytest.param(1, [128, 256, 512], id="grow while batches fill in a blink"),
        pytest.param(100, [64, 64, 64], id="stay while they take a while"),
        pytest.param(1_000, [32, 16, 16], id="shrink while they take long, to a point"),
    ],
)
def test_batches_follow_the_servers_pace(step_ms, sizes):
    batch = Batch(64, now=Walking(step_ms * 1_000_000).now_ns)
    seen = []
    for _ in sizes:
        batch.filled()
        seen.append(batch.size)
    assert seen == sizes


def test_a_kind_may_have_a_limit_of_its_own(app, tmp_path):
    busiest = Counter()

    class Counting(InMemoryCarrier):
        def collect(self, until_ns):
            for request, *_ in self._launched:
                busiest[request.target.rsplit(b"/", 1)[-1]] = max(
                    busiest[request.target.rsplit(b"/", 1)[-1]], len(self._launched)
                )
            return super().collect(until_ns)

    clock = FakeClock()
    crew = Crew(Counting(app, clock=clock), clock=clock, concurrency=8)
    provision_with(
        plan(SMALL, 7), crew, manifest=tmp_path / "population.sqlite", clock=clock, concurrency={Kind.ACCOUNT: 2}
    )
    assert busiest[b"accounts"] == 2 and busiest[b"json"] == 8


def test_after_a_kill_the_server_is_given_time_to_finish(app, tmp_path):
    def never_ends(method, path):
        if path.endswith("/portfolios"):
            raise KeyboardInterrupt
        return

    clock = FakeClock()
    for line in (Troubled(app, before=never_ends), app):
        crew = Crew(InMemoryCarrier(line, clock=clock), clock=clock)
        before_ns = clock.now_ns()
        try:
            provision_with(plan(SMALL, 7), crew, manifest=tmp_path / "population.sqlite", clock=clock, settle_s=3)
        except KeyboardInterrupt:
            assert clock.now_ns() == before_ns
    assert clock.now_ns() - before_ns == 3_000_000_000
    assert_exactly(app, plan(SMALL, 7))
