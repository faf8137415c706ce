"""A plan is a value: sizes as promised, the same bytes for the same seed, names that a ledger takes."""

import re
import tracemalloc
from itertools import islice, pairwise

import pytest

from demogen.contract.entities import (
    AccountInput,
    AccountTypeInput,
    AssetInput,
    AssetRateInput,
    BalanceInput,
    LedgerInput,
    OperationRouteInput,
    OrganizationInput,
    PortfolioInput,
    SegmentInput,
    TransactionRouteInput,
)
from demogen.errors import InvalidSettings, UsageError
from demogen.population.kinds import Kind
from demogen.population.plan import plan
from demogen.population.planned import Stage
from demogen.population.spec import PopulationSpec, presets
from demogen.population.tax import valid_cnpj, valid_cpf, valid_ein

UUID = "0198a3b0-0000-7000-8000-000000000000"
BODIES = {
    Kind.ORGANIZATION: OrganizationInput,
    Kind.LEDGER: LedgerInput,
    Kind.ASSET: AssetInput,
    Kind.ACCOUNT_TYPE: AccountTypeInput,
    Kind.OPERATION_ROUTE: OperationRouteInput,
    Kind.TRANSACTION_ROUTE: TransactionRouteInput,
    Kind.PORTFOLIO: PortfolioInput,
    Kind.SEGMENT: SegmentInput,
    Kind.ACCOUNT: AccountInput,
    Kind.BALANCE: BalanceInput,
    Kind.ASSET_RATE: AssetRateInput,
}


def _entities(planned, kind):
    return [one for stage in planned.stages() if stage.kind is kind for one in planned.walk(stage)]


@pytest.mark.parametrize(
    ("preset", "sizes", "total"),
    [
        pytest.param("small", (1, 2, 6, 2, 2, 10, 20), 43, id="small"),
        pytest.param("medium", (3, 15, 120, 30, 30, 225, 750), 1_173, id="medium"),
        pytest.param("large", (10, 100, 1_500, 300, 300, 3_000, 20_000), 25_210, id="large"),
        pytest.param("xlarge", (25, 500, 10_000, 2_500, 2_500, 25_000, 250_000), 290_525, id="xlarge"),
    ],
)
def test_presets_are_exactly_as_promised(preset, sizes, total):
    planned = plan(PopulationSpec.of_preset(preset))
    kinds = (
        Kind.ORGANIZATION, Kind.LEDGER, Kind.ASSET, Kind.PORTFOLIO, Kind.SEGMENT, Kind.ACCOUNT, Kind.TRANSACTION,
    )  # fmt: skip
    counts = planned.counts()
    assert tuple(counts[kind] for kind in kinds) == sizes
    assert planned.entities() == total == planned.spec.entities


@pytest.mark.parametrize("preset", ["small", "medium", "large"])
def test_what_is_counted_is_what_is_walked(preset):
    planned = plan(PopulationSpec.of_preset(preset))
    counts = planned.counts()
    for stage in planned.stages():
        assert sum(1 for _ in planned.indexes(stage)) == planned.stage_size(stage), stage
    for kind in BODIES:
        indexes = [index for stage in planned.stages() if stage.kind is kind for index in planned.indexes(stage)]
        assert len(indexes) == len(set(indexes)) == counts[kind], kind


def test_the_same_seed_gives_the_same_bytes_and_another_does_not():
    spec = PopulationSpec.of_preset("medium")
    first, again, other = plan(spec, 7), plan(spec, 7), plan(spec, 8)
    assert b"\n".join(first.lines()) == b"\n".join(again.lines())
    assert first.id == again.id != other.id
    assert b"\n".join(first.lines()) != b"\n".join(other.lines())


