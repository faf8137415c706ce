"""What a body may hold, by entity: null, empty, zero, too long, nested; and which mistake is told (contract 2.1).

The rule behind: the ledger writes back what it parsed, and refuses what did not come through (0053). So a null is fine
where the ledger has a null for the field, and an empty text where it writes empty ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from banking import Bank, leg, many, transfer

Open = Callable[..., Bank]
UUID = "0195a3b2-0000-7000-8000-000000000001"
GOOD = {
    "/v1/organizations": {"legalName": "A", "legalDocument": "1"},
    "ledgers": {"name": "Other"},
    "assets": {"name": "Euro", "type": "currency", "code": "EUR"},
    "portfolios": {"name": "P"},
    "segments": {"name": "S"},
    "accounts": {"assetCode": "USD", "type": "deposit"},
    "account-types": {"name": "T", "keyValue": "t"},
    "operation-routes": {"title": "R", "operationType": "source"},
}


def sent(bank: Bank, entity: str, change: dict[str, Any]) -> tuple[str, Any]:
    """Code and fields of a create with something changed; an empty code for 201."""
    path = f"{bank.root}/ledgers" if entity == "ledgers" else entity
    _, found = bank.ask("POST", path, {**GOOD[entity], **change})
    return found.get("code", ""), found.get("fields")


@pytest.mark.parametrize(
    ("entity", "change", "code", "fields"),
    [
        ("/v1/organizations", {"legalName": None}, "0053", {"legalName": None}),
        ("/v1/organizations", {"status": None}, "0053", {"status": None}),
        ("/v1/organizations", {"address": None}, "0053", {"address": None}),
        ("/v1/organizations", {"doingBusinessAs": None, "parentOrganizationId": None, "metadata": None}, "", None),
        ("/v1/organizations", {"doingBusinessAs": ""}, "", None),
        ("/v1/organizations", {"parentOrganizationId": ""}, "0047", {"parentOrganizationId"}),
        ("/v1/organizations", {"parentOrganizationId": UUID.upper()}, "0047", {"parentOrganizationId"}),
        ("/v1/organizations", {"address": {"line2": ""}}, "0032", None),
        ("/v1/organizations", {"address": {"line1": "x" * 300, "zipCode": "9" * 30, "country": "US"}}, "", None),
        ("/v1/organizations", {"address": {"description": "d" * 101, "country": "US"}}, "0047", {"description"}),
        ("/v1/organizations", {"nothing": 0, "none": None}, "", None),
        ("/v1/organizations", {"nothing": False}, "0053", {"nothing": False}),
        ("/v1/organizations", {"status": {"code": None}}, "0053", {"status": {"code": None}}),
        (
            "/v1/organizations",
            {"status": {"code": "c" * 101, "description": "d" * 257}},
            "0047",
            {"code", "description"},
        ),
        ("/v1/organizations", {"legalName": "", "doingBusinessAs": "x" * 257}, "0009", {"legalName"}),
        ("/v1/organizations", {"legalName": "", "metadata": {"k": {}}}, "0067", None),
        ("/v1/organizations", {"metadata": {"k": None}}, "0067", None),
        ("/v1/organizations", {"metadata": {"k": []}}, "0051", None),
        (
            "/v1/organizations",
            {"legalName": "a\u0000", "metadata": {"k": "\u0000"}},
            "0047",
            {"legalName", "metadata.k"},
        ),
        ("ledgers", {"settings": None}, "", None),
        ("ledgers", {"settings": {"accounting": None}}, "0053", {"settings": {"accounting": None}}),
        ("assets", {"name": None}, "0053", {"name": None}),
        ("assets", {"code": "VES"}, "0005", None),
        ("portfolios", {"entityId": None}, "0053", {"entityId": None}),
        ("portfolios", {"entityId": ""}, "", None),
        ("accounts", {"name": None}, "0053", {"name": None}),
        ("accounts", {"alias": None, "entityId": None, "segmentId": None, "blocked": None}, "", None),
        ("accounts", {"segmentId": ""}, "0047", {"segmentId"}),
        ("accounts", {"alias": "x y" * 40}, "0047", {"alias"}),
        ("accounts", {"assetCode": "", "alias": "x y"}, "0096", None),
        ("account-types", {"description": ""}, "0053", {"description": ""}),
        ("account-types", {"keyValue": "k v" * 30}, "0047", {"keyValue"}),
        ("operation-routes", {"title": None}, "0009", {"title"}),
        ("operation-routes", {"title": ""}, "0053", {"title": ""}),
        ("operation-routes", {"metadata": {"k": None}}, "", None),
    ],
)
def test_creates(bank: Bank, entity: str, change: dict[str, Any], code: str, fields: Any) -> None:
    found, told = sent(bank, entity, change)
    assert found == code, told
    assert (set(told) if isinstance(fields, set) else told) == fields


def test_newer_versions_let_a_false_pass_like_a_zero(open_bank: Open) -> None:
    assert sent(open_bank(dialect="v4"), "/v1/organizations", {"nothing": False})[0] == ""


NESTED: dict[str, Any] = {"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": {}}}}}}}}}}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"send": {"asset": "USD", "value": 0}}, "0009"),
        ({"pending": None}, "0053"),
        ({"send": None}, "0053"),
        ({"metadata": {"k": None, "e": "", "z": 0}}, ""),
        ({"metadata": NESTED}, "0067"),
        ({"metadata": {"a": {"a": NESTED}}}, "0144"),
        ({"transactionDate": ""}, "0053"),
        ({"transactionDate": "2020-01-01T00:00:00.123Z"}, ""),
        ({"transactionDate": "2024-01-01T00:00:00.123400Z"}, "0053"),
        ({"transactionDate": "2024-01-01 00:00:00"}, "0094"),
        ({"routeId": UUID.upper()}, "0047"),
        ({"surprise": 0, "another": None}, ""),
    ],
)
def test_transactions(bank: Bank, change: dict[str, Any], code: str) -> None:
    found = bank.ask("POST", "transactions/json", {**transfer("@a", "@b", "1"), **change})[1]
    assert found.get("code", "") == code, found


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount": {"value": "1"}}, "0009"),
        ({"amount": {"asset": "", "value": "1"}}, "0053"),
        ({"amount": {"asset": "USD", "value": "1", "operation": "X", "direction": "debit"}}, ""),
        ({"amount": {"asset": "USD", "value": "1", "operation": ""}}, "0053"),
        ({"amount": {"asset": "USD", "value": 1}}, "0053"),
        ({"amount": {"asset": "USD", "value": 0}}, "0073"),
        ({"amount": None}, "0072"),
        ({"chartOfAccounts": ""}, ""),
        ({"chartOfAccounts": None}, "0053"),
        ({"metadata": {"k": None}}, "0067"),
        ({"metadata": None}, ""),
        ({"amount": None, "remaining": "null"}, "0073"),
        ({"amount": {"value": "1"}, "share": {"percentage": 1}}, "0072"),
    ],
)
def test_legs(bank: Bank, change: dict[str, Any], code: str) -> None:
    body = many("1", [leg("@a", "1", **change)], [leg("@b", "1")])
    found = bank.ask("POST", "transactions/json", body)[1]
    assert found.get("code", "") == code, found


def test_a_leg_of_null_is_unexpected(bank: Bank) -> None:
    found = bank.ask("POST", "transactions/json", many("1", [None], [leg("@b", "1")]))[1]  # type: ignore[list-item]
    assert (found["code"], found["fields"]) == ("0053", {"send": {"source": {"from": [None]}}})


def test_what_has_no_effect_still_tells_two_bodies_apart(bank: Bank) -> None:
    plain = many("1", [leg("@a", "1")], [leg("@b", None, remaining="remaining")])
    other = many("1", [leg("@a", "1")], [leg("@b", None, remaining="rest")])
    first = bank.post("transactions/json", plain)["id"]
    assert bank.post("transactions/json", plain)["id"] == first
    assert bank.post("transactions/json", other)["id"] != first


def test_a_merge_patch(bank: Bank) -> None:
    made = bank.post(
        "portfolios", {"name": "P", "metadata": {"a": 1, "b": 2}, "status": {"code": "X", "description": "d"}}
    )
    path = f"portfolios/{made['id']}"
    assert bank.ask("PATCH", path, {"metadata": {"a": None, "c": ""}})[1]["metadata"] == {"b": 2, "c": ""}
    assert bank.ask("PATCH", path, {"name": "", "status": {}})[1]["name"] == "P"
    assert bank.ask("PATCH", path, {"status": {"description": "e"}})[1]["status"] == {"code": "", "description": "e"}
    assert bank.ask("PATCH", path, {"status": {"code": "Y"}})[1]["status"] == {"code": "Y", "description": None}
    assert bank.code("PATCH", path, {"name": None}) == (400, "0053")
    assert "metadata" not in bank.ask("PATCH", path, {"metadata": None})[1]
    assert "metadata" not in bank.get(path)


def test_an_operation_keeps_an_empty_map_once_it_was_patched(bank: Bank) -> None:
    paid = bank.post("transactions/json", many("1", [leg("@a", "1", metadata={})], [leg("@b", "1")]))
    assert [one["metadata"] for one in paid["operations"]] == [{}, None]
    patched = bank.ask("PATCH", f"transactions/{paid['id']}/operations/{paid['operations'][1]['id']}", {})[1]
    assert patched["metadata"] == {}
