"""Replies become outcomes: three of them, judged by code, checked against what both servers were seen to answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demogen.client.classify import classify
from demogen.contract.exchange import Fault, Response
from demogen.contract.outcome import Outcome
from demogen.contract.transactions import Action, Intent, LedgerRef

LEDGER = LedgerRef(0, "o", "l")
ID = "0198c0de-0000-7000-8000-000000000001"
RECORDINGS = Path(__file__).parents[1] / "recordings"
LAST_PARTS = {
    "json": Action.CREATE, "dsl": Action.CREATE, "inflow": Action.INFLOW, "outflow": Action.OUTFLOW,
    "annotation": Action.ANNOTATION, "block": Action.BLOCK, "unblock": Action.UNBLOCK, "commit": Action.COMMIT,
    "cancel": Action.CANCEL, "revert": Action.REVERT,
}  # fmt: skip


def intent(action: Action = Action.CREATE, *refused_with: str) -> Intent:
    return Intent(action=action, ledger=LEDGER, refused_with=refused_with)


def response(status: int, body: Any = b"", **headers: str) -> Response:
    raw = body if isinstance(body, bytes) else json.dumps(body, separators=(",", ":")).encode()
    head = "\r\n".join(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()).encode()
    return Response(status, head, raw)


def recorded() -> Iterator[Any]:
    """Every recorded POST under /transactions: the action, the answer, and the answer's own idea of its id and code."""
    for path in sorted(RECORDINGS.glob("*/*.json")):
        for step in json.loads(path.read_text())["steps"]:
            last = step["request"]["path"].partition("?")[0].rstrip("/").rsplit("/", 1)[-1]
            if (
                "/transactions/" in step["request"]["path"]
                and last in LAST_PARTS
                and step["request"]["method"] == "POST"
            ):
                yield pytest.param(
                    LAST_PARTS[last], step["response"], id=f"{path.parent.name}-{path.stem}-{step['label']}"
                )


@pytest.mark.parametrize(("action", "answer"), list(recorded()))
def test_every_recorded_answer_is_read_as_the_server_meant_it(action, answer):
    headers = {name.replace("-", "_"): str(value) for name, value in answer["headers"].items()}
    receipt = classify(intent(action), response(answer["status"], answer["body"], **headers), mark="m")
    if answer["status"] == 201:
        assert (receipt.outcome, receipt.transaction_id, receipt.code) == (Outcome.ACCEPTED, answer["body"]["id"], "")
        assert receipt.replayed == (answer["headers"].get("x-idempotency-replayed") == "true")
        assert receipt.expected
    else:
        assert receipt.code == str(answer["body"].get("code", ""))
        assert receipt.transaction_id == ""
        assert receipt.outcome is not Outcome.ACCEPTED
        open_ended = answer["status"] >= 500 or receipt.code == "0486"
        assert receipt.outcome is (Outcome.INDETERMINATE if open_ended else Outcome.REJECTED)


@pytest.mark.parametrize(
    ("result", "outcome", "code"),
    [
        pytest.param(response(201, {"id": ID}), Outcome.ACCEPTED, "", id="booked"),
        pytest.param(response(201, {"status": {}, "id": ID}), Outcome.ACCEPTED, "", id="id not in front"),
        pytest.param(response(201), Outcome.INDETERMINATE, "", id="201 that names no transaction"),
        pytest.param(response(200, b"<html>log in"), Outcome.INDETERMINATE, "", id="200 from somebody else"),
        pytest.param(response(422, {"code": "0018"}), Outcome.REJECTED, "0018", id="insufficient funds"),
        pytest.param(response(409, {"code": "0084"}), Outcome.INDETERMINATE, "0084", id="first try still running"),
        pytest.param(response(409, {"code": "0486"}), Outcome.INDETERMINATE, "0486", id="locked by another step"),
        pytest.param(response(404, {"code": "0061"}), Outcome.INDETERMINATE, "0061", id="lost half-way"),
        pytest.param(response(409, {"code": "0099"}), Outcome.REJECTED, "0099", id="wrong status"),
        pytest.param(response(404, {"code": 404}), Outcome.REJECTED, "404", id="framework answer"),
        pytest.param(response(404, {"code": "CRM-0006"}), Outcome.REJECTED, "CRM-0006", id="code that is no number"),
        pytest.param(response(400, {"title": "Empty"}), Outcome.REJECTED, "", id="no code at all"),
        pytest.param(response(401, b"no JSON"), Outcome.REJECTED, "", id="no JSON at all"),
        pytest.param(response(408), Outcome.INDETERMINATE, "", id="server gave up waiting"),
        pytest.param(response(429), Outcome.REJECTED, "", id="too many requests"),
        pytest.param(response(500, {"code": 500}), Outcome.INDETERMINATE, "500", id="server error"),
        pytest.param(response(503, b"<html>"), Outcome.INDETERMINATE, "", id="proxy error"),
        pytest.param(
            response(400, {"fields": {"code": "mine"}, "code": "0053"}), Outcome.REJECTED, "0053", id="echoed code"
        ),
        pytest.param(
            response(400, {"code": "0053", "errors": [{"value": {"code": "mine"}}]}), Outcome.REJECTED, "0053",
            id="echoed code, v4",
        ),
    ],
)  # fmt: skip
def test_the_answer_to_a_create(result, outcome, code):
    receipt = classify(intent(), result, mark="m")
    assert (receipt.outcome, receipt.code, receipt.mark) == (outcome, code, "m")
    assert receipt.expected == (outcome is Outcome.ACCEPTED)
    assert receipt.body == result.body


@pytest.mark.parametrize("fault", Fault)
def test_a_fault_leaves_open_what_may_have_been_sent_and_nothing_else(fault):
    receipt = classify(intent(), fault, mark="m")
    assert receipt.outcome is (Outcome.INDETERMINATE if fault.sent else Outcome.REJECTED)
    assert (receipt.fault, receipt.expected, receipt.status) == (fault, False, 0)


def test_a_refusal_that_was_meant_is_what_was_expected():
    meant = intent(Action.COMMIT, "0099", "0486")
    refused = classify(meant, response(409, {"code": "0486"}), mark="m")
    assert (refused.outcome, refused.expected) == (Outcome.REJECTED, True)
    other = classify(meant, response(422, {"code": "0018"}), mark="m")
    assert (other.outcome, other.expected) == (Outcome.REJECTED, False)
    booked = classify(meant, response(201, {"id": ID}), mark="m")
    assert (booked.outcome, booked.expected) == (Outcome.ACCEPTED, False)


@pytest.mark.parametrize("spelling", ["X-Idempotency-Replayed", "x-idempotency-replayed"])
def test_a_replay_is_told_by_its_header(spelling):
    head = f"Date: today\r\n{spelling}: true\r\nServer: x".encode()
    body = json.dumps({"id": ID}, separators=(",", ":")).encode()
    assert classify(intent(), Response(201, head, body), mark="m").replayed
    assert not classify(intent(), Response(201, head.replace(b"true", b"false"), body), mark="m").replayed


def test_a_read_is_accepted_whatever_it_returns():
    receipt = classify(intent(Action.READ_BALANCES), response(200, {"items": []}), mark="")
    assert (receipt.outcome, receipt.transaction_id, receipt.expected) == (Outcome.ACCEPTED, "", True)
    assert classify(intent(Action.COUNT_TRANSACTIONS), response(204), mark="").accepted