def test_a_plan_does_not_depend_on_the_process(tmp_path):
    import subprocess
    import sys

    code = (
        "import hashlib\nfrom demogen.population.plan import plan\nfrom demogen.population.spec import PopulationSpec\n"
        "text = hashlib.sha256()\n"
        "for line in plan(PopulationSpec.of_preset('small'), 7).lines(): text.update(line)\nprint(text.hexdigest())"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": hash_seed}, capture_output=True, text=True, check=True
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(runs) == 1


def test_parts_are_disjoint_and_make_up_the_whole():
    planned = plan(PopulationSpec.of_preset("medium"))
    for stage in planned.stages():
        whole = sorted(planned.indexes(stage))
        parts = [index for k in (1, 2) for index in planned.indexes(stage, part=(k, 2))]
        assert sorted(parts) == whole, stage


def test_every_body_is_one_the_server_takes():
    spec = PopulationSpec.of_preset("medium", route_validation="some")
    planned = plan(spec)
    for kind, model in BODIES.items():
        entities = _entities(planned, kind)
        assert entities, kind
        for one in entities:
            fields = dict(one.fields)
            for field, _, _ in one.references:
                if field == "operationRoutes":
                    fields[field] = [UUID]
                elif field != "account":
                    fields[field] = UUID
            model.model_validate(fields)


def test_aliases_are_what_the_dsl_can_spell_and_unique():
    aliases = [one.fields["alias"] for one in _entities(plan(PopulationSpec.of_preset("large")), Kind.ACCOUNT)]
    assert all(re.fullmatch(r"@[A-Za-z0-9_-]+", alias) for alias in aliases)
    assert len(set(aliases)) == len(aliases)


def test_names_are_unique_where_the_server_insists():
    planned = plan(PopulationSpec.of_preset("xlarge"))
    ledgers = [(one.organization, one.fields["name"].lower()) for one in _entities(planned, Kind.LEDGER)]
    assert len(set(ledgers)) == len(ledgers)
    assets = list(islice(planned.walk(Stage(Kind.ASSET)), 2_000))
    assert len({(one.ledger, one.fields["code"]) for one in assets}) == len(assets)
    assert len({(one.ledger, one.fields["name"]) for one in assets}) == len(assets)
    segments = _entities(planned, Kind.SEGMENT)
    assert len({(one.ledger, one.fields["name"]) for one in segments}) == len(segments)


@pytest.mark.parametrize("locale", ["us", "br"])
def test_tax_numbers_check_and_addresses_agree(locale):
    spec = PopulationSpec.of_preset("large", locale=locale)
    planned = plan(spec)
    places = {(place.city, place.state): place for place in getattr(planned.catalog, locale)}
    for one in _entities(planned, Kind.ORGANIZATION):
        valid = valid_cnpj if locale == "br" else valid_ein
        assert valid(one.fields["legalDocument"])
        address = one.fields["address"]
        place = places[address["city"], address["state"]]
        if locale == "us":
            assert address["zipCode"] in place.zips
        else:
            five = int(address["zipCode"][:5])
            assert any(int(low) <= five <= int(high) for low, high in (code.split("-") for code in place.zips))
    for one in _entities(planned, Kind.ACCOUNT):
        document = one.fields["metadata"].get("document")
        if document:
            assert valid_cpf(document) or valid_cnpj(document) or valid_ein(document)


@pytest.mark.parametrize("locale", ["us", "br"])
def test_firms_sit_where_their_names_say(locale):
    planned = plan(PopulationSpec.of_preset("large", organizations=300, locale=locale))
    cities = {place.city for place in getattr(planned.catalog, locale)}
    named = 0
    for one in _entities(planned, Kind.ORGANIZATION):
        name, metadata = one.fields["legalName"], one.fields["metadata"]
        said = [city for city in cities if f" {city} " in f" {name} "]
        named += len(said)
        assert all(city == one.fields["address"]["city"] for city in said), name
        if metadata["line"] == "credit_union":
            assert not name.endswith(("Inc.", "LLC", "Corp.", "S.A.", "Ltda.")), name
        if metadata["line"] == "saas":
            assert metadata["founded"] >= 1998
    assert named > 20


@pytest.mark.parametrize(
    ("number", "valid"),
    [
        pytest.param("11222333000181", True, id="the example of the revenue office"),
        pytest.param("11222333000180", False, id="wrong check digit"),
        pytest.param("00000000000000", False, id="all equal"),
    ],
)
def test_cnpj_check_digits(number, valid):
    assert valid_cnpj(number) is valid


@pytest.mark.parametrize(("number", "valid"), [("52998224725", True), ("52998224724", False), ("11111111111", False)])
def test_cpf_check_digits(number, valid):
    assert valid_cpf(number) is valid


def test_the_small_preset_can_pay_exchange_and_split():
    planned = plan(PopulationSpec.of_preset("small"))
    layout = planned.layout
    places = [layout.place(position) for position in range(5)]
    assert [place.role for place in places if place.slot == 0] == ["customer", "merchant", "treasury"]
    assert [place.role for place in places if place.slot == 1] == ["customer", "treasury"]


def test_references_stay_within_the_ledger_and_parents_share_the_asset():
    planned = plan(PopulationSpec.of_preset("large"))
    spec = planned.spec
    children = 0
    for one in _entities(planned, Kind.ACCOUNT):
        for field, _, index in one.references:
            per = {
                "portfolioId": spec.portfolios_per_ledger,
                "segmentId": spec.segments_per_ledger,
                "parentAccountId": spec.accounts_per_ledger,
            }[field]
            assert index // per == one.ledger
            if field == "parentAccountId":
                children += 1
                parent = planned.entity(Kind.ACCOUNT, index)
                assert parent.fields["assetCode"] == one.fields["assetCode"]
                assert not [name for name, _, _ in parent.references if name == "parentAccountId"]
    assert children == spec.ledgers * planned.layout.children > 0


def test_memory_stays_flat_whatever_the_volume():
    spec = PopulationSpec.build({"organizations": 1, "accounts_per_ledger": 2_000_000, "assets_per_ledger": 3})
    planned = plan(spec)
    walk = planned.walk(Stage(Kind.ACCOUNT))
    for _ in islice(walk, 1_000):
        pass
    tracemalloc.start()
    for _ in islice(walk, 5_000):
        pass
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 200_000


def test_a_total_of_transactions_is_spread_to_the_last_one():
    spec = PopulationSpec.of_preset("medium", transactions=1_001)
    planned = plan(spec)
    spans = [planned.first_transaction(ledger) for ledger in range(spec.ledgers + 1)]
    sizes = [after - before for before, after in pairwise(spans)]
    assert sum(sizes) == 1_001 and max(sizes) - min(sizes) <= 1


def test_every_kind_of_asset_that_was_asked_for_has_its_turn():
    planned = plan(PopulationSpec.of_preset("small", asset_families=("fiat", "crypto"), assets_per_ledger=4))
    first = [one.fields["metadata"]["family"] for one in _entities(planned, Kind.ASSET)[:4]]
    assert first.count("crypto") >= 1 and first[0] == "fiat"


def test_more_assets_than_the_templates_have_become_tokens():
    spec = PopulationSpec.build({"assets_per_ledger": 60, "accounts_per_ledger": 5})
    codes = [one.fields["code"] for one in _entities(plan(spec), Kind.ASSET)]
    assert len(set(codes)) == 60 and "TOKENA" in codes and all(code.isalpha() and code.isupper() for code in codes)


def test_an_unknown_preset_names_those_there_are():
    with pytest.raises(UsageError, match=r"small, medium, large, xlarge"):
        PopulationSpec.of_preset("huge")


def test_every_problem_of_a_spec_is_said_at_once():
    with pytest.raises(InvalidSettings) as caught:
        PopulationSpec.build({"organizations": 0, "locale": "fr", "accounts_per_ledger": "many", "colour": "red"})
    assert [location for location, _ in caught.value.problems] == [
        "population.organizations", "population.accounts_per_ledger", "population.locale", "population.colour",
    ]  # fmt: skip


def test_names_the_templates_lack_are_said_with_those_they_have():
    spec = PopulationSpec.of_preset("small", assets=("USD", "XYZ"), industries=("mining",), patterns=("paymnet",))
    with pytest.raises(InvalidSettings) as caught:
        plan(spec)
    told = dict(caught.value.problems)
    assert "'XYZ'" in told["population.assets"] and "USD" in told["population.assets"]
    assert "'paymnet'" in told["population.patterns"] and "payment" in told["population.patterns"]
    assert "'mining'" in told["population.industries"] and "retail" in told["population.industries"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param('[population]\npreset = "small"\nlocale = "br"\n', "spec.toml", id="toml"),
        pytest.param("population:\n  preset: small\n  locale: br\n", "spec.yaml", id="yaml"),
        pytest.param('{"preset": "small", "locale": "br"}', "spec.json", id="json"),
    ],
)
def test_a_spec_is_read_from_a_file(tmp_path, text, name):
    (tmp_path / name).write_text(text)
    spec = PopulationSpec.of_file(tmp_path / name, funding=3)
    assert (spec.accounts_per_ledger, spec.locale, spec.funding) == (5, "br", 3)


