"""Histograms: three digits, exact merging."""

from hypothesis import given
from hypothesis import strategies as st

from demogen.record.histogram import Histogram, bucket_of, highest_us

durations_us = st.integers(0, 3_600_000_000)


@given(durations_us)
def test_a_bucket_knows_its_values_to_three_digits(us):
    highest = highest_us(bucket_of(us))
    assert us <= highest <= us + us // 1024 + 1
    assert bucket_of(highest) == bucket_of(us)


@given(st.lists(durations_us, min_size=1), st.integers(0, 3))
def test_merged_parts_equal_the_pooled_whole(values, workers):
    whole, merged = Histogram(), Histogram()
    for value in values:
        whole.record(value * 1000)
    for worker in range(workers + 1):
        part = Histogram()
        for value in values[worker :: workers + 1]:
            part.record(value * 1000)
        merged.merge(Histogram.from_wire(part.to_wire()))
    assert (merged.counts, merged.total, merged.max_us, merged.sum_us) == (
        whole.counts, whole.total, whole.max_us, whole.sum_us,
    )  # fmt: skip


@given(st.lists(durations_us, min_size=1), st.sampled_from([0.5, 0.95, 0.99, 0.999, 1.0]))
def test_percentiles_are_those_of_the_raw_samples(values, share):
    histogram = Histogram()
    for value in values:
        histogram.record(value * 1000)
    rank = max(1, -int(-share * len(values) // 1))
    exact = sorted(values)[rank - 1]
    assert exact <= histogram.percentile_us(share) <= exact + exact // 1024 + 1


def test_prometheus_buckets_are_cumulative():
    histogram = Histogram()
    for us in (1, 5, 5, 900, 5000):
        histogram.record(us * 1000)
    assert histogram.at_most([1, 10, 1000, 10_000]) == [1, 3, 4, 5]
