"""A bucket of a histogram names the latest sampled call in it; only OpenMetrics shows it, and it survives merging."""

from __future__ import annotations

import msgspec
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics

from demogen.contract.outcome import Outcome
from demogen.record.attempt import Attempt
from demogen.record.earlier import Earlier
from demogen.record.exemplars import BOUNDS_US, RESPONSE, SERVICE, bucket_number
from demogen.record.metrics import RunCollector, Snapshot
from demogen.record.tally import MEASURE, Cell, Tally

US = 1000
PROMETHEUS_ASKS = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,*/*;q=0.1"
)


def attempt():
    made = Attempt.__new__(Attempt)
    made.pattern, made.phase = 0, MEASURE
    return made


def sampled(*, trace, service_us, wall_ns=10**18):
    """A tally of one accepted payment that was traced."""
    tally = Tally()
    cell = tally.cells[0, Outcome.ACCEPTED, MEASURE] = Cell()
    cell.service.record(service_us * US)
    cell.response.record((service_us + 500) * US)
    took = {SERVICE: service_us * US, RESPONSE: (service_us + 500) * US}
    tally.trace(attempt(), Outcome.ACCEPTED, trace=(trace * 32, trace * 16), took_ns=took, wall_ns=wall_ns)
    return tally


def shown(tally, *, patterns=("payment",), accept=PROMETHEUS_ASKS):
    registry = CollectorRegistry()
    registry.register(RunCollector(lambda: Snapshot(tally=tally, patterns=patterns, target_tps=5.0)))
    encode, kind = choose_encoder(accept)
    return encode(registry).decode(), kind


def exemplars(text, name="demogen_service_seconds"):
    """{bound: (trace, value)} of one histogram."""
    return {
        sample.labels["le"]: (sample.exemplar.labels["trace_id"], sample.exemplar.value)
        for family in parse_openmetrics(text)
        for sample in family.samples
        if family.name == name and sample.exemplar is not None
    }


def test_a_bucket_names_its_trace():
    text, kind = shown(sampled(trace="a", service_us=1_700))
    assert kind.startswith("application/openmetrics-text; version=1.0.0")
    assert exemplars(text) == {"0.002": ("a" * 32, 0.0017)}
    assert exemplars(text, "demogen_response_seconds") == {"0.003": ("a" * 32, 0.0022)}


def test_plain_text_has_no_place_for_them():
    text, kind = shown(sampled(trace="a", service_us=1_700), accept="text/plain")
    assert kind.startswith("text/plain")
    assert "a" * 32 not in text


def test_the_latest_stands_for_its_bucket_whoever_reports_first():
    newer = sampled(trace="b", service_us=1_800, wall_ns=2 * 10**18)
    total = Tally()
    for one in (newer, sampled(trace="a", service_us=1_700), sampled(trace="c", service_us=40_000)):
        total.merge(one)
    assert exemplars(shown(total)[0]) == {"0.002": ("b" * 32, 0.0018), "0.05": ("c" * 32, 0.04)}


def test_they_travel_between_processes():
    packed = msgspec.msgpack.encode(sampled(trace="a", service_us=9).to_wire())
    there = Tally.from_wire(msgspec.msgpack.decode(packed, strict=False))
    assert exemplars(shown(there)[0]) == {"0.00025": ("a" * 32, 9e-06)}


def test_a_further_run_numbers_its_patterns_anew():
    earlier = Earlier()
    earlier.add(sampled(trace="a", service_us=1_700), ("transfer",), workers={})
    tally, patterns = earlier.with_run(sampled(trace="b", service_us=40_000), ("payment",))
    text, _ = shown(tally, patterns=patterns)
    lines = [line for line in text.splitlines() if line.startswith("demogen_service_seconds_bucket") and "#" in line]
    assert [("transfer" in line, "a" * 32 in line) for line in lines] == [(True, True), (False, False)]


@pytest.mark.parametrize("us", [0, 1, 249, 250, 251, 30_000_000, 30_000_001, 10**9])
def test_an_exemplar_lies_in_its_bucket(us):
    number = bucket_number(us)
    bounds = [-1, *BOUNDS_US, float("inf")]
    assert bounds[number] < us <= bounds[number + 1]
