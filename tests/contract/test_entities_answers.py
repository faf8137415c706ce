"""Every answer to a create in the recordings of both servers fits its shape; what does not fit is told."""

import json
from pathlib import Path

import msgspec
import pytest

from demogen.contract import answers

RECORDINGS = Path(__file__).parents[1] / "recordings"
SHAPES = {
    "organizations": answers.OrganizationAnswer,
    "ledgers": answers.LedgerAnswer,
    "assets": answers.AssetAnswer,
    "account-types": answers.AccountTypeAnswer,
    "operation-routes": answers.RouteAnswer,
    "portfolios": answers.NamedAnswer,
    "segments": answers.NamedAnswer,
    "accounts": answers.AccountAnswer,
    "balances": answers.BalanceAnswer,
    "asset-rates": answers.AssetRateAnswer,
}
UUID = "0198a3b0-0000-7000-8000-000000000000"


def _filled(value):
    """A recording with its placeholders replaced by values of their kind."""
    if isinstance(value, dict):
        return {key: _filled(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner) for inner in value]
    if value == "<timestamp>":
        return "2026-07-01T00:00:00.123456789Z"
    if isinstance(value, str) and (value == "<uuid>" or value.endswith("id}}")):
        return UUID
    return value


def _creates(version):
    for path in sorted((RECORDINGS / version).glob("*.json")):
        for step in json.loads(path.read_text())["steps"]:
            request, response = step["request"], step["response"]
            kind = request["path"].rsplit("/", 1)[-1]
            partial = "$partial" in (response.get("body") or "")
            if request["method"] in ("POST", "PUT") and response["status"] == 201 and kind in SHAPES and not partial:
                yield kind, _filled(response["body"])


@pytest.mark.parametrize("version", ["v3.8", "v4"])
def test_recorded_answers_fit(version):
    seen = set()
    for kind, body in _creates(version):
        answer = msgspec.json.decode(json.dumps(body), type=SHAPES[kind])
        assert str(answer.id) == UUID
        seen.add(kind)
    assert seen == set(SHAPES)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"id": 7}, id="a number for an id"),
        pytest.param({"name": "Main"}, id="no id"),
        pytest.param({"id": "not-a-uuid"}, id="an id that is none"),
        pytest.param([], id="a list"),
    ],
)
def test_a_wrong_answer_is_told(body):
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(json.dumps(body), type=answers.LedgerAnswer)
