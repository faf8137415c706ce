"""Requests as the recordings of the real server show them: bodies, targets, keys, both spellings."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from intents_drawn import LEDGER, account, marks, spellable_intents

from demogen.contract import dsl
from demogen.contract.entities import AccountInput, AccountPatch, BalanceInput, Body, Note
from demogen.contract.transactions import Action, Intent, Leg
from demogen.contract.wire import Renderer, check_spelling
from demogen.errors import CannotSpell

MARK = "r20260101-ab12-0-17"
PAYER, PAYEE = account(1), account(2)
PAYMENT = Intent.move(1200, PAYER, PAYEE)
BASE = LEDGER.path.encode()


def body_of(intent: Intent) -> dict[str, Any]:
    request, is_dsl = Renderer("json").render(intent, MARK)
    assert not is_dsl
    return json.loads(request.body)  # type: ignore[no-any-return]


def test_a_full_body_has_the_fields_of_the_contract_and_no_others() -> None:
    intent = Intent(
        action=Action.CREATE,
        ledger=LEDGER,
        asset="USD",
        scale=2,
        units=1050,
        sources=(Leg(PAYER, units=1050, balance_key="savings", description='say "hi"', route_id="r-1"),),
        targets=(
            Leg(PAYEE, share=(50, 30), chart_of_accounts="C1"),
            Leg(PAYEE, share=(50, 0)),
            Leg(PAYEE, remaining=True),
        ),
        pending=True,
        description="a\nb",
        code="ref",
        group="GROUP",
        metadata=(("k", "v"),),
        transaction_date="2024-01-01T00:00:00Z",
        route_id="r-0",
    )
    assert body_of(intent) == {
        "description": "a\nb",
        "code": "ref",
        "chartOfAccountsGroupName": "GROUP",
        "pending": True,
        "transactionDate": "2024-01-01T00:00:00Z",
        "routeId": "r-0",
        "metadata": {"demogen_key": MARK, "k": "v"},
        "send": {
            "asset": "USD",
            "value": "10.5",
            "source": {
                "from": [
                    {
                        "accountAlias": "@a1",
                        "amount": {"asset": "USD", "value": "10.5"},
                        "balanceKey": "savings",
                        "description": 'say "hi"',
                        "routeId": "r-1",
                    }
                ]
            },
            "distribute": {
                "to": [
                    {
                        "accountAlias": "@a2",
                        "share": {"percentage": 50, "percentageOfPercentage": 30},
                        "chartOfAccounts": "C1",
                    },
                    {"accountAlias": "@a2", "share": {"percentage": 50}},
                    {"accountAlias": "@a2", "remaining": "remaining"},
                ]
            },
        },
    }


def test_what_is_empty_is_absent() -> None:
    # An empty optional field is "unexpected" to the server: 0053 (contract 2.1).
    assert body_of(PAYMENT).keys() == {"metadata", "send"}


@pytest.mark.parametrize(
    ("action", "absent"), [(Action.INFLOW, "source"), (Action.OUTFLOW, "distribute")], ids=["inflow", "outflow"]
)
def test_flows_leave_the_outside_to_the_server(action: Action, absent: str) -> None:
    body = body_of(msgspec.structs.replace(PAYMENT, action=action))
    assert body["send"].keys() == {"asset", "value", "source", "distribute"} - {absent}


TARGETS = {
    Action.CREATE: b"/transactions/json",
    Action.INFLOW: b"/transactions/inflow",
    Action.OUTFLOW: b"/transactions/outflow",
    Action.ANNOTATION: b"/transactions/annotation",
    Action.BLOCK: b"/transactions/block",
    Action.UNBLOCK: b"/transactions/unblock",
    Action.COMMIT: b"/transactions/T/commit",
    Action.CANCEL: b"/transactions/T/cancel",
    Action.REVERT: b"/transactions/T/revert",
    Action.READ_TRANSACTION: b"/transactions/T",
    Action.READ_BALANCES: b"/accounts/account-1/balances",
    Action.READ_STATEMENT: b"/accounts/account-1/operations",
    Action.LIST_TRANSACTIONS: b"/transactions",
    Action.LIST_ACCOUNTS: b"/accounts",
    Action.COUNT_TRANSACTIONS: b"/transactions/metrics/count",
}


ENTITIES = [
    ("account.create", "", AccountInput(asset_code="USD", type="deposit"), b"POST", b"/accounts"),
    ("account.update", "A", AccountPatch(name="n"), b"PATCH", b"/accounts/A"),
    ("account.delete", "A", None, b"DELETE", b"/accounts/A"),
    ("balance.create", "A", BalanceInput(key="vault"), b"POST", b"/accounts/A/balances"),
    ("transaction.update", "T", Note(description="d"), b"PATCH", b"/transactions/T"),
]


@pytest.mark.parametrize(("route", "subject", "entity", "method", "target"), ENTITIES, ids=[row[0] for row in ENTITIES])
def test_an_entity_goes_to_the_route_it_names(route: str, subject: str, entity: Body, method: bytes, target: bytes):
    intent = Intent(action=Action.ENTITY, ledger=LEDGER, route=route, subject=subject, entity=entity)
    request, _ = Renderer().render(intent, "")
    assert (request.method, request.target) == (method, BASE + target)
    assert request.body == (entity.encode() if entity else b"")
    assert not request.key


def test_an_operation_is_named_by_its_transaction_and_itself() -> None:
    intent = Intent(action=Action.ENTITY, ledger=LEDGER, route="operation.update", subject="T", item="P", entity=Note())
    request, _ = Renderer().render(intent, "")
    assert request.target == BASE + b"/transactions/T/operations/P"


@pytest.mark.parametrize("action", set(Action) - {Action.ENTITY}, ids=lambda action: action.label)
def test_every_action_goes_to_its_route(action: Action) -> None:
    intent = msgspec.structs.replace(PAYMENT, action=action, subject="T", account=PAYER)
    request, _ = Renderer("json").render(intent, MARK)
    assert request.target == BASE + TARGETS[action]
    assert request.method == {True: b"POST", False: b"GET"}[action.is_write] or action is Action.COUNT_TRANSACTIONS
    assert (request.key == MARK.encode()) == (action.is_create or action is Action.REVERT)
    assert bool(request.body) == action.is_create


def test_a_query_follows_the_path() -> None:
    intent = Intent(action=Action.LIST_TRANSACTIONS, ledger=LEDGER, query="limit=10&sort_order=desc")
    request, _ = Renderer().render(intent, MARK)
    assert request.target == BASE + b"/transactions?limit=10&sort_order=desc"


def test_a_dsl_request_is_one_file_named_gold_in_the_field_dsl() -> None:
    request, is_dsl = Renderer("mixed").render(PAYMENT, MARK)
    assert is_dsl
    assert request.target == BASE + b"/transactions/dsl"
    assert request.key == MARK.encode()
    boundary = b"--" + request.content_type.partition(b"boundary=")[2]
    before, part, after = request.body.split(boundary)
    assert (before, after) == (b"", b"--\r\n")
    head, _, content = part.partition(b"\r\n\r\n")
    assert b'name="dsl"' in head
    assert b'.gold"' in head
    assert content == dsl.render(PAYMENT, MARK).encode() + b"\r\n"


@given(spellable_intents(), marks)
def test_the_format_decides_the_spelling(intent: Intent, mark: str) -> None:
    assert not Renderer("json").render(intent, mark)[1]
    assert Renderer("mixed").render(intent, mark)[1]
    assert Renderer("dsl").render(intent, mark)[1]


def test_what_the_dsl_cannot_say_goes_out_as_json() -> None:
    cents = Intent.move(1250, PAYER, PAYEE)
    request, is_dsl = Renderer("dsl").render(cents, MARK)
    assert not is_dsl
    assert json.loads(request.body)["send"]["value"] == "12.5"


def test_an_unknown_format_is_refused() -> None:
    assert check_spelling("mixed") == "mixed"
    with pytest.raises(CannotSpell, match="yaml"):
        check_spelling("yaml")
