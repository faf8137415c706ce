"""Both spellings of one intent book the same operations: the sandbox, with its own readers of both, is the judge."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from intents_drawn import account, spellable_intents

from demogen.client.in_memory import InMemoryTransport
from demogen.clock import FakeClock
from demogen.contract.exchange import Request
from demogen.contract.transactions import AccountRef, Intent, LedgerRef, Leg
from demogen.contract.wire import Renderer
from demogen.sandbox.app import SandboxApp

SOURCES, TARGETS = range(3), range(10, 14)
FUNDS = 10**15


class Bank:
    """A sandbox with one ledger, in which every account that a drawn intent may name exists; sources are rich."""

    def __init__(self, dialect: str) -> None:
        self.app = SandboxApp(dialect=dialect, clock=FakeClock())
        self._transport = InMemoryTransport(self.app)
        organization = self._post("/v1/organizations", legalName="Bank", legalDocument="1")
        base = f"/v1/organizations/{organization['id']}/ledgers"
        self.ledger = LedgerRef(0, organization["id"], self._post(base, name="Main")["id"])
        self._post(f"{self.ledger.path}/assets", name="Dollar", type="currency", code="USD")
        for index in (*SOURCES, *TARGETS):
            alias = account(index).alias
            self._post(f"{self.ledger.path}/accounts", name=alias, type="deposit", assetCode="USD", alias=alias)
            to = [{"accountAlias": alias, "amount": {"asset": "USD", "value": str(FUNDS)}}]
            send = {"asset": "USD", "value": str(FUNDS), "distribute": {"to": to}}
            self._post(f"{self.ledger.path}/transactions/inflow", send=send)
        self._marks = (f"m-{number}" for number in itertools.count())

    def _post(self, path: str, **body: Any) -> Any:
        response = self._transport.send(Request(b"POST", path.encode(), json.dumps(body).encode()))
        assert response.status == 201, response.body
        return json.loads(response.body)

    def books(self, intent: Intent, spelling: str) -> dict[str, Any]:
        """What the ledger reads back of `intent` sent in that spelling, without what is new in every transaction."""
        mark = next(self._marks)
        request, is_dsl = Renderer(spelling).render(self._here(intent), mark)  # type: ignore[arg-type]
        assert is_dsl == (spelling == "dsl")
        answer = self._transport.send(request)
        assert answer.status == 201, (request.body, answer.body)
        target = f"{self.ledger.path}/transactions/{json.loads(answer.body)['id']}"
        read = json.loads(self._transport.send(Request(b"GET", target.encode())).body)
        assert read["metadata"].pop("demogen_key") == mark
        told = {name: read[name] for name in ("status", "amount", "assetCode", "description", "metadata")}
        told["group"] = read["chartOfAccountsGroupName"] if intent.group else ""
        told["operations"] = sorted(
            (each["accountAlias"], each["balanceKey"], each["type"], each["amount"]["value"], each["description"])
            for each in read["operations"]
        )
        return told

    def _here(self, intent: Intent) -> Intent:
        """The intent in this bank's ledger: accounts are matched by alias on the wire, ledgers by id."""
        return msgspec.structs.replace(intent, ledger=self.ledger)


@pytest.fixture(scope="module", params=["v3.8", "v4"])
def bank(request: pytest.FixtureRequest) -> Iterator[Bank]:
    bank = Bank(request.param)
    yield bank
    bank.app.close()


# No leg takes the rest: not every version books that rightly (contract 7.3 and 13.1).
@settings(max_examples=60)
@given(intent=spellable_intents(remaining=False, funds=10**9))
def test_json_and_dsl_book_the_same(bank: Bank, intent: Intent) -> None:
    as_json, as_dsl = bank.books(intent, "json"), bank.books(intent, "dsl")
    assert as_json == as_dsl
    assert len(as_json["operations"]) >= 1
    assert as_json["amount"] == str(intent.units // 10**intent.scale)


def test_the_rest_is_booked_the_same_too() -> None:
    # On v3.8 a direct transaction may leave the rest to its last leg; v4 loses it (contract 13.1).
    bank = Bank("v3.8")
    payer, first, second = account(0), account(10), account(11)
    intent = Intent.spread(
        1200, (Leg(payer, remaining=True),), (Leg(first, share=(25, 0)), Leg(second, remaining=True))
    )
    as_json = bank.books(intent, "json")
    assert as_json == bank.books(intent, "dsl")
    assert [operation[3] for operation in as_json["operations"]] == ["12", "3", "9"]


def test_money_from_outside_is_booked_the_same() -> None:
    bank = Bank("v3.8")
    outside = AccountRef(99, "", "@external/USD", "USD", 2, bank.ledger, external=True)
    intent = Intent.move(500, outside, account(0))
    assert bank.books(intent, "json") == bank.books(intent, "dsl")
