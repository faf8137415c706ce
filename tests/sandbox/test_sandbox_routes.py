"""Accounting routes: their own rules, and what a ledger with validateRoutes makes of them (contract 11)."""

from __future__ import annotations

from typing import Any

import pytest
from banking import Bank, leg, many, transfer

RUBRIC = {"code": "1", "description": "d"}
BOTH, DEBIT, CREDIT = {"debit": RUBRIC, "credit": RUBRIC}, {"debit": RUBRIC}, {"credit": RUBRIC}
RESERVE = {"hold": BOTH, "commit": BOTH, "cancel": BOTH}


@pytest.mark.parametrize(
    ("kind", "entries", "code"),
    [
        ("source", {"direct": DEBIT}, ""),
        ("source", {"direct": CREDIT}, "0166"),
        ("source", {"direct": {}}, "0009"),
        ("source", {"block": {}}, "0166"),
        ("source", {"direct": {"debit": {"code": "1"}}}, "0009"),
        ("source", {"direct": {"debit": {"code": "1", "description": ""}}}, "0009"),
        ("source", {"direct": {"debit": {"code": "c" * 51, "description": "d"}}}, "0047"),
        ("source", {"direct": DEBIT, "hold": DEBIT, "commit": DEBIT, "cancel": BOTH}, "0166"),
        ("source", {"direct": DEBIT, "hold": BOTH, "commit": DEBIT}, "0163"),
        ("source", {"direct": DEBIT, "revert": BOTH}, "0165"),
        ("source", {"direct": DEBIT, "overdraft": DEBIT}, "0166"),
        ("source", {"block": DEBIT}, ""),
        ("destination", {"direct": CREDIT, "commit": CREDIT}, ""),
        ("destination", {"direct": CREDIT, "cancel": CREDIT}, "0162"),
        ("destination", {"direct": DEBIT}, "0166"),
        ("bidirectional", {"direct": DEBIT}, "0166"),
        ("bidirectional", RESERVE, "0164"),
        ("bidirectional", {"direct": BOTH, "revert": BOTH, **RESERVE}, ""),
        ("Source", {"direct": DEBIT}, ""),
        ("sideways", None, "0103"),
        ("source", {"fee": DEBIT}, "0053"),
    ],
)
def test_entries(bank: Bank, kind: str, entries: Any, code: str) -> None:
    body = {"title": "R", "operationType": kind, "accountingEntries": entries}
    assert bank.ask("POST", "operation-routes", body)[1].get("code", "") == code


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({"ruleType": "alias", "validIf": "@a"}, ""),
        ({"ruleType": "ALIAS", "validIf": "@a"}, ""),
        ({"ruleType": "alias"}, "0009"),
        ({"validIf": "@a"}, "0009"),
        ({"ruleType": "alias", "validIf": ["@a"]}, "0112"),
        ({"ruleType": "account_type", "validIf": "deposit"}, "0112"),
        ({"ruleType": "account_type", "validIf": ["deposit", 1]}, "0112"),
        ({"ruleType": "name", "validIf": "@a"}, "0111"),
        ({"ruleType": "", "validIf": "@a"}, "0053"),
        ({}, ""),
    ],
)
def test_account_rules(bank: Bank, rule: Any, code: str) -> None:
    found = bank.ask("POST", "operation-routes", {"title": "R", "operationType": "source", "account": rule})[1]
    assert (found["code"] if "id" not in found else "") == code
    assert "fields" not in found or code == "0053"


def route(bank: Bank, kind: str, **entries: Any) -> str:
    body = {"title": kind, "operationType": kind, "accountingEntries": entries}
    return str(bank.post("operation-routes", body)["id"])


