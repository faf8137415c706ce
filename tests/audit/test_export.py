"""The exported history pairs every invocation with its completion, and its transfers explain the final read."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal

import pytest
from rehearsal import FUNDS, Rehearsal
from typer.testing import CliRunner

from demogen.audit.evidence.export import history
from demogen.audit.ground import Ground
from demogen.cli.evidence import app
from demogen.errors import UsageError


@pytest.fixture
def run(tmp_path):
    weights = {"payment": 5, "transfer": 3, "split": 2, "overdraw": 1}
    rehearsal = Rehearsal(tmp_path / "run", weights=weights, seconds=1.0).play()
    rehearsal.audit()
    return rehearsal


@pytest.fixture
def audited(run):
    ground = Ground(run.folder.book, existing=True)
    yield ground
    ground.close()


def test_every_invocation_is_completed_once_and_later(audited):
    events = [json.loads(line) for line in history(audited, "json")]
    assert [event["index"] for event in events] == list(range(len(events)))
    assert [event["time"] for event in events] == sorted(event["time"] for event in events)
    by_process = {}
    for event in events:
        by_process.setdefault(event["process"], []).append(event["type"])
    assert all(types[0] == "invoke" and len(types) == 2 for types in by_process.values())
    assert Counter(types[1] for types in by_process.values())["fail"] > 0


def test_transfers_that_went_through_explain_the_final_read(audited):
    """Without reverts and holds in the mix, the bank's own arithmetic must do."""
    events = [json.loads(line) for line in history(audited, "json")]
    reverted = {event["value"]["transaction"] for event in events if event["f"] == "revert" and event["type"] == "ok"}
    balances = {alias: Decimal(FUNDS) for alias in events[-1]["value"] if "@external/" not in alias}
    for event in events:
        if event["type"] == "ok" and event["f"] == "transfer":
            for alias, amount in event["value"]["from"].items():
                balances[alias] -= Decimal(amount)
            for alias, amount in event["value"]["to"].items():
                balances[alias] += Decimal(amount)
    told = {alias: Decimal(amount) for alias, amount in events[-1]["value"].items() if "@external/" not in alias}
    if not reverted:
        assert balances == told
    assert sum(balances.values()) == sum(told.values())


def test_edn_is_what_the_checker_reads(audited):
    lines = list(history(audited, "edn"))
    assert lines[0].startswith("{:index 0, :type :invoke, :f :transfer, :process ")
    assert ':from {"' in lines[0]
    assert ":f :read" in lines[-2]
    assert lines[-2].endswith(":value nil}")
    assert '"0@usd0" "' in lines[-1]


def test_another_format_is_refused(audited):
    with pytest.raises(UsageError, match="no history format"):
        list(history(audited, "xml"))


def test_the_command_line_writes_it_into_the_run(run):
    ended = CliRunner().invoke(app, ["history", str(run.folder.path), "--format", "json"])
    assert ended.exit_code == 0, ended.output
    assert (run.folder.path / "history.json").read_text().count("\n") > 150
