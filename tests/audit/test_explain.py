"""A transaction is told from the request to the book; an account from its opening to now."""

from __future__ import annotations

import pytest
from rehearsal import RUN, Rehearsal

from demogen.audit.explain import explain, statement, subject_of
from demogen.audit.ground import Ground
from demogen.errors import RunFolderError, UsageError


@pytest.fixture
def audited(tmp_path):
    rehearsal = Rehearsal(tmp_path / "run", weights={"payment": 4, "refund": 2, "duplicate": 2, "hold": 2}).play()
    rehearsal.audit()
    ground = Ground(rehearsal.folder.book, existing=True)
    yield ground
    ground.close()


def told(ground, text):
    return {section.title: section.lines for section in explain(ground, subject_of(ground, text))}


def test_a_mark_and_its_transaction_tell_the_same(audited):
    key, id_ = audited.rows("select mark_text(key_id), uuid_text(booked_id) from facts.requests order by key_id")[0]
    story = told(audited, key)
    assert story == told(audited, id_)
    assert key in story["asked"][0]
    assert id_ in story["asked"][0]
    assert id_ in story["booked"][0]
    assert len(story["legs"]) == 2
    assert any("→" in line for line in story["operations"])


def test_a_duplicate_is_told_with_the_first(audited):
    key = audited.value("select mark_text(key_id) from facts.repeated limit 1")
    asked = told(audited, key)["asked"]
    assert len(asked) == 2
    assert "again under an earlier key" in asked[1]
    assert "a replay" in asked[1]


def test_a_reversal_and_its_original_name_each_other(audited):
    parent, id_ = audited.rows("select uuid_text(parent), uuid_text(transaction_id) from facts.reversals limit 1")[0]
    original = told(audited, parent)
    assert any("revert" in line for line in original["followed up"])
    assert any("its reversal" in line and id_ in line for line in original["booked"])
    assert any(f"reverses {parent}" in line for line in told(audited, id_)["booked"])


def test_a_statement_runs_from_opening_to_now(audited):
    sections = statement(audited, "@usd0")
    assert len(sections) == 2  # it stands in both ledgers
    for section in sections:
        assert section.lines[0].startswith("before the load")
        now = section.lines[1].split()[1]
        last = section.lines[-1].split("→")[1].split()[0]
        assert now == last


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("nonsense", "is no transaction id and no mark", id="neither id nor mark"),
        pytest.param(f"{RUN}-1-999999", "nothing was sent under", id="a mark never sent"),
        pytest.param("0198c000-0000-7000-8000-0000000000aa", "neither journal nor book", id="an id nobody knows"),
    ],
)
def test_what_nobody_knows_is_said(audited, text, says):
    with pytest.raises(UsageError, match=says):
        told(audited, text)


def test_an_unknown_alias_is_said(audited):
    with pytest.raises(UsageError, match="no account is called"):
        statement(audited, "@nobody")


def test_without_an_audit_there_is_nothing_to_read(tmp_path):
    with pytest.raises(RunFolderError, match="cannot open"):
        Ground(tmp_path / "book.duckdb", existing=True)
