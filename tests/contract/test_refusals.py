"""The table of error codes agrees with what the real servers answered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from demogen.contract.refusals import REFUSALS, Dialect, may_retry, meaning

RECORDINGS = Path(__file__).parent.parent / "recordings"


def recorded(dialect: str) -> Iterator[tuple[str, int, str]]:
    """(code, status, title) of every refusal in the recordings of one server."""
    for path in sorted((RECORDINGS / dialect).glob("*.json")):
        for step in json.loads(path.read_text())["steps"]:
            response = step["response"]
            body = response.get("body")
            if isinstance(body, dict) and response["status"] >= 400 and "code" in body:
                yield str(body["code"]), response["status"], body["title"]


@pytest.mark.parametrize("dialect", ["v3.8", "v4"])
def test_every_recorded_refusal_is_in_the_table_with_its_status_and_title(dialect: str) -> None:
    seen = set(recorded(dialect))
    assert len(seen) > 70
    ours = {(code, refusal.status(cast("Dialect", dialect)), refusal.title) for code, refusal in REFUSALS.items()}
    assert seen - ours == set()


def test_only_races_and_faults_of_the_server_may_be_tried_again() -> None:
    refused = {code for code, refusal in REFUSALS.items() if refusal.retryable and refusal.statuses[0] < 500}
    assert refused == {"0084", "0174", "0086"}
    assert may_retry("0084", 409)
    assert may_retry("", 503)
    assert not may_retry("0018", 422)
    # v4 says "retry shortly" and means up to five minutes (contract 13.1).
    assert not may_retry("0486", 409)


def test_meanings_are_told_apart_except_where_versions_differ_in_the_code_alone() -> None:
    by_meaning: dict[str, list[str]] = {}
    for code in REFUSALS:
        by_meaning.setdefault(meaning(code), []).append(code)
    shared = [codes for codes in by_meaning.values() if len(codes) > 1]
    assert shared == [["0046", "500"], ["0484", "404"], ["0485", "405"]]
    assert "does not know" in meaning("9999")
