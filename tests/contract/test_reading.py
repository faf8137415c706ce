"""Somebody's own request read back as an intent: what `wire` says, `reading` hears."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from intents_drawn import LEDGER, account, spellable_intents

from demogen.contract.exchange import Request
from demogen.contract.money import atto_of_units
from demogen.contract.reading import Reader, with_mark
from demogen.contract.transactions import Action, Intent, leg_amounts_atto
from demogen.contract.wire import Renderer

ACCOUNTS = [account(index, scale=18) for index in range(20)]
EXTERNAL = account(99, alias="@external/USD", scale=18)
READER = Reader([*ACCOUNTS, EXTERNAL])
BASE = LEDGER.path


def amounts(intent: Intent) -> list[tuple[str, int]]:
    return [
        (leg.account.alias, amount)
        for legs in (intent.sources, intent.targets)
        for leg, amount in zip(legs, leg_amounts_atto(intent, legs), strict=True)
    ]


@given(spellable_intents())
def test_what_is_written_is_read_back_to_the_last_atto(intent: Intent) -> None:
    request, _ = Renderer("json").render(intent, "r1-1-1")
    read = READER.intent(request)
    assert read is not None
    assert amounts(read) == amounts(intent)
    assert atto_of_units(read.units, read.scale) == atto_of_units(intent.units, intent.scale)
    assert (read.action, read.pending, read.asset) == (intent.action, intent.pending, intent.asset)


def post(path: str, body: object = None) -> Request:
    return Request(b"POST", path.encode(), json.dumps(body).encode() if body is not None else b"")


def one_way(**send: object) -> dict[str, object]:
    return {"send": {"asset": "USD", "value": "1.50", **send}}


LEG = {"accountAlias": "@a1", "amount": {"asset": "USD", "value": "1.50"}}


def test_an_inflow_comes_from_outside_and_an_outflow_goes_there() -> None:
    inflow = READER.intent(post(f"{BASE}/transactions/inflow", one_way(distribute={"to": [LEG]})))
    outflow = READER.intent(post(f"{BASE}/transactions/outflow", one_way(source={"from": [LEG]})))
    assert inflow is not None
    assert outflow is not None
    value = 15 * 10**17
    assert amounts(inflow) == [("@external/USD", value), ("@a1", value)]
    assert amounts(outflow) == [("@a1", value), ("@external/USD", value)]


@pytest.mark.parametrize("word", ["commit", "cancel", "revert"])
def test_what_follows_a_transaction_is_about_it(word: str) -> None:
    request = post(f"{BASE}/transactions/0198a000-0000-7000-8000-000000000009/{word}")
    assert READER.about_us(request)
    intent = READER.intent(request)
    assert intent is not None
    assert intent.action is Action[word.upper()]
    assert intent.subject.endswith("9")
    assert with_mark(request, "r1-2-3").key == b"r1-2-3"
    assert with_mark(request, "r1-2-3").body == b""


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(one_way(source={"from": [{**LEG, "accountAlias": "@stranger"}]}), id="an account we do not know"),
        pytest.param({"send": {"asset": "USD"}}, id="no value"),
        pytest.param(one_way(source={"from": [{"accountAlias": "@a1"}]}), id="a leg without an amount"),
        pytest.param(one_way(value="1e-30", source={"from": [LEG]}), id="finer than an atto"),
        pytest.param(one_way(asset="EUR", source={"from": [LEG]}), id="an asset that is not there"),
        pytest.param([], id="no object"),
    ],
)
def test_what_cannot_be_told_for_certain_is_nothing(body: object) -> None:
    request = post(f"{BASE}/transactions/json", body)
    assert READER.about_us(request)
    assert READER.intent(request) is None


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(Request(b"GET", f"{BASE}/transactions/json".encode()), id="a read"),
        pytest.param(post(f"{BASE}/accounts"), id="no transaction"),
        pytest.param(post("/v1/organizations/x/ledgers/y/transactions/json", {}), id="somebody else's ledger"),
    ],
)
def test_the_rest_is_not_about_us(request_: Request) -> None:
    assert not READER.about_us(request_)


def test_a_mark_joins_the_metadata_that_is_there() -> None:
    request = post(f"{BASE}/transactions/json", {"metadata": {"mine": "x"}, **one_way()})
    marked = with_mark(request, "r1-2-3")
    assert msgspec.json.decode(marked.body)["metadata"] == {"mine": "x", "demogen_key": "r1-2-3"}
    assert marked.key == b"r1-2-3"