def test_too_many_entities_are_refused_before_anything_is_made():
    with pytest.raises(InvalidSettings, match="make it smaller"):
        PopulationSpec.build({"organizations": 1_000_000, "ledgers_per_organization": 10_000})


def test_presets_are_in_order():
    assert list(presets()) == ["small", "medium", "large", "xlarge"]


@pytest.mark.parametrize("accounts", [1, 5, 63, 1_000, 4_321])
@pytest.mark.parametrize("assets", [1, 3, 7])
def test_counting_by_arithmetic_is_counting(accounts, assets):
    spec = PopulationSpec.build({"accounts_per_ledger": accounts, "assets_per_ledger": assets})
    layout = plan(spec).layout
    everyone = range(accounts)
    assert layout.children == sum(layout.parent_of(one) is not None for one in everyone)
    assert layout.overdrafts == sum(layout.overdraft_of(one) > 0 for one in everyone)
    assert layout.reserves == sum(layout.reserve_of(one) != "" for one in everyone)
    slots = [position for slot in range(1 + layout.others) for position in layout.positions(slot)]
    assert sorted(slots) == list(everyone)


def test_industries_sizes_and_statuses_come_as_asked():
    spec = PopulationSpec.build({"organizations": 400, "industries": ("financial", "tech_saas")})
    planned = plan(spec)
    bodies = [one.fields for one in _entities(planned, Kind.ORGANIZATION)]
    lines = {(body["metadata"]["industry"], body["metadata"]["line"]) for body in bodies}
    assert lines == {
        ("financial", "bank"), ("financial", "credit_union"), ("financial", "payment_processor"), ("tech", "saas"),
    }  # fmt: skip
    for body in bodies:
        low, high = planned.catalog.sizes[body["metadata"]["size"]]
        assert low <= body["metadata"]["employees"] <= high
        assert body["legalName"].startswith(body["doingBusinessAs"])
    statuses = [body["status"]["code"] for body in bodies]
    assert set(statuses) == {"ACTIVE", "ONBOARDING", "UNDER_REVIEW"}
    assert 0.8 < statuses.count("ACTIVE") / 400 < 0.97
    countries = [body["address"]["country"] for body in bodies]
    assert countries.count("US") == countries.count("BR") == 200