def test_patching_routes(bank: Bank) -> None:
    one, two = route(bank, "source", direct=DEBIT), route(bank, "destination", direct=CREDIT)
    path = f"operation-routes/{one}"
    merged = bank.ask("PATCH", path, {"accountingEntries": {"block": DEBIT}})[1]["accountingEntries"]
    assert merged == {action: {"debit": RUBRIC, "credit": None} for action in ("direct", "block")}
    assert bank.code("PATCH", path, {"accountingEntries": {"direct": {}}}) == (400, "0009")
    left = bank.ask("PATCH", path, {"accountingEntries": {"direct": None}})[1]["accountingEntries"]
    assert left.keys() == {"block"}
    assert bank.code("PATCH", path, {"title": ""}) == (400, "0053")
    joined = (
        f"transaction-routes/{bank.post('transaction-routes', {'title': 'R', 'operationRoutes': [one, two]})['id']}"
    )
    assert bank.code("PATCH", joined, {"operationRoutes": [one]}) == (400, "0104")
    assert bank.code("PATCH", joined, {"operationRoutes": []}) == (400, "0104")
    assert bank.code("PATCH", joined, {"operationRoutes": [one] * 101}) == (400, "0158")
    assert bank.code("PATCH", joined, {"operationRoutes": ["x", one]}) == (400, "0094")
    assert bank.code("POST", "transaction-routes", {"title": "R", "operationRoutes": [one.upper(), two]}) == (
        400,
        "0053",
    )


def insist(bank: Bank, *parts: str) -> str:
    made = bank.post("transaction-routes", {"title": "R", "operationRoutes": list(parts)})
    assert bank.ask("PATCH", "settings", {"accounting": {"validateRoutes": True}})[0] == 200
    return str(made["id"])


def routed(value: str, out: str, into: str, **fields: Any) -> dict[str, Any]:
    return many(value, [leg("@a", value, routeId=out)], [leg("@b", value, routeId=into)], **fields)


def test_a_hold_is_paid_out_by_the_destinations_of_its_commit(bank: Bank) -> None:
    out = route(bank, "source", direct=DEBIT, **RESERVE)
    into = route(bank, "destination", direct=CREDIT, commit=CREDIT)
    chosen = insist(bank, out, into)
    held = bank.post("transactions/json", routed("2", out, into, routeId=chosen, pending=True))
    assert bank.code("POST", "transactions/json", routed("2", into, out, routeId=chosen, pending=True)) == (422, "0117")
    done = bank.post(f"transactions/{held['id']}/commit")
    assert [one["routeCode"] for one in done["operations"]] == ["1", "1"]
    one_sided = many("2", [leg("@a", "2", routeId=out)], [leg("@b", "2")], routeId=chosen)
    assert bank.code("POST", "transactions/json", one_sided) == (422, "0116")


def test_a_block_goes_by_the_direct_entries(bank: Bank) -> None:
    named = {"code": "B", "description": "blocked"}
    out = route(bank, "source", direct=DEBIT, block={"debit": named})
    into = route(bank, "destination", direct=CREDIT)
    blocked = bank.post("transactions/block", routed("2", out, into, routeId=insist(bank, out, into)))
    assert [(one["type"], one["routeCode"]) for one in blocked["operations"]] == [("BLOCK", "B"), ("BLOCK", "1")]


def test_a_hold_from_before_the_rule_is_judged_at_its_commit(bank: Bank) -> None:
    held = bank.post("transactions/json", transfer("@a", "@b", "1", pending=True))
    bank.ask("PATCH", "settings", {"accounting": {"validateRoutes": True}})
    assert bank.code("POST", f"transactions/{held['id']}/commit") == (422, "0114")
    assert bank.get(f"transactions/{held['id']}")["status"]["code"] == "PENDING"


def test_an_overdraft_needs_an_entry_of_its_own(bank: Bank) -> None:
    settings = {"settings": {"allowOverdraft": True}}
    bank.ask("PATCH", f"balances/{bank.balance('@a')['id']}", settings)
    out = route(bank, "source", direct=DEBIT)
    into = route(bank, "destination", direct=CREDIT)
    chosen = insist(bank, out, into)
    over = routed("1500", out, into, routeId=chosen)
    assert bank.code("POST", "transactions/json", over) == (422, "0176")
    bank.ask("PATCH", f"operation-routes/{out}", {"accountingEntries": {"overdraft": BOTH}})
    paid = bank.post("transactions/json", over)
    lent = next(one for one in paid["operations"] if one["type"] == "OVERDRAFT")
    assert (lent["routeCode"], lent["routeId"], lent["route"], lent["chartOfAccounts"]) == ("1", out, out, "")


def test_a_reversal_wants_every_route_there(bank: Bank) -> None:
    ghost = "0195a3b2-0000-7000-8000-000000000001"
    paid = bank.post("transactions/json", routed("1", ghost, ghost))
    assert bank.code("POST", f"transactions/{paid['id']}/revert") == (404, "0101")
