"""The stage: who plays which role, how unevenly accounts are busy, how large amounts are, what an asset costs."""

from collections import Counter
from datetime import UTC, date, datetime
from fractions import Fraction

import pytest

from demogen.contract.transactions import AccountRef, Intent, LedgerRef, Leg
from demogen.errors import PreflightFailed
from demogen.patterns import Dice, Stage
from demogen.patterns.almanac import Almanac
from demogen.patterns.values import amounts
from demogen.population.extras import Extras, FlowRoute, Rate
from demogen.population.skew import skew

LEDGERS = [LedgerRef(number, f"o{number}", f"l{number}") for number in range(3)]


def accounts(*groups):
    """(ledger, asset, scale, roles) for each market; external accounts come last."""
    made = []
    for ledger, asset, scale, roles in groups:
        for role in (*roles, "external"):
            external = role == "external"
            alias = f"@external/{asset}" if external else f"@{len(made)}"
            made.append(
                AccountRef(len(made), str(len(made)), alias, asset, scale, LEDGERS[ledger], role, external=external)
            )
    return made


CITY = accounts(
    (0, "USD", 2, ("customer",) * 60 + ("merchant",) * 40), (1, "USD", 2, ("customer",) * 9 + ("merchant",))
)


def thrown(stage, count=4000, roles=("customer", "merchant")):
    return [Dice(stage, seed=5, arrival=n).pair(*roles) for n in range(count)]


def test_markets_are_busy_in_proportion_to_their_accounts():
    ledgers = Counter(payer.ledger.index for payer, _ in thrown(Stage(CITY)))
    assert ledgers[0] / ledgers[1] == pytest.approx(10, rel=0.25)


def test_everybody_is_equally_busy_unless_asked_otherwise():
    paid = Counter(payer.index for payer, _ in thrown(Stage(CITY)) if payer.ledger.index == 0)
    assert len(paid) == 60
    assert max(paid.values()) < 3 * min(paid.values())


def test_with_a_hot_set_most_traffic_meets_few_accounts():
    payers = Counter(payer.index for payer, _ in thrown(Stage(CITY, skew=skew("hot:5%:80%"))))
    assert sum(count for _, count in payers.most_common(4)) / payers.total() == pytest.approx(0.82, abs=0.05)


def test_with_zipf_the_first_is_busiest_and_all_are_met():
    payers = Counter(p.index for p, _ in thrown(Stage(CITY, skew=skew("zipf:1.1"))) if p.ledger.index == 0)
    assert payers.most_common(1)[0][0] == 0
    assert len(payers) > 50


def test_everybody_pays_one_merchant_and_only_that_role_is_skewed():
    everybody = Stage(CITY, skew={"merchant": skew("hot:0.1%:100%"), "market": skew("hot:1%:100%")})
    pairs = thrown(everybody)
    assert len({payee.index for _, payee in pairs}) == 1
    assert len({payer.index for payer, _ in pairs}) == 60


def test_a_skewed_market_leaves_the_choice_of_payers_even():
    pairs = thrown(Stage(CITY, skew={"market": skew("hot:50%:80%")}))
    payers = Counter(payer.index for payer, _ in pairs if payer.ledger.index == 0)
    assert max(payers.values()) < 3 * min(payers.values())


@pytest.mark.parametrize(
    ("roles", "asked", "plays"),
    [
        pytest.param(("customer", "merchant"), "merchant", {"merchant"}, id="somebody has the role"),
        pytest.param(("customer", "merchant"), "fee", {"merchant"}, id="the role folds into another"),
        pytest.param(("customer", "customer"), "treasury", {"customer"}, id="over several stand-ins"),
        pytest.param(("robot", "robot"), "fee", {"robot"}, id="else anybody"),
        pytest.param(("customer", "merchant"), "gardener", {"customer", "merchant"}, id="an unknown role is anybody's"),
    ],
)
def test_a_role_that_nobody_has_is_played_by_its_stand_in(roles, asked, plays):
    (market,) = Stage(accounts((0, "USD", 2, roles))).markets
    assert {account.role for account in market.crowd(asked)} == plays