def test_groups_have_heads_that_exist_before_their_members():
    planned = plan(PopulationSpec.build({"organizations": 11}))
    parents = {one.index: one.references[0][2] for one in _entities(planned, Kind.ORGANIZATION) if one.references}
    assert parents == {2: 0, 4: 0, 7: 5, 9: 5}
    assert set(parents) == set(planned.indexes(Stage(Kind.ORGANIZATION, 1)))


def test_ledgers_say_purpose_scope_region_and_whom_they_serve():
    planned = plan(PopulationSpec.build({"ledgers_per_organization": 7, "assets_per_ledger": 12}))
    bodies = [one.fields for one in _entities(planned, Kind.LEDGER)]
    names = [body["name"] for body in bodies]
    metadata = [body["metadata"] for body in bodies]
    assert {entry["purpose"] for entry in metadata} >= {"operational", "settlement", "fees", "escrow"}
    assert {entry["region"] for entry in metadata} == {"us", "eu", "apac", "latam"}
    assert all(entry["reports_to"] == names[0] for entry in metadata[1:])
    for position, entry in enumerate(metadata):
        if "serves" in entry:
            assert entry["serves"] in names[:position]
        types = [asset.type for _, asset in planned.firms.books(position).assets]
        assert (types.count("currency") == 1) is (entry["currency_scope"] == "single")
    assert sum("serves" in entry for entry in metadata) == 3


def test_account_types_carry_class_interest_and_credit_limit():
    planned = plan(PopulationSpec.of_preset("large", organizations=1, accounts_per_ledger=300))
    accounts = [one.fields for one in _entities(planned, Kind.ACCOUNT)]
    by_type = {fields["type"]: fields["metadata"] for fields in accounts}
    assert by_type["savings"]["interest_bp"] == 425 and by_type["creditCard"]["credit_limit_usd"] == 15_000
    assert by_type["fee"]["class"] == "revenue" and by_type["expense"]["class"] == "expense"
    keys = {one.fields["keyValue"] for one in _entities(planned, Kind.ACCOUNT_TYPE)}
    assert set(by_type) <= keys
    statuses = {fields["type"]: set() for fields in accounts}
    for fields in accounts:
        statuses[fields["type"]].add(fields["status"]["code"])
    assert statuses["savings"] == {"ACTIVE", "INACTIVE"} and statuses["checking"] == {"ACTIVE"}
