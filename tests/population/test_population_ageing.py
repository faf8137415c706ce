"""A long history ages: cash gives way to cards, and some accounts close and are empty from then on."""

from collections import Counter
from random import Random

import pytest
from provisioned import everything, get, provision

from demogen.contract.transactions import AccountRef, LedgerRef
from demogen.patterns.markets import markets_of
from demogen.population.closing import CLOSED
from demogen.population.history import EXTERNAL
from demogen.population.kinds import Kind
from demogen.population.plan import plan
from demogen.population.spec import PopulationSpec
from demogen.sandbox import SandboxApp

BOOKINGS = 3_000
SPEC = PopulationSpec.build(
    {"accounts_per_ledger": 60, "assets_per_ledger": 2, "transactions_per_ledger": BOOKINGS, "history_days": 365,
     "history_end": "2025-07-01"}
)  # fmt: skip


@pytest.fixture(scope="module")
def planned():
    return plan(SPEC, 11)


@pytest.fixture(scope="module")
def bookings(planned):
    return [planned.history.booking(index) for index in range(BOOKINGS)]


def closings(planned):
    found = {index: planned.history.closing_of(index) for index in range(SPEC.accounts_per_ledger)}
    return {index: closing for index, closing in found.items() if closing is not None}


def test_an_account_that_closes_pays_out_all_it_has_and_is_never_seen_again(planned, bookings):
    closed = closings(planned)
    assert 2 <= len(closed) <= 6
    for index, closing in closed.items():
        mine = [one for one in bookings if one.source == index or index in dict(one.targets)]
        last = max(mine, key=lambda one: one.number)
        assert (last.number, last.name, last.targets) == (closing.nth, "closing", ((EXTERNAL, closing.units),))
        assert sum(one.units for one in mine if one.source == index) == planned.opening_units(index)
        assert all(one.source == index for one in mine)
        assert len(mine) > 5


def test_it_is_marked_as_closed_on_that_day(planned):
    for index, closing in closings(planned).items():
        fields = planned.entity(Kind.ACCOUNT, index).fields
        assert fields["status"] == {"code": "CLOSED"}
        assert (fields["metadata"]["role"], fields["metadata"]["closed_on"]) == (CLOSED, closing.date[:10])
    roles = Counter(planned.entity(Kind.ACCOUNT, n).fields["metadata"]["role"] for n in range(SPEC.accounts_per_ledger))
    assert roles[CLOSED] == len(closings(planned))


def test_nobody_else_runs_dry_for_those_who_left(planned, bookings):
    has = {index: planned.opening_units(index) for index in range(SPEC.accounts_per_ledger)}
    for one in bookings:
        if one.source != EXTERNAL:
            has[one.source] -= one.units
            assert has[one.source] >= 0
        for target, units in one.targets:
            if target != EXTERNAL:
                has[target] += units


def test_cash_gives_way_to_cards(bookings):
    third = BOOKINGS // 3
    early, late = (Counter(one.name for one in part) for part in (bookings[:third], bookings[-third:]))
    assert early["deposit"] + early["withdrawal"] > 1.4 * (late["deposit"] + late["withdrawal"])
    assert late["payment"] > early["payment"]


def test_the_ledger_shows_a_closed_account_empty(tmp_path, planned):
    app = SandboxApp(rng=Random(1))
    assert provision(app, tmp_path, spec=SPEC, seed=11).complete
    closed = [one for one in everything(app)["accounts"] if one["status"]["code"] == "CLOSED"]
    assert len(closed) == len(closings(planned))
    for one in closed:
        ledger = f"/v1/organizations/{one['organizationId']}/ledgers/{one['ledgerId']}"
        balances = get(app, f"{ledger}/accounts/{one['id']}/balances")["items"]
        assert {balance["available"] for balance in balances} == {"0"}


def test_a_short_history_and_none_at_all_see_nobody_leave():
    for days in (0, 29):
        spec = SPEC.model_copy(update={"history_days": days})
        assert closings(plan(spec, 11)) == {}


def test_a_closed_account_is_in_no_market():
    ledger = LedgerRef(0, "o", "l")
    roles = ("customer", CLOSED, "customer")
    [market] = markets_of([AccountRef(n, str(n), f"@{n}", "USD", 2, ledger, role) for n, role in enumerate(roles)])
    assert [account.index for account in market.accounts] == [0, 2]
