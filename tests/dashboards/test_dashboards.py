"""The dashboards are what the code generates, ask only for metrics that exist, and the rules do what they say."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys

import pytest
import yaml
from boards import BOARDS, PROMETHEUS, ROOT, board, need, panels, queries, spelled_out
from prometheus_client import CollectorRegistry

from demogen.record.metrics import RunCollector, Snapshot, WorkerState
from demogen.record.sight import Sight
from demogen.record.tally import Tally

UIDS = {"load.json": "demogen-load", "server.json": "demogen-server"}
VARIABLES = ["datasource", "run", "phase", "pattern", "worker", "asset"]
#: Series that a scrape of any Python process has.
OF_EVERY_PROCESS = re.compile(r"^(process|python)_")


def test_what_is_checked_in_is_what_the_code_generates():
    if importlib.util.find_spec("grafana_foundation_sdk") is None:
        says = "grafana-foundation-sdk is missing: install the dev extra"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(says)
    run = subprocess.run(
        [sys.executable, ROOT / "dashboards/generate.py", "--check"], capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0, run.stderr


def test_both_dashboards_are_there():
    assert [path.name for path in BOARDS] == sorted(UIDS)


@pytest.mark.parametrize("name", UIDS)
def test_a_dashboard_can_be_provisioned_anywhere(name):
    told = board(name)
    assert told["uid"] == UIDS[name]
    assert "datasource" in [variable["name"] for variable in told["templating"]["list"]]
    for panel in panels(told):
        assert panel["description"], panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        for holder in (panel, *panel["targets"]):
            assert holder["datasource"]["uid"] == "${datasource}", panel["title"]


def test_the_load_dashboard_can_be_narrowed_down():
    assert [variable["name"] for variable in board("load.json")["templating"]["list"]] == VARIABLES
    text = str(board("load.json"))
    unused = [name for name in VARIABLES if not re.search(rf"\$\{{?{name}\b", text)]
    assert not unused


def test_rows_come_in_the_readers_order():
    rows = [panel["title"] for panel in board("load.json")["panels"] if panel["type"] == "row"]
    assert rows == ["Verdict", "Rate, errors, duration", "Offered against achieved", "Money", "Generator"]


def test_phases_faults_and_findings_are_annotated():
    marks = {mark["name"]: mark for mark in board("load.json")["annotations"]["list"]}
    assert set(marks) == {"Phases", "Faults", "Findings"}
    assert all(mark["enable"] and mark["titleFormat"] and mark["expr"] for mark in marks.values())


@pytest.mark.parametrize("name", UIDS)
def test_rates_follow_the_resolution_of_the_plot(name):
    wrong = [query for query in queries(board(name)) if re.search(r"\[(?!\$__rate_interval)", query.expr)]
    assert not wrong


def exposed() -> set[str]:
    """Names of every series that a run exposes."""
    registry = CollectorRegistry()
    now = Snapshot(
        tally=Tally(), patterns=("payment", "look"), reading=frozenset({"look"}), target_tps=1.0,
        workers={"0": WorkerState(up=True)}, started_s=1.0,
        invariants={"conserved": "UNKNOWN"}, info={"run_id": "r1"}, sight=Sight(at_s=1.0, assets={"USD": ("0", "0")}),
    )  # fmt: skip
    now.tally.moved["USD/2"] = 1
    registry.register(RunCollector(lambda: now))
    return {sample.name for family in registry.collect() for sample in family.samples}


def names_in(expr: str) -> set[str]:
    bare = re.sub(r'"[^"]*"', "", expr)
    return set(re.findall(r"\b(?:demogen|process|python)_[a-z_]+\b(?!:)", bare))


def test_the_load_dashboard_asks_only_for_metrics_that_exist():
    known, asked = exposed(), {name for query in queries(board("load.json")) for name in names_in(query.expr)}
    assert len(asked) > 20
    assert {name for name in asked if name not in known and not OF_EVERY_PROCESS.match(name)} == set()


def test_rules_ask_only_for_metrics_that_exist():
    known, recorded, wrong = exposed(), set(), []
    for path in sorted((PROMETHEUS / "rules").glob("*.rules.yml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            recorded |= {rule["record"] for rule in group["rules"] if "record" in rule}
            for rule in group["rules"]:
                bare = re.sub(r"\binstance:[a-z_]+:[a-z0-9_]+", "", rule["expr"])
                wrong += [(path.name, name) for name in names_in(bare) if name not in known]
    used = set(re.findall(r"\binstance:[a-z_]+:[a-z0-9_]+", (PROMETHEUS / "rules/alerts.rules.yml").read_text()))
    assert not wrong
    assert used <= recorded


def test_the_page_on_observability_tells_every_metric_and_alert():
    page = (ROOT / "docs/observability.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`([a-z_]+)`", page))
    families = {re.sub("_(bucket|sum|count)$", "", name) if "_seconds_" in name else name for name in exposed()}
    missing = {name for name in families if name not in told and _stemless(name) not in told}
    assert missing == set()
    alerts = yaml.safe_load((PROMETHEUS / "rules/alerts.rules.yml").read_text())["groups"][0]["rules"]
    assert {rule["alert"] for rule in alerts} == set(re.findall(r"`(Demogen\w+)`", page))


def _stemless(name: str) -> str:
    """How the page shortens a metric that shares its row with another."""
    return re.sub("^demogen_(arrivals|worker)", "", name)


def test_every_metric_is_shown_or_said_not_to_be():
    """A metric that nobody looks at is noise: each stands in a panel, a rule, an annotation, or in this list."""
    for_exploring = {"demogen_run_start_time_seconds", "demogen_in_flight", "demogen_worker_up",
                     "demogen_worker_arrivals_total", "demogen_generator_cpu_seconds_total",
                     "demogen_read_seconds"}  # fmt: skip
    rules = "".join(path.read_text() for path in (PROMETHEUS / "rules").glob("*.rules.yml"))
    shown = names_in(" ".join(query.expr for query in queries(board("load.json"))) + rules)
    families = {re.sub("_(bucket|sum|count)$", "", name) if "_seconds_" in name else name for name in exposed()}
    seen = {re.sub("_(bucket|sum|count)$", "", name) for name in shown}
    assert families - seen - for_exploring == set()


def test_the_rules_raise_what_they_should_and_nothing_else():
    promtool = need("promtool", package="prometheus")
    for words in (["check", "config", "prometheus.yml"], ["test", "rules", "rules/tests.yml"]):
        run = subprocess.run([promtool, *words], cwd=PROMETHEUS, capture_output=True, text=True, timeout=60)
        assert run.returncode == 0, run.stdout + run.stderr


def test_every_alert_is_tested_in_both_directions():
    alerts = yaml.safe_load((PROMETHEUS / "rules/alerts.rules.yml").read_text())["groups"][0]["rules"]
    cases = [
        case
        for test in yaml.safe_load((PROMETHEUS / "rules/tests.yml").read_text())["tests"]
        for case in test.get("alert_rule_test", [])
    ]
    raised = {case["alertname"] for case in cases if case["exp_alerts"]}
    silent = {case["alertname"] for case in cases if not case["exp_alerts"]}
    assert raised == silent == {rule["alert"] for rule in alerts}


def test_grafana_is_told_where_things_are():
    source = yaml.safe_load((ROOT / "dashboards/provisioning/datasources/prometheus.yml").read_text())["datasources"][0]
    chosen = next(v for v in board("load.json")["templating"]["list"] if v["name"] == "datasource")
    assert source["uid"] == chosen["current"]["value"] == "demogen-prometheus"
    provider = yaml.safe_load((ROOT / "dashboards/provisioning/dashboards/demogen.yml").read_text())["providers"][0]
    assert provider["options"]["path"] == "/var/lib/grafana/dashboards"


def test_a_query_is_spelled_out_as_grafana_would():
    assert spelled_out('rate(x{run=~"$run"}[$__rate_interval])', interval="9s") == 'rate(x{run=~".*"}[9s])'