@pytest.mark.parametrize("roles", [("customer", "merchant"), ("merchant", "merchant"), ("fee", "expense")])
@pytest.mark.parametrize(
    "crowd", [("merchant", "customer"), ("merchant",) * 2, ("customer",) * 3, ("expense", "robot")]
)
def test_nobody_ever_pays_itself(crowd, roles):
    assert all(payer is not payee for payer, payee in thrown(Stage(accounts((0, "USD", 2, crowd))), 500, roles))


def test_a_population_where_nobody_can_pay_is_refused():
    with pytest.raises(PreflightFailed, match="two accounts in one asset"):
        Stage(accounts((0, "USD", 2, ("customer",)), (1, "USD", 2, ("customer",))))


@pytest.mark.parametrize("shape", ["everyday", "regular", "heavy"])
@pytest.mark.parametrize(
    ("asset", "scale", "median"), [("USD", 2, 2500), ("JPY", 0, 3731), ("ETH", 18, 7_812_500 * 10**9)]
)
def test_amounts_are_worth_25_dollars_in_the_middle(asset, scale, median, shape):
    table = amounts(asset, scale=scale, shape=shape)
    assert table[512] == pytest.approx(median, rel=0.01)
    assert min(table) >= 1


def test_amounts_have_the_tails_of_their_shape():
    tail = {shape: amounts("USD", scale=2, shape=shape)[-1] / 2500 for shape in ("everyday", "regular", "heavy")}
    assert tail["regular"] < 1.5 < 20 < tail["everyday"] < tail["heavy"]


def test_first_digits_are_those_of_real_amounts():
    stage = Stage(CITY)
    digits = Counter(str(Dice(stage, seed=1, arrival=n).amount(CITY[0]))[0] for n in range(9000))
    assert [digits[d] / 9000 for d in "123"] == pytest.approx([0.301, 0.176, 0.125], abs=0.06)


@pytest.mark.parametrize("tie", ["rent", "gym"])
def test_who_is_bound_stays_bound(tie):
    stage = Stage(CITY)
    crowd = stage.markets[0].crowd("merchant")
    bonds = [
        [Dice(stage, seed=seed, arrival=9).bound_to(one, crowd, tie=tie).index for one in CITY[:60]] for seed in (1, 2)
    ]
    assert bonds[0] == bonds[1]
    assert len(set(bonds[0])) > 15


def test_three_neighbours_share_a_home():
    stage = Stage(CITY)
    homes = {Dice(stage, seed=1, arrival=number).home(stage.markets[0]) for number in range(900)}
    assert sorted(account.index for home in homes for account in home) == list(range(60))
    assert {len(home) for home in homes} == {3}


def desk(*rates):
    groups = [(0, code, 2, ("customer", "treasury")) for code in ("USD", "EUR", "BRL")]
    extras = Extras(rates=tuple(Rate(0, a, b, value, 4, 30) for a, b, value in rates))
    stage = Stage(accounts(*groups), extras=extras)
    return {(pair.source.asset, pair.target.asset): (stage.desk, pair) for pair in stage.desk.pairs}


def drift(quote, rate):
    return abs(quote.rate / Fraction(rate) - 1)


@pytest.mark.parametrize(
    ("pair", "rate", "spread_bp", "over"),
    [
        pytest.param(("USD", "EUR"), "0.9", 30, "", id="a rate that is known"),
        pytest.param(("EUR", "USD"), Fraction(10, 9), 30, "", id="the other way round"),
        pytest.param(("EUR", "BRL"), Fraction(50, 9), 60, "USD", id="over two hops, both spreads"),
    ],
)
def test_the_desk_quotes_the_population_s_rates(pair, rate, spread_bp, over):
    counter, asked = desk(("USD", "EUR", 9_000), ("USD", "BRL", 50_000))[pair]
    quote = counter.quote(asked, arrival=0)
    assert drift(quote, rate) <= Fraction(5, 1000)
    assert quote.spread_bp == spread_bp
    assert (asked.middle.asset if asked.middle else "") == over


