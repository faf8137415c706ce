"""A run is played against the sandbox and audited through the API: faultless runs hold, planted bugs are named."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from rehearsal import Rehearsal

from demogen.audit.findings import load
from demogen.audit.screen import screen
from demogen.audit.verdict import Verdict
from demogen.patterns import find_patterns
from demogen.sandbox.defects import DEFECTS


@pytest.mark.parametrize("dialect", ["v3.8", "v4"])
def test_a_faultless_run_holds(tmp_path, dialect):
    rehearsal = Rehearsal(tmp_path / "run", dialect=dialect).play()
    report = rehearsal.audit()
    assert (report.findings, report.doubts) == ((), ())
    assert report.verdict is Verdict.HOLDS
    assert report.coverage.attempts == 200
    assert report.coverage.transactions > 150
    assert load(rehearsal.folder.audit) == report


@pytest.mark.parametrize("dialect", ["v3.8", "v4"])
def test_every_pattern_that_avoids_the_ledgers_faults_holds(tmp_path, dialect):
    weights = {name: 1 for name, pattern in find_patterns().items() if pattern.weight or name != "remaining-probe"}
    report = Rehearsal(tmp_path / "run", dialect=dialect, weights=weights, tps=300.0, seconds=4.0).play().audit()
    assert (report.findings, report.doubts) == ((), ())


def test_a_known_fault_of_the_ledger_is_named(tmp_path):
    weights = {"payment": 3, "remaining-probe": 1}
    assert Rehearsal(tmp_path / "v3.8", weights=weights).play().audit().verdict is Verdict.HOLDS
    report = Rehearsal(tmp_path / "v4", weights=weights, dialect="v4").play().audit()
    finding = next(finding for finding in report.findings if finding.invariant == "legs-as-intended")
    assert "v4 is known to book nothing for a remaining leg" in finding.first


@pytest.mark.parametrize("seed", range(5))
def test_any_seed_of_a_faultless_run_holds(tmp_path, seed):
    report = Rehearsal(tmp_path / "run", seed=seed, seconds=1.0).play().audit()
    assert (report.findings, report.doubts) == ((), ())


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100))
def test_a_hundred_seeds_of_a_faultless_run_hold(tmp_path, seed):
    report = Rehearsal(tmp_path / "run", seed=1_000 + seed, seconds=3.0).play().audit()
    assert (report.findings, report.doubts) == ((), ())


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_every_planted_defect_is_named(tmp_path, defect):
    report = Rehearsal(tmp_path / "run", defects=[defect.name], tps=300.0, seconds=4.0).play().audit()
    assert defect.breaks in report.violated, screen(report)


def test_the_whole_ledger_may_be_audited(tmp_path):
    rehearsal = Rehearsal(tmp_path / "run").play()
    report = rehearsal.audit(depth="all")
    assert (report.findings, report.doubts) == ((), ())
    assert report.coverage.transactions > rehearsal.audit().coverage.transactions


def test_balances_alone_may_be_audited(tmp_path):
    report = Rehearsal(tmp_path / "run").play().audit(depth="balances")
    assert report.verdict is Verdict.HOLDS
    assert set(report.invariants) == {"accounts-replay", "conserved", "replays-faithful"}
    assert report.coverage.transactions == 0


def test_without_an_opening_nothing_that_needs_one_holds(tmp_path):
    rehearsal = Rehearsal(tmp_path / "run").play()
    rehearsal.folder.opening.unlink()
    report = rehearsal.audit()
    assert report.verdict is Verdict.UNKNOWN
    assert report.invariants["accounts-replay"] is Verdict.UNKNOWN
    assert report.invariants["legs-balance"] is Verdict.HOLDS


def test_with_a_lost_journal_nothing_that_needs_it_holds(tmp_path):
    rehearsal = Rehearsal(tmp_path / "run").play()
    sentence = "load process 2 died on another host with up to a second of its journal"
    rehearsal.folder.write_text(rehearsal.folder.incomplete, json.dumps([sentence]))
    report = rehearsal.audit()
    assert report.verdict is Verdict.UNKNOWN
    assert report.invariants["no-phantoms"] is Verdict.UNKNOWN
    assert sentence in report.doubts[0].reason


def test_without_a_journal_the_verdict_is_unknown(tmp_path):
    rehearsal = Rehearsal(tmp_path / "run").play()
    rehearsal.folder.journal(0).unlink()
    report = rehearsal.audit()
    assert report.verdict is Verdict.UNKNOWN
    assert set(report.invariants.values()) == {Verdict.UNKNOWN}
    assert "journal" in report.doubts[0].reason


def test_a_ledger_that_does_not_answer_makes_the_verdict_unknown(tmp_path):
    rehearsal = Rehearsal(tmp_path / "run").play()
    rehearsal.app = OutOfOrder()
    report = rehearsal.audit()
    assert report.verdict is Verdict.UNKNOWN
    assert "HTTP 503" in report.doubts[0].reason


class OutOfOrder:
    """An app that answers nothing but 503."""

    def handle(self, *request):
        return SimpleNamespace(status=503, headers={}, body=b"{}")


def test_what_others_do_in_a_shared_ledger_is_no_finding(tmp_path):
    rehearsal = Rehearsal(tmp_path / "run").play()
    shared = rehearsal.ledgers[0]
    leg = {"accountAlias": "@usd0", "amount": {"asset": "USD", "value": "5"}}
    rehearsal.ask(
        "POST",
        f"{shared.path}/transactions/inflow",
        {"description": "somebody else", "send": {"asset": "USD", "value": "5", "distribute": {"to": [leg]}}},
    )
    assert "no-phantoms" in rehearsal.audit().violated
    rehearsal.folder.write_text(rehearsal.folder.settings, json.dumps({"shared_ledgers": [shared.ledger_id]}))
    report = rehearsal.audit()
    assert report.violated == frozenset()
    assert report.invariants["accounts-replay"] is Verdict.UNKNOWN
    assert report.invariants["no-phantoms"] is Verdict.HOLDS


def test_the_screen_names_what_is_wrong(tmp_path):
    report = Rehearsal(tmp_path / "run", defects=["lost-update"]).play().audit()
    text = screen(report)
    assert text.startswith("VIOLATED: the books are wrong")
    assert "accounts-replay" in text
    assert "expected" in text
