"""A real load, scraped by a real Prometheus: every panel has something to show, and the figures agree to the last."""

from __future__ import annotations

import time

import pytest
import yaml
from boards import PROMETHEUS, board, queries, spelled_out
from locusts import finish, free_port, locust, report_of
from prometheus_server import Prometheus

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

TPS, SECONDS = 60, 14
INTERVAL = "5s"


class Watched:
    """A run that is over, and the Prometheus that watched it."""

    def __init__(self, prometheus, report, start, end):
        self.prometheus, self.report, self.start, self.end = prometheus, report, start, end

    def series(self, expr):
        return self.prometheus.series(spelled_out(expr, interval=INTERVAL), start=self.start, end=self.end)

    def last(self, expr):
        return self.prometheus.last(expr, start=self.start, end=self.end)


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    folder, port, cluster = tmp_path_factory.mktemp("watched"), free_port(), free_port()
    prometheus = Prometheus(folder, target_port=port)
    start = time.time()
    run = locust(
        "--headless", "--processes", 2, "--target-tps", TPS, "-t", f"{SECONDS}s", "-u", 4, "-r", 4, "--run-dir",
        folder / "run", "--metrics-port", port, "--master-bind-port", cluster, "--master-port", cluster, cwd=folder,
    )  # fmt: skip
    try:
        code, out, err = finish(run, timeout=150)
        # 6: a busy machine held the generator up, and it says so.
        assert code in (0, 6), out + err
        yield Watched(prometheus, report_of(folder / "run"), start, time.time())
    finally:
        prometheus.close()


@pytest.mark.parametrize("query", queries(board("load.json")), ids=lambda query: f"{query.panel}: {query.legend}")
def test_every_query_of_every_panel_has_data(watched, query):
    numbers = [float(value) for series in watched.series(query.expr) for _, value in series["values"]]
    assert [number for number in numbers if number == number], "only gaps"


@pytest.mark.parametrize("name", ["run", "phase", "pattern", "worker", "asset"])
def test_every_variable_has_values(watched, name):
    (variable,) = [v for v in board("load.json")["templating"]["list"] if v["name"] == name]
    metric, label = variable["query"].removeprefix("label_values(").removesuffix(")").split(", ")
    values = {series["metric"][label] for series in watched.series(metric)}
    assert values
    if name == "run":
        assert values == {watched.report["run_id"]}
    if name == "worker":
        assert values == {"0", "1"}


def test_the_last_scrape_agrees_with_the_report_to_the_last_count(watched):
    report = watched.report
    for outcome in ("accepted", "rejected", "indeterminate"):
        counted = watched.last(f'sum(demogen_transactions_total{{outcome="{outcome}"}})')
        assert counted == report["outcomes"][outcome]
    assert watched.last("demogen_arrivals_offered_total") == report["arrivals"]["offered"]
    assert watched.last("sum(demogen_arrivals_dropped_total)") == report["arrivals"]["dropped"]
    assert watched.last("sum(demogen_worker_arrivals_total)") == report["arrivals"]["offered"]
    assert watched.last("sum(demogen_reads_total)") == report["reads"]["count"]
    for pattern, told in report["patterns"].items():
        if pattern != "look":
            counted = watched.last(f'sum(demogen_transactions_total{{pattern="{pattern}"}})')
            assert counted == sum(told["outcomes"][name] for name in ("accepted", "rejected", "indeterminate"))


def test_locusts_own_figures_stand_beside_ours(watched):
    """Locust's table counts the same answers; its figures vanish with its run."""
    told = watched.report
    ended = told["outcomes"]["accepted"] + told["outcomes"]["rejected"] + told["reads"]["count"]
    (total,) = watched.series('locust_requests_num_requests{name="Aggregated"}')
    assert 0 < float(total["values"][-1][1]) <= ended
    assert watched.series("locust_users")


def test_the_verdict_is_unknown_first_and_the_reports_at_last(watched):
    said = watched.series("demogen_verdict == 1")
    first = min(said, key=lambda series: series["values"][0][0])
    last = max(said, key=lambda series: series["values"][-1][0])
    assert first["metric"]["verdict"] == "UNKNOWN"
    assert last["metric"]["verdict"] == watched.report["verdict"] == "HOLDS"
    judged = watched.series('demogen_invariant_verdict{verdict="HOLDS"} == 1')
    assert {series["metric"]["invariant"] for series in judged} == set(watched.report["audit"]["invariants"])


def test_the_phases_come_in_order(watched):
    begun = {s["metric"]["phase"]: s["values"][0][0] for s in watched.series("demogen_phase == 1")}
    assert begun["bootstrap"] < begun["measure"] < begun["done"]


def test_rates_are_what_was_delivered(watched):
    """Over the whole run, so that no scrape's timing matters."""
    offered = watched.series("demogen_arrivals_offered_total")[0]["values"]
    grown = [(at, float(value)) for at, value in offered if 0 < float(value) < TPS * SECONDS]
    (first_at, first), (last_at, last) = grown[0], grown[-1]
    assert (last - first) / (last_at - first_at) == pytest.approx(TPS, rel=0.25)


def test_recording_rules_record(watched):
    rules = yaml.safe_load((PROMETHEUS / "rules/recording.rules.yml").read_text())["groups"][0]["rules"]
    silent = [rule["record"] for rule in rules if not watched.series(rule["record"])]
    assert not silent


def test_nothing_alarms_in_a_run_that_is_fine(watched):
    fired = {s["metric"]["alertname"] for s in watched.series('ALERTS{alertstate="firing"}')}
    # A busy machine may hold the generator up; about money nothing may be said.
    assert fired <= {"DemogenGeneratorLimited", "DemogenTargetMissed", "DemogenArrivalsDropped"}
