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


DRIFTING = Mix({"payment": 80, "transfer": 20}, PATTERNS, drift={"payment": 0, "hold": 60}, arrivals=20_000)


def test_a_mix_drifts_evenly_from_what_it_was_to_what_it_will_be():
    third = 20_000 // 3
    wanted = {0: (0.667, 0.208, 0.125), third: (0.4, 0.225, 0.375), 2 * third: (0.133, 0.242, 0.625)}
    for first, asked in wanted.items():
        numbers = range(first, first + third)
        counts = Counter(DRIFTING.draw(Dice(STAGE, seed=1, arrival=number)) for number in numbers)
        assert tuple(counts[number] / third for number in range(3)) == pytest.approx(asked, abs=0.02)
    assert DRIFTING.names == ("payment", "transfer", "hold")


def test_a_drift_is_judged_by_what_was_played_of_it():
    half = drawn(DRIFTING, 10_000)
    assert DRIFTING.chi_squared(half, played=0.5)[1] > 0.0001
    assert DRIFTING.chi_squared(half, played=1.0)[1] < 0.0001
    assert DRIFTING.shares == pytest.approx({"payment": 0.4, "transfer": 0.225, "hold": 0.375})


def test_what_is_never_drawn_at_an_end_is_not_drawn_there():
    ends = Mix({"payment": 1, "hold": 0}, PATTERNS, drift={"payment": 0, "hold": 1}, arrivals=1_000)
    assert {ends.draw(Dice(STAGE, seed=seed, arrival=0)) for seed in range(200)} == {0}
    assert {ends.draw(Dice(STAGE, seed=seed, arrival=1_000)) for seed in range(200)} == {1}


def test_a_drift_must_leave_something_to_write():
    with pytest.raises(UsageError, match="no pattern that writes"):
        Mix({"payment": 1, "look": 1}, PATTERNS, drift={"payment": 0}, arrivals=10)
