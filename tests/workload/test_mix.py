"""The mix: what was asked for is what is drawn, and the test that says so is the textbook's."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demogen.contract.transactions import AccountRef, LedgerRef
from demogen.errors import UsageError
from demogen.patterns import Dice, Stage, find_patterns
from demogen.workload.mix import Mix

PATTERNS = find_patterns()
LEDGER = LedgerRef(0, "o", "l")
STAGE = Stage([AccountRef(i, str(i), f"@a{i}", "USD", 2, LEDGER, "customer") for i in range(3)])


def drawn(mix, count, seed=1):
    return Counter(mix.draw(Dice(STAGE, seed=seed, arrival=number)) for number in range(count))


def test_shares_are_those_asked_for():
    mix = Mix({"payment": 60, "transfer": 25, "split": 10, "refund": 5}, PATTERNS)
    counts = drawn(mix, 20_000)
    for number, share in enumerate((0.60, 0.25, 0.10, 0.05)):
        assert counts[number] / 20_000 == pytest.approx(share, abs=0.01)
    _, p_value = mix.chi_squared(counts)
    assert p_value > 0.0001


def test_a_mix_that_is_off_is_seen():
    mix = Mix({"payment": 1, "transfer": 1}, PATTERNS)
    _, p_value = mix.chi_squared({0: 5200, 1: 4800})
    assert p_value < 0.0001


@pytest.mark.parametrize(
    ("statistic", "patterns", "p_value"),
    [
        pytest.param(3.841459, 2, 0.05, id="one degree of freedom"),
        pytest.param(5.991465, 3, 0.05, id="two"),
        pytest.param(11.344867, 4, 0.01, id="three"),
        pytest.param(16.918978, 10, 0.05, id="nine"),
    ],
)
def test_the_tail_is_the_textbooks(statistic, patterns, p_value):
    from demogen.workload.mix import _chi_squared_tail

    assert _chi_squared_tail(statistic, patterns - 1) == pytest.approx(p_value, rel=1e-4)


@given(st.integers(0, 2**63 - 1), st.integers(0, 10_000))
def test_a_draw_depends_on_seed_and_arrival_only(seed, arrival):
    mix = Mix({"payment": 3, "transfer": 2, "hold": 1}, PATTERNS)
    once, again = (Dice(STAGE, seed=seed, arrival=arrival) for _ in range(2))
    assert [mix.draw(once), once.bits()] == [mix.draw(again), again.bits()]


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        pytest.param({"paymnet": 1}, "no pattern is called 'paymnet'", id="unknown"),
        pytest.param({"look": 1}, "no pattern that writes", id="reads only"),
        pytest.param({"payment": -1}, "negative", id="negative"),
        pytest.param({}, "no pattern that writes", id="empty"),
    ],
)
def test_an_impossible_mix_is_refused(weights, says):
    with pytest.raises(UsageError, match=says):
        Mix(weights, PATTERNS)
