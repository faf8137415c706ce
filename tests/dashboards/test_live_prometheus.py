"""A real load, scraped by a real Prometheus: every panel has something to show, and the figures agree to the last."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.parse
import urllib.request

import pytest
import yaml
from boards import PROMETHEUS, board, need, queries, spelled_out
from locusts import finish, free_port, locust, report_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

TPS, SECONDS = 60, 14
INTERVAL = "5s"


class Prometheus:
    """A Prometheus server of our own on a loopback port, with our rules, scraping each second."""

    def __init__(self, folder, *, target_port):
        program = need("prometheus", package="prometheus")
        self._port = free_port()
        config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
        config["global"] = {"scrape_interval": "1s", "scrape_timeout": "900ms", "evaluation_interval": "1s"}
        config["rule_files"] = [str(PROMETHEUS / "rules/*.rules.yml")]
        config["scrape_configs"] = [
            {key: value for key, value in job.items() if key != "dns_sd_configs"}
            | {"static_configs": [{"targets": [f"127.0.0.1:{target_port}"]}]}
            for job in config["scrape_configs"]
            if job["job_name"] in ("demogen", "locust")
        ]
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        self.process = subprocess.Popen(
            [program, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb",
             f"--web.listen-address=127.0.0.1:{self._port}", "--log.level=warn"],
            cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        self._wait()

    def _wait(self):
        """Until it serves and has taken up its targets, which takes it five seconds."""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                if len(self.get("/api/v1/targets", state="active")["activeTargets"]) == 2:
                    return
            except OSError:
                pass
            time.sleep(0.2)
        raise AssertionError(self.process.stderr.read().decode())

    def get(self, path, **arguments):
        url = f"http://127.0.0.1:{self._port}{path}?{urllib.parse.urlencode(arguments)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.loads(answer.read())["data"]

    def series(self, expr, *, start, end):
        """Result of a range query: [{metric, values}]."""
        return self.get("/api/v1/query_range", query=expr, start=start, end=end, step=1)["result"]

    def last(self, expr, *, start, end):
        """The last value of a query that gives one series."""
        (series,) = self.series(expr, start=start, end=end)
        return float(series["values"][-1][1])


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
        prometheus.process.terminate()
        prometheus.process.communicate(timeout=30)


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
