"""A finding shrinks to a unit or two that break the same invariant again, and becomes a program that shows it."""

from __future__ import annotations

import ast
import json
import random

import pytest
from rehearsal import Rehearsal

from demogen.audit.evidence.minimize import minimize
from demogen.audit.evidence.reproduce import Stand
from demogen.audit.evidence.script import script_of
from demogen.audit.ground import Ground
from demogen.audit.invariant import invariants
from demogen.audit.probes.workbench import Workbench
from demogen.errors import UsageError
from demogen.sandbox.defects import DEFECTS

BREAKS = {defect.name: defect.breaks for defect in DEFECTS}


def claim(name):
    return next(claim for claim in invariants() if claim.name == name)


def shrunk(path, defect, *, played=True):
    """What a run with that bug shrinks to, and the run."""
    rehearsal = Rehearsal(path / "run", defects=[defect], tps=300.0, seconds=3.0).play()
    rehearsal.audit()
    crew, sweeper = rehearsal.eyes()
    stand = Stand(Workbench(crew, tag="m", dice=random.Random(1)), sweeper, rehearsal.clock)
    ground = Ground(rehearsal.folder.book, existing=True)
    try:
        return minimize(ground, claim(BREAKS[defect]), stand=stand if played else None), rehearsal
    finally:
        ground.close()


@pytest.mark.parametrize("defect", ["lost-update", "hold-never-released", "phantom-transaction", "double-apply"])
def test_a_finding_shrinks_to_what_breaks_it_again(tmp_path, defect):
    example, _ = shrunk(tmp_path, defect)
    assert example.again
    assert len(example.units) == 1
    assert example.rounds <= 40
    assert example.words


@pytest.mark.parametrize(
    ("defect", "says"),
    [
        ("lost-update", "should have"),
        ("double-booking", "was never acknowledged"),
        ("acknowledged-not-written", "not in the ledger"),
        ("rounding-leak", "its operations leave"),
        ("idempotency-forgotten", "answered with"),
    ],
)
def test_the_program_shows_it_without_this_project(tmp_path, capsys, defect, says):
    example, rehearsal = shrunk(tmp_path, defect)
    program = loaded(script_of(example, url="http://ledger"), rehearsal.app)
    assert program["main"]() == 1
    assert says in capsys.readouterr().out


def test_against_a_faultless_ledger_the_program_shows_nothing(tmp_path, capsys):
    example, _ = shrunk(tmp_path, "lost-update")
    healthy = Rehearsal(tmp_path / "other")
    program = loaded(script_of(example, url="http://ledger"), healthy.app)
    assert program["main"]() == 0
    assert "0 differences" in capsys.readouterr().out


def loaded(text, app):
    """The program's names, its requests going straight into the app."""
    imported = {node.names[0].name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import)}
    assert imported == {"json", "sys", "urllib.error", "urllib.request", "uuid"}
    names = {"__name__": "program"}
    exec(compile(text, "repro.py", "exec"), names)

    def call(method, path, body=None, key=None):
        headers = {"content-type": "application/json", **({"x-idempotency": key} if key else {})}
        reply = app.handle(method, path, headers, json.dumps(body).encode() if body is not None else b"")
        return reply.status, json.loads(reply.body or b"null")

    names["call"] = call
    return names


def test_without_a_ledger_the_requests_are_told_as_they_are(tmp_path):
    example, _ = shrunk(tmp_path, "double-booking", played=False)
    assert not example.again
    assert example.tries == 0
    assert example.units[0].mark in example.words


def test_where_nothing_is_wrong_there_is_nothing_to_shrink(tmp_path):
    rehearsal = Rehearsal(tmp_path / "run", seconds=0.5).play()
    rehearsal.audit()
    ground = Ground(rehearsal.folder.book, existing=True)
    with pytest.raises(UsageError, match="no counter-example"):
        minimize(ground, claim("conserved"), stand=None)
    ground.close()
