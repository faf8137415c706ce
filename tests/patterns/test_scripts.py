"""Scripts of users' own in the Gold DSL, played as patterns."""

import pytest
from playhouse import TOWN, Playhouse

from demogen.audit.verdict import Verdict
from demogen.errors import PreflightFailed, UsageError
from demogen.patterns import find_patterns
from demogen.patterns.scripts import script_patterns, texts_in

SALE = """(transaction V1 (chart-of-accounts-group-name SALES) (description "sale by script") (code S-1)
  (send USD $amount|0
    (source (from $customer :amount USD $amount|0))
    (distribute (to $merchant :share 90) (to $fee :remaining))))"""
CASH = """(transaction V1 (chart-of-accounts-group-name FUNDING)
  (send USD 70|0 (source (from $external :amount USD 70|0))
    (distribute (to $customer :amount USD 30|0) (to $customer2 :remaining))))"""
HOLD = """(transaction V1 (chart-of-accounts-group-name HOLDS) (pending true)
  (send USD 9|0 (source (from $customer :amount USD 9|0)) (distribute (to $merchant :amount USD 9|0))))"""


def scripts(folder, **texts):
    for name, text in texts.items():
        (folder / f"{name}.gold").write_text(text, encoding="utf-8")
    return script_patterns(texts_in(folder))


@pytest.mark.parametrize("dialect", ["v3.8", "v4"])
def test_scripts_play_and_lose_nothing_even_where_remaining_would(tmp_path, dialect):
    found = scripts(tmp_path, sale=SALE, cash=CASH, reserve=HOLD)
    weights = dict.fromkeys(found, 1)
    house = Playhouse(tmp_path / "run", weights, scripts=found, dialect=dialect, tps=40)
    measured = house.play()
    assert house.surprises() == []
    assert {name: share.started > 20 for name, share in measured.mix.patterns.items()} == dict.fromkeys(weights, True)
    assert house.audit().verdict is Verdict.HOLDS


def test_an_account_may_be_named_outright(tmp_path):
    house = Playhouse(tmp_path / "first", {"payment": 1}, seconds=1, tps=10)
    alias = next(one.alias for one in house.population.accounts if one.asset == "USD" and not one.external)
    text = CASH.replace("$customer2", alias)
    found = scripts(tmp_path, cash=text)
    again = Playhouse(tmp_path / "again", {"cash": 1}, scripts=found, earlier=house, tps=20, seconds=1)
    again.play()
    assert again.surprises() == []


def test_a_script_whose_asset_or_account_nobody_has_is_told_before_the_load(tmp_path):
    found = scripts(tmp_path, sale=SALE.replace("USD", "ZZZ"))
    with pytest.raises(PreflightFailed, match="'sale' finds nobody to play it"):
        Playhouse(tmp_path / "run", {"sale": 1}, scripts=found, spec=TOWN)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("(transaction V2)", r"bad\.gold: line 1, column 14", id="syntax"),
        pytest.param(SALE.replace("$amount", "$price"), r"\$price stands for no number", id="an unknown number"),
        pytest.param(SALE.replace("90", "$part"), r"\$part stands for no number", id="a share"),
    ],
)
def test_a_wrong_script_is_named_with_the_place(tmp_path, text, says):
    with pytest.raises(UsageError, match=says):
        scripts(tmp_path, bad=text)


def test_a_folder_without_scripts_is_a_mistake(tmp_path):
    with pytest.raises(UsageError, match=r"no \.gold file"):
        texts_in(tmp_path)


def test_a_script_may_not_take_the_name_of_a_pattern(tmp_path):
    found = scripts(tmp_path, payment=SALE)
    with pytest.raises(UsageError, match="'payment' already"):
        find_patterns(found)
    assert "sale" not in find_patterns()
