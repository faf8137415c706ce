"""What the compiled journal and histograms keep is what the plain ones do, byte for byte."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from twins import I64, IDS, U8, U16, U32, U64, UNITS, needs_compiled, plain

import demogen.record.buckets as buckets
import demogen.record.records as records
from demogen.record.histogram import Histogram, bucket_of


@needs_compiled
@given(numbers=st.tuples(U8, U16, U16, U8, U8, U64, U32, U32, U64, I64), subject=IDS, ledger=U32, phase=U16)
def test_intents_are_recorded_alike(numbers, subject, ledger, phase):
    fields = (*numbers, subject, ledger, phase)
    assert records.intent_record(*fields) == plain(records).intent_record(*fields)


@needs_compiled
@given(numbers=st.tuples(U8, U16, U16, U16, U64, U32, U8, U8, I64, I64), transaction_id=IDS)
@example(numbers=(1, 201, 0, 0, 1, 1, 0, 0, 1, 2), transaction_id="01980000-0000-7000-8000-00000000000g")
@example(numbers=(1, 201, 0, 0, 1, 1, 0, 0, 1, 2), transaction_id="é" * 36)
def test_outcomes_are_recorded_alike(numbers, transaction_id):
    made = records.outcome_record(*numbers, transaction_id)
    assert made == plain(records).outcome_record(*numbers, transaction_id)
    assert len(made) == 64


@needs_compiled
@given(generation=U32, number=U64, sides=st.tuples(U32, U8, U32, U8), units=UNITS, scale=st.integers(0, 18))
@example(generation=1, number=1, sides=(1, 0, 2, 0), units=2**63 - 1, scale=0)
@example(generation=1, number=1, sides=(1, 0, 2, 0), units=-1, scale=18)
def test_legs_are_recorded_alike(generation, number, sides, units, scale):
    twin = plain(records)
    move = (generation, number, *sides, units, scale)
    assert records.move_record(*move) == twin.move_record(*move)
    rows = [(sides[0], 0, sides[1], units), (sides[2], 1, sides[3], units)]
    for legs in (rows, rows[:1]):
        assert records.legs_record(generation, number, legs) == twin.legs_record(generation, number, legs)


MICROSECONDS = st.lists(st.integers(-(2**63) // 1000, (2**63 - 1) // 1000) | st.integers(0, 5000), max_size=20)


@needs_compiled
@given(first=MICROSECONDS, second=MICROSECONDS)
@example(first=[2047, 2048, 2049, (2**63 - 1) // 1000], second=[-1, 0])
def test_durations_are_counted_alike(first, second):
    twin = plain(buckets)
    ours, theirs = [], []
    for durations in (first, second):
        ours.append(buckets.Buckets())
        theirs.append(twin.Buckets())
        for us in durations:
            ours[-1].count(us)
            theirs[-1].count(us)
            bucket = buckets.bucket_of(us)
            assert bucket == twin.bucket_of(us)
            assert buckets.highest_us(bucket) == twin.highest_us(bucket)
            assert ours[-1][bucket] == theirs[-1][bucket]
        assert ours[-1] == theirs[-1]
    for kind in (ours, theirs):
        kind[0].merge(kind[1])
    assert ours[0] == theirs[0]
    assert (set(ours[0]), len(ours[0])) == (set(theirs[0]), len(theirs[0]))
    assert sorted(ours[0].items()) == sorted(theirs[0].items())
    assert (set(ours[0].keys()), sum(ours[0].values())) == (set(theirs[0]), sum(theirs[0].values()))


@pytest.mark.parametrize("module", [buckets, plain(buckets)], ids=["as imported", "plain"])
def test_buckets_are_read_like_a_dict(module):
    counts = module.Buckets({3: 2, 46_079: 2**40})
    assert (dict(counts), repr(counts)) == ({3: 2, 46_079: 2**40}, "{3: 2, 46079: 1099511627776}")
    assert counts != module.Buckets()
    for bucket in (4, -1, 2000, 46_080):
        with pytest.raises(KeyError):
            counts[bucket]
    copied = copy.deepcopy(counts)
    copied.count(3)
    assert (counts[3], copied[3]) == (2, 3)


def test_a_copied_histogram_counts_on_by_itself():
    histogram = Histogram()
    histogram.record(5_000_000)
    for copied in (copy.deepcopy(histogram), pickle.loads(pickle.dumps(histogram))):
        copied.record(5_000_000)
        assert (copied.to_wire(), histogram.total) == ({"c": {bucket_of(5000): 2}, "s": 10_000, "m": 5000}, 1)
