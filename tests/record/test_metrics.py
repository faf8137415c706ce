"""What a scrape shows, read back with the parsers of Prometheus and OpenMetrics; and what `promtool` says to it."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import dataclass

import msgspec
import pytest
from prometheus_client import generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from demogen.contract.exchange import Fault
from demogen.contract.outcome import Outcome
from demogen.record.metrics import BOUNDS_US, STAGES, RunCollector, Snapshot, WorkerState
from demogen.record.sight import Sight
from demogen.record.tally import MEASURE, WARM_UP, Cell, Tally

US = 1000
PATTERNS = ("payment", "look")


def tally_of(*, payments=3, service_us=1500, asset="USD/2", units=12345):
    tally = Tally()
    cell = tally.cells[0, Outcome.ACCEPTED, MEASURE] = Cell()
    for _ in range(payments):
        cell.service.record(service_us * US)
        cell.response.record((service_us + 100) * US)
        tally.lag.record(100 * US)
        tally.loop_lag.record(10 * US)
    tally.counts.update(offered=payments, cpu_ns=2_500_000_000)
    tally.moved[asset] = units
    return tally


def snapshot_of(tally, **others):
    return Snapshot(
        **{"tally": tally, "patterns": PATTERNS, "target_tps": 200.0, "reading": frozenset({"look"}), **others}
    )


@dataclass
class Scrape:
    """Samples by name and labels, as a Prometheus server would store them."""

    samples: dict

    def __call__(self, name, /, **labels):
        return self.samples[name, tuple(sorted(labels.items()))]

    def names(self):
        return {name for name, _ in self.samples}


def scrape(registry):
    families = parse_text(generate_latest(registry).decode())
    return Scrape({(s.name, tuple(sorted(s.labels.items()))): s.value for f in families for s in f.samples})


@pytest.fixture
def shown(registry):
    """A registry over whatever snapshot is put into the box."""

    class Box:
        now = None

    box = Box()
    box.collector = RunCollector(lambda: box.now)
    registry.register(box.collector)
    box.scrape = lambda: scrape(registry)
    box.registry = registry
    return box


def test_no_run_shows_only_that_nothing_runs(shown):
    seen = shown.scrape()
    assert seen.names() == {"demogen_phase"}
    assert seen("demogen_phase", phase="idle") == 1


@pytest.mark.parametrize("stage", STAGES)
def test_exactly_one_phase_is_on(shown, stage):
    shown.now = snapshot_of(Tally(), stage=stage)
    seen = shown.scrape()
    assert {name: seen("demogen_phase", phase=name) for name in STAGES} == {
        name: float(name == stage) for name in STAGES
    }


def test_everything_to_sum_over_is_there_as_zero_from_the_start(shown):
    shown.now = snapshot_of(Tally(), stage="bootstrap", invariants={"conserved": "UNKNOWN"})
    seen = shown.scrape()
    for outcome in Outcome:
        labels = {"pattern": "payment", "outcome": outcome.label, "phase": "measure"}
        assert seen("demogen_transactions_total", **labels) == 0
    accepted = {"pattern": "payment", "outcome": "accepted", "phase": "measure"}
    assert seen("demogen_response_seconds_count", **accepted) == 0
    assert seen("demogen_reads_total", pattern="look", outcome="accepted", phase="measure") == 0
    assert seen("demogen_unexpected_total", pattern="payment") == 0
    assert seen("demogen_refusals_total", code="0018") == 0
    assert all(seen("demogen_faults_total", fault=fault.label) == 0 for fault in Fault)
    assert all(
        seen("demogen_arrivals_dropped_total", reason=reason) == 0
        for reason in ("no_slot", "deadline", "target_down", "worker_lost")
    )
    assert seen("demogen_verdict", verdict="UNKNOWN") == 1
    assert seen("demogen_verdict", verdict="HOLDS") == 0
    assert seen("demogen_invariant_verdict", invariant="conserved", verdict="UNKNOWN") == 1
    assert seen("demogen_audit_findings", invariant="conserved") == 0


def test_counts_and_times_are_the_tallys_in_base_units(shown):
    tally = tally_of(payments=3, service_us=1500)
    tally.codes["0018"], tally.faults["timeout"], tally.dropped["no_slot"] = 4, 1, 2
    tally.counts["offered"] = 5
    tally.doubted["USD/2"] = 50
    shown.now = snapshot_of(tally)
    seen = shown.scrape()
    at = {"pattern": "payment", "outcome": "accepted", "phase": "measure"}
    assert seen("demogen_arrivals_offered_total") == 5
    assert seen("demogen_arrivals_sent_total") == 3
    assert seen("demogen_transactions_total", **at) == 3
    assert seen("demogen_refusals_total", code="0018") == 4
    assert seen("demogen_faults_total", fault="timeout") == 1
    assert seen("demogen_service_seconds_sum", **at) == pytest.approx(0.0045)
    assert seen("demogen_service_seconds_bucket", **at, le="0.001") == 0
    assert seen("demogen_service_seconds_bucket", **at, le="0.002") == 3
    assert seen("demogen_service_seconds_bucket", **at, le="+Inf") == 3
    assert seen("demogen_money_moved_total", asset="USD") == pytest.approx(123.45)
    assert seen("demogen_money_in_doubt", asset="USD") == pytest.approx(0.50)
    assert seen("demogen_generator_cpu_seconds_total") == pytest.approx(2.5)


def test_the_last_look_at_the_books_is_shown_as_bounds_by_asset(shown):
    shown.now = snapshot_of(Tally())
    assert not [name for name in shown.scrape().names() if name.startswith("demogen_conservation")]
    sight = Sight(at_s=1234.5, assets={"USD": ("-12.5", "3"), "JPY": ("0", "0")}, amiss=["ledger 1: 2 USD vanished"])
    shown.now = snapshot_of(Tally(), sight=sight)
    seen = shown.scrape()
    assert seen("demogen_conservation_low", asset="USD") == -12.5
    assert seen("demogen_conservation_high", asset="USD") == 3
    assert seen("demogen_conservation_low", asset="JPY") == seen("demogen_conservation_high", asset="JPY") == 0
    assert seen("demogen_conservation_amiss") == 1
    assert seen("demogen_conservation_time_seconds") == 1234.5


def test_what_was_never_sent_is_no_outcome(shown):
    tally = Tally()
    cell = tally.cells[0, Outcome.REJECTED, MEASURE] = Cell()
    cell.response.record(5 * US)
    shown.now = snapshot_of(tally)
    assert shown.scrape()("demogen_transactions_total", pattern="payment", outcome="rejected", phase="measure") == 0


def test_task_code_counts_apart_and_its_problems_are_no_labels(shown):
    tally = tally_of(payments=2)
    for problem in ("", "", "500 for id 17", "500 for id 18"):
        tally.task(("GET", "/health", problem), asked_ns=0, sent_ns=1, answered_ns=3_000_000)
    shown.now = snapshot_of(tally)
    seen = shown.scrape()
    assert seen("demogen_task_requests_total", method="GET", name="/health", result="ok") == 2
    assert seen("demogen_task_requests_total", method="GET", name="/health", result="failed") == 2
    assert seen("demogen_task_seconds_count", method="GET", name="/health") == 4
    assert seen("demogen_transactions_total", pattern="payment", outcome="accepted", phase="measure") == 2


def test_phases_are_told_apart(shown):
    tally = tally_of(payments=2)
    tally.cells[0, Outcome.ACCEPTED, WARM_UP] = tally_of(payments=7).cells[0, Outcome.ACCEPTED, MEASURE]
    shown.now = snapshot_of(tally)
    seen = shown.scrape()
    assert seen("demogen_transactions_total", pattern="payment", outcome="accepted", phase="warm-up") == 7
    assert seen("demogen_transactions_total", pattern="payment", outcome="accepted", phase="measure") == 2


def test_buckets_only_grow_along_the_bounds(shown):
    tally = Tally()
    cell = tally.cells[0, Outcome.ACCEPTED, MEASURE] = Cell()
    for us in (1, 249, 250, 251, *BOUNDS_US, 40_000_000):
        cell.service.record(us * US)
    shown.now = snapshot_of(tally)
    at = {"pattern": "payment", "outcome": "accepted", "phase": "measure"}
    samples = shown.scrape().samples.items()
    counts = {
        float(dict(labels)["le"]): value
        for (name, labels), value in samples
        if name == "demogen_service_seconds_bucket" and at.items() <= dict(labels).items()
    }
    ordered = [counts[bound] for bound in sorted(counts)]
    assert ordered == sorted(ordered)
    assert counts[0.00025] == 4  # 1, 249, 250 and the bound itself
    assert counts[float("inf")] == len(BOUNDS_US) + 5


def test_a_further_run_makes_no_counter_fall(shown):
    shown.now = snapshot_of(tally_of(payments=10), workers={"0": WorkerState(up=True, offered=10, cpu_seconds=1.5)})
    before = shown.scrape()
    shown.collector.keep(shown.now)
    shown.now = snapshot_of(Tally(), stage="bootstrap")
    assert_nothing_fell(before, shown.scrape())
    # The next mix has its patterns in another order, and one more.
    tally = Tally()
    tally.cells[2, Outcome.ACCEPTED, MEASURE] = tally_of(payments=4).cells[0, Outcome.ACCEPTED, MEASURE]
    tally.counts["offered"] = 4
    shown.now = msgspec.structs.replace(
        snapshot_of(tally, workers={"0": WorkerState(up=True, offered=4, cpu_seconds=0.5)}),
        patterns=("hold", "look", "payment"),
    )
    after = shown.scrape()
    assert_nothing_fell(before, after)
    assert after("demogen_arrivals_offered_total") == 14
    assert after("demogen_transactions_total", pattern="payment", outcome="accepted", phase="measure") == 14
    assert after("demogen_transactions_total", pattern="hold", outcome="accepted", phase="measure") == 0
    assert after("demogen_worker_arrivals_total", worker="0") == 14
    assert after("demogen_worker_cpu_seconds_total", worker="0") == 2.0


def test_showing_it_changes_nothing(shown):
    shown.now = snapshot_of(tally_of(payments=10))
    shown.collector.keep(shown.now)
    shown.now = snapshot_of(tally_of(payments=1))
    first = shown.scrape()
    assert first("demogen_arrivals_offered_total") == 11
    assert shown.scrape().samples == first.samples
    assert shown.now.tally.counts["offered"] == 1


def assert_nothing_fell(before, after):
    fell = {
        key: (value, after.samples.get(key))
        for key, value in before.samples.items()
        if key[0].endswith(("_total", "_count", "_bucket", "_sum")) and after.samples.get(key, -1.0) < value
    }
    assert not fell


def test_no_label_is_an_id(shown):
    shown.now = busy()
    run_id_only_in = {name for (name, labels) in shown.scrape().samples if any(k == "run_id" for k, _ in labels)}
    assert run_id_only_in == {"demogen_run_info"}


def busy():
    return snapshot_of(
        tally_of(),
        info={"run_id": "r1", "scenario": "retail"},
        workers={"0": WorkerState(up=True), "1": WorkerState(up=False)},
        invariants={"conserved": "HOLDS", "exactly-once": "VIOLATED"},
        findings={"exactly-once": 3},
        verdict="VIOLATED",
        started_s=1e9,
    )


def test_openmetrics_reads_it_too(shown):
    shown.now = busy()
    families = {
        family.name: family for family in parse_openmetrics(openmetrics.generate_latest(shown.registry).decode())
    }
    assert families["demogen_transactions"].type == "counter"
    assert families["demogen_response_seconds"].type == "histogram"
    assert families["demogen_run"].type == "info"


def test_promtool_finds_nothing_to_lint(shown):
    promtool = shutil.which("promtool")
    if promtool is None:
        if os.environ.get("CI"):
            pytest.fail("promtool is missing: apt install prometheus")
        pytest.skip("promtool is missing: apt install prometheus")
    shown.now = busy()
    text = generate_latest(shown.registry)
    said = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, check=False, timeout=30)
    assert (said.returncode, said.stdout.decode() + said.stderr.decode()) == (0, "")


def test_a_scrape_of_a_large_cluster_is_quick(shown, dice):
    """32 load processes, a dozen patterns, wide distributions: it costs as much as some million steps."""
    patterns = tuple(f"pattern-{number}" for number in range(12))
    tally = Tally()
    for pattern in range(len(patterns)):
        for outcome in Outcome:
            cell = tally.cells[pattern, outcome, MEASURE] = Cell()
            for _ in range(2000):
                us = round(dice.lognormvariate(8, 1))
                cell.service.record(us * US)
                cell.response.record(us * US)
    workers = {str(number): WorkerState(up=True) for number in range(32)}
    shown.now = msgspec.structs.replace(snapshot_of(tally, workers=workers), patterns=patterns)
    generate_latest(shown.registry)

    def steps():
        for _ in range(1_000_000):
            pass

    def cost_s(work):
        before = time.process_time()
        work()
        return time.process_time() - before

    # Measured by turns, so that a machine that is slow for a while is slow to both.
    costs = [(cost_s(lambda: generate_latest(shown.registry)), cost_s(steps)) for _ in range(5)]
    scrape, million = (min(column) for column in zip(*costs, strict=True))
    print(f"scrape: {scrape * 1000:.1f} ms, {scrape / million:.1f} million steps")
    assert scrape < 10 * million


def test_a_copied_tally_stands_still_while_the_run_counts_on():
    tally = Tally()
    for _ in range(2):
        cell = tally.cells.setdefault((0, int(Outcome.ACCEPTED), MEASURE), Cell())
        cell.service.record(5_000)
        tally.counts["offered"] += 1
        copied = tally.copy()
    assert copied.to_wire() == tally.to_wire()
    cell.service.record(5_000)
    tally.counts["offered"] += 1
    assert (copied.counts["offered"], copied.cells[0, int(Outcome.ACCEPTED), MEASURE].service.total) == (2, 2)
