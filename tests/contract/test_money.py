"""No unit is lost or made: splits conserve, conversions are exact, text is canonical."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demogen.contract.money import (
    SCALE_MAX,
    Amount,
    AssetMismatch,
    atto_of_text,
    atto_of_units,
    parse_units,
    split_even,
    split_shares,
    units_text,
)
from demogen.errors import UsageError

amounts = st.integers(-(10**30), 10**30)
scales = st.integers(0, SCALE_MAX)
shares = st.lists(st.integers(0, 10**6), min_size=1, max_size=40).filter(any)


@given(amounts, st.integers(1, 60))
def test_an_even_split_conserves_every_unit_and_is_even(units: int, ways: int) -> None:
    parts = split_even(units, ways)
    assert sum(parts) == units
    assert len(parts) == ways
    assert max(parts) - min(parts) <= 1
    assert parts == sorted(parts, reverse=True)


@given(st.integers(0, 10**30), shares)
def test_a_split_by_shares_conserves_every_unit_and_is_fair(units: int, by: list[int]) -> None:
    parts = split_shares(units, by)
    assert sum(parts) == units
    total = sum(by)
    for part, share in zip(parts, by, strict=True):
        assert abs(part * total - units * share) < total
        assert share or part == 0


@given(st.integers(0, 10**12), shares, scales)
def test_a_split_conserves_at_every_scale(units: int, by: list[int], scale: int) -> None:
    whole = Amount("XTS", units, scale)
    parts = [Amount("XTS", part, scale) for part in split_shares(units, by)]
    assert sum(part.units for part in parts) == parse_units(whole.text, scale)
    assert sum(atto_of_text(part.text) for part in parts) == atto_of_units(units, scale)


@pytest.mark.parametrize(
    ("units", "by", "parts"),
    [
        pytest.param(1000, [1, 1, 1], [334, 333, 333], id="the earlier of equals takes the remainder"),
        pytest.param(1, [1, 1], [1, 0], id="a cent cannot be halved"),
        pytest.param(100, [0, 3, 1], [0, 75, 25], id="no share, no part"),
        pytest.param(10, [1, 2, 4], [1, 3, 6], id="largest remainders first"),
        pytest.param(0, [5, 5], [0, 0], id="nothing to split"),
    ],
)
def test_who_gets_the_odd_unit(units: int, by: list[int], parts: list[int]) -> None:
    assert split_shares(units, by) == parts


@pytest.mark.parametrize("by", [[], [0, 0], [1, -1]])
def test_shares_that_mean_nothing_are_refused(by: list[int]) -> None:
    with pytest.raises(UsageError):
        split_shares(100, by)


def test_a_split_into_no_parts_is_refused() -> None:
    with pytest.raises(UsageError):
        split_even(100, 0)


@given(amounts, scales)
def test_text_and_units_are_two_names_of_one_amount(units: int, scale: int) -> None:
    text = units_text(units, scale)
    assert parse_units(text, scale) == units
    assert Decimal(text) == Amount("XTS", units, scale).value
    assert atto_of_text(text) == atto_of_units(units, scale)


@given(amounts, scales)
def test_text_is_canonical(units: int, scale: int) -> None:
    text = units_text(units, scale)
    assert "e" not in text.lower()
    assert text != "-0"
    assert "." not in text or not text.endswith(("0", "."))
    assert text == units_text(atto_of_text(text), SCALE_MAX)


@pytest.mark.parametrize(
    ("text", "atto"),
    [
        pytest.param("0", 0, id="nothing"),
        pytest.param("-0.5", -(5 * 10**17), id="below zero, no whole part"),
        pytest.param("100.50", 1005 * 10**17, id="a trailing zero"),
        pytest.param("0.000000000000000001", 1, id="the smallest"),
        pytest.param("1e3", 10**21, id="an exponent"),
        pytest.param("0.0000000000000000010", 1, id="zeros beyond the 18th digit"),
    ],
)
def test_the_servers_decimals_are_read_exactly(text: str, atto: int) -> None:
    assert atto_of_text(text) == atto


@pytest.mark.parametrize(("text", "scale"), [("0.001", 2), ("1.5", 0), ("0.0000000000000000001", 18)])
def test_finer_than_the_scale_is_refused(text: str, scale: int) -> None:
    with pytest.raises(UsageError, match="finer than"):
        parse_units(text, scale)


def test_amounts_of_one_kind_add_up_and_others_do_not() -> None:
    assert Amount("USD", 150, 2) + Amount("USD", 50, 2) - Amount("USD", 1, 2) == Amount("USD", 199, 2)
    for other in (Amount("BRL", 1, 2), Amount("USD", 1, 0)):
        with pytest.raises(AssetMismatch):
            Amount("USD", 1, 2) + other
