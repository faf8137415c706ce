"""A journal plays again elsewhere: a sound ledger answers as before, a faulty one is caught at it."""

from __future__ import annotations

import random

import pytest
from rehearsal import Rehearsal

from demogen.audit.evidence.replay import replay
from demogen.audit.evidence.reproduce import Stand
from demogen.audit.ground import Ground
from demogen.audit.probes.workbench import Workbench
from demogen.audit.verdict import Verdict


@pytest.fixture
def audited(tmp_path):
    """A run of everything the journal can say."""
    weights = {"payment": 4, "refund": 2, "duplicate": 2, "hold": 2, "split": 2, "overdraw": 1, "double-commit": 1}
    rehearsal = Rehearsal(tmp_path / "run", weights=weights, seconds=1.5).play()
    rehearsal.audit()
    ground = Ground(rehearsal.folder.book, existing=True)
    yield ground
    ground.close()


def stand(path, **options):
    other = Rehearsal(path, **options)
    crew, sweeper = other.eyes()
    return Stand(Workbench(crew, tag="again", dice=random.Random(1)), sweeper, other.clock)


@pytest.mark.parametrize("dialect", ["v3.8", "v4"])
def test_a_sound_ledger_answers_as_before(audited, tmp_path, dialect):
    played = list(replay(audited, stand(tmp_path / "other", dialect=dialect), limit=1_000))
    assert len(played) == 2
    assert sum(ledger.requests for ledger in played) > 60
    for ledger in played:
        assert ledger.otherwise == ()
        assert (ledger.verdict, ledger.violated) == (Verdict.HOLDS, ())
        assert ledger.alike


def test_a_faulty_ledger_is_caught(audited, tmp_path):
    played = list(replay(audited, stand(tmp_path / "other", defects=["lost-update"]), limit=1_000))
    assert any("accounts-replay" in ledger.violated for ledger in played)
    assert not all(ledger.alike for ledger in played)


def test_a_ledger_that_refuses_what_was_accepted_answers_otherwise(audited, tmp_path):
    played = list(replay(audited, stand(tmp_path / "other", defects=["false-refusal"]), limit=1_000))
    assert any(ledger.otherwise for ledger in played)


def test_no_more_than_the_limit_is_played(audited, tmp_path):
    assert [ledger.requests for ledger in replay(audited, stand(tmp_path / "other"), limit=7)] == [7, 7]