def test_without_rates_assets_cost_what_they_are_worth():
    counter, asked = desk()["USD", "EUR"]
    assert drift(counter.quote(asked, arrival=0), Fraction(100, 108)) <= Fraction(5, 1000)


def test_rates_drift_and_hold_still_for_a_while():
    counter, asked = desk()["USD", "EUR"]
    rates = [counter.quote(asked, arrival=arrival).rate for arrival in range(0, 1 << 15, 1 << 9)]
    assert rates[0] == rates[1]
    assert len(set(rates)) > 4


def test_a_purchase_is_rounded_down_to_the_scale():
    counter, asked = desk(("USD", "EUR", 9_000))["USD", "EUR"]
    quote = counter.quote(asked, arrival=0)
    exact = 10_001 * quote.rate * (10_000 - 30) / 10_000
    assert quote.bought(10_001, from_scale=2, to_scale=2) == int(exact)
    assert quote.bought(10_001, from_scale=2, to_scale=18) == int(exact * 10**16)
    assert quote.bought(1, from_scale=18, to_scale=0) == 1


PAYMENT = FlowRoute(0, "payment", "T1", "S1", "D1")
FUNDING = FlowRoute(0, "funding", "T2", "S2", "D2")


@pytest.mark.parametrize(
    ("routes", "external", "ids"),
    [
        pytest.param((PAYMENT, FUNDING), False, ("T1", "S1", "D1"), id="a payment"),
        pytest.param((PAYMENT, FUNDING), True, ("T2", "S2", "D2"), id="from outside"),
        pytest.param((PAYMENT,), True, ("T1", "S1", "D1"), id="a flow without routes takes those of a payment"),
        pytest.param((), False, ("", "", ""), id="a ledger without routes"),
    ],
)
def test_an_intent_is_given_the_routes_of_its_flow(routes, external, ids):
    crowd = accounts((0, "USD", 2, ("customer", "merchant")))
    stage = Stage(crowd, extras=Extras(routes=routes))
    payer = crowd[2] if external else crowd[0]
    routed = stage.flows.routed(Intent.spread(5, (Leg(payer, 5),), (Leg(crowd[1], 5),)))
    assert (routed.route_id, routed.sources[0].route_id, routed.targets[0].route_id) == ids


def moments(almanac, count=3000):
    stage = Stage(CITY, almanac=almanac)
    return [datetime.fromisoformat(Dice(stage, seed=1, arrival=n).moment()) for n in range(count)]


def test_the_past_is_dense_at_noon_thin_at_night_and_denser_of_late():
    when = moments(Almanac(date(2023, 1, 1), days=400))
    assert min(when) >= datetime(2021, 11, 27, tzinfo=UTC)
    assert max(when) < datetime(2023, 1, 1, tzinfo=UTC)
    hours = Counter(moment.hour for moment in when)
    assert hours[12] > 8 * hours[3]
    days = Counter(moment.weekday() for moment in when)
    assert days[5] + days[6] < 0.6 * (days[1] + days[2])
    older = sum(moment < datetime(2022, 6, 15, tzinfo=UTC) for moment in when)
    assert older < 0.35 * len(when)


def test_salaries_are_paid_on_the_25th():
    almanac = Almanac(date(2023, 1, 1), days=400)
    days = {datetime.fromisoformat(almanac.pay_day(bits << 3)).day for bits in range(0, 1 << 13, 97)}
    assert days == {25}


def test_odd_hours_are_between_one_and_five():
    almanac = Almanac()
    stage = Stage(CITY)
    throws = [Dice(stage, seed=1, arrival=n).bits() for n in range(500)]
    assert {datetime.fromisoformat(almanac.night(bits)).hour for bits in throws} == {1, 2, 3, 4}
