"""Choosing accounts: even, by Zipf, or a hot set; the shares come out as asked, from the caller's bits alone."""

from collections import Counter
from random import Random

import pytest

from demogen.errors import UsageError
from demogen.population.skew import HotSet, Uniform, Zipf, skew

DRAWS = 40_000


def _shares(chooser, count, seed=5):
    dice = Random(seed)
    return Counter(chooser.pick(dice.getrandbits(64), count) for _ in range(DRAWS))


@pytest.mark.parametrize("chooser", [Uniform(), Zipf(), HotSet()], ids=["uniform", "zipf", "hot"])
@pytest.mark.parametrize("count", [1, 2, 3, 1_000, 100_000])
def test_every_pick_is_within_bounds(chooser, count):
    for bits in (0, 1, 2**63, 2**64 - 1):
        assert 0 <= chooser.pick(bits, count) < count
    assert set(_shares(chooser, count)) <= set(range(count))


def test_uniform_is_even():
    shares = _shares(Uniform(), 10)
    assert max(shares.values()) / min(shares.values()) < 1.15


def test_zipf_follows_its_exponent():
    shares = _shares(Zipf(exponent_thousandths=1000), 100)
    total = sum(1 / rank for rank in range(1, 101))
    for rank in (1, 2, 5, 10):
        assert shares[rank - 1] / DRAWS == pytest.approx(1 / rank / total, rel=0.1)


def test_zipf_of_many_places_keeps_its_head_and_reaches_its_tail():
    shares = _shares(Zipf(), 200_000)
    total = sum(1 / rank for rank in range(1, 200_001))
    head = sum(number for place, number in shares.items() if place < 60)
    assert head / DRAWS == pytest.approx(sum(1 / rank for rank in range(1, 61)) / total, rel=0.05)
    assert max(shares) > 180_000


def test_an_exponent_of_nought_is_uniform():
    shares = _shares(Zipf(exponent_thousandths=0), 10)
    assert max(shares.values()) / min(shares.values()) < 1.15


def test_the_hot_set_gets_its_share():
    shares = _shares(HotSet(hot_thousandths=10, share_thousandths=800), 1_000)
    assert sum(number for place, number in shares.items() if place < 10) / DRAWS == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("uniform", Uniform), ("zipf", Zipf), ("zipf:1.2", Zipf), ("hot", HotSet), ("hot:5%:50%", HotSet)],
)
def test_spellings(name, kind):
    assert isinstance(skew(name), kind)


@pytest.mark.parametrize("name", ["", "pareto", "zipf:x", "zipf:9", "hot:1%", "hot:0%:50%", "hot:5%:200%"])
def test_what_cannot_be_chosen_is_refused_with_the_spellings(name):
    with pytest.raises(UsageError):
        skew(name)
