"""Entities among one another: what must exist, what may be deleted, in which order that is told (contract 3, 8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from banking import Bank, leg, many, transfer

Open = Callable[..., Bank]
UNKNOWN = "00000000-0000-4000-8000-000000000000"
ASSET = {"name": "Euro", "type": "currency", "code": "EUR"}


def test_foreign_keys_take_what_was_deleted(bank: Bank) -> None:
    child = bank.post("/v1/organizations", {"legalName": "C", "legalDocument": "1"})
    path = f"/v1/organizations/{child['id']}"
    assert bank.call("DELETE", path).status == 204
    body = {"legalName": "D", "legalDocument": "1", "parentOrganizationId": child["id"]}
    assert bank.post("/v1/organizations", body)["parentOrganizationId"] == child["id"]
    assert bank.post(f"{path}/ledgers", {"name": "L"})["organizationId"] == child["id"]
    segment = bank.post("segments", {"name": "S"})["id"]
    bank.call("DELETE", f"segments/{segment}")
    assert bank.account("@in-segment", segmentId=segment)["segmentId"] == segment
    bank.call("DELETE", bank.base)
    assert bank.post("assets", ASSET)["code"] == "EUR"
    assert bank.code("POST", "accounts", {"assetCode": "USD", "type": "deposit"}) == (404, "0007")


def test_an_organization_is_not_its_own_parent(bank: Bank) -> None:
    body = {"parentOrganizationId": bank.organization["id"], "address": {"line1": "x"}}
    assert bank.code("PATCH", bank.root, body) == (400, "0091")
    assert bank.code("PATCH", bank.root, {"address": {"line1": "x"}}) == (400, "0032")
    assert bank.ask("PATCH", bank.root, {"address": {}, "doingBusinessAs": ""})[1]["doingBusinessAs"] == ""


def test_the_description_of_an_address_is_shown(bank: Bank) -> None:
    body = {"legalName": "D", "legalDocument": "1", "address": {"country": "US", "description": "Home"}}
    made = bank.post("/v1/organizations", body)
    assert bank.get(f"/v1/organizations/{made['id']}")["address"]["description"] == "Home"


@pytest.mark.parametrize(
    ("entity", "body", "code"),
    [
        ("assets", {**ASSET, "type": "coin"}, "0040"),
        ("assets", {**ASSET, "code": "eur"}, "0004"),
        ("assets", ASSET, "0037"),
        ("portfolios", {"name": "P"}, "0037"),
        ("segments", {"name": "S"}, "0037"),
        ("account-types", {"name": "T", "keyValue": "t"}, "0037"),
        ("accounts", {"assetCode": "USD", "type": "deposit"}, "0007"),
        ("transactions/json", transfer("@a", "@b", "0"), "0125"),
        ("transactions/json", many("2", [leg("@a", "2")], [leg("@b", "1")]), "0073"),
        ("transactions/json", transfer("@a", "@b", "1"), "0007"),
    ],
)
def test_in_an_unknown_ledger_the_body_is_judged_first(bank: Bank, entity: str, body: Any, code: str) -> None:
    assert bank.code("POST", f"{bank.root}/ledgers/{UNKNOWN}/{entity}", body)[1] == code


def test_an_unknown_organization_is_told_where_the_ledger_is_known(bank: Bank) -> None:
    assert bank.code("POST", f"/v1/organizations/{UNKNOWN}/ledgers/{bank.ledger['id']}/assets", ASSET) == (404, "0038")


def test_rates_and_routes_need_no_ledger(bank: Bank) -> None:
    nowhere = f"{bank.root}/ledgers/{UNKNOWN}"
    status, rate = bank.ask("PUT", f"{nowhere}/asset-rates", {"from": "USD", "to": "BRL", "rate": 5, "ttl": 1})
    assert (status, rate["ledgerId"], rate["organizationId"]) == (201, UNKNOWN, bank.organization["id"])
    assert bank.get(f"{nowhere}/asset-rates/{rate['externalId']}")["id"] == rate["id"]
    route = bank.post(f"{nowhere}/operation-routes", {"title": "R", "operationType": "Bidirectional"})
    assert (route["operationType"], route["ledgerId"]) == ("bidirectional", UNKNOWN)
    bank.post(f"{nowhere}/transaction-routes", {"title": "R", "operationRoutes": [route["id"]]})
    assert bank.get("operation-routes")["items"] is None


def test_new_names_are_patterns_unless_the_ledger_is_sane(bank: Bank, open_bank: Open) -> None:
    for one in (bank, open_bank(quirks="none")):
        one.account("@ab1")
        one.post(f"{one.root}/ledgers", {"name": "A-B"})
        one.post("segments", {"name": "North"})
        one.post("assets", {"name": "Euro", "type": "currency", "code": "EUR"})
    new = {"assetCode": "USD", "type": "deposit", "alias": "@a_1"}
    assert bank.code("POST", "accounts", new) == (409, "0020")
    assert bank.code("POST", f"{bank.root}/ledgers", {"name": "a_b"}) == (409, "0002")
    assert bank.code("POST", "segments", {"name": "N%"}) == (409, "0015")
    assert bank.code("POST", "assets", {"name": "Eur_", "type": "currency", "code": "BRL"}) == (409, "0003")
    sane = one
    sane.post("accounts", new)
    sane.post("segments", {"name": "N%"})
    sane.post("assets", {"name": "Eur_", "type": "currency", "code": "BRL"})


def test_a_later_name_of_a_ledger_or_asset_may_be_taken(bank: Bank) -> None:
    other = bank.post(f"{bank.root}/ledgers", {"name": "Other"})
    assert bank.ask("PATCH", f"{bank.root}/ledgers/{other['id']}", {"name": "main"})[1]["name"] == "main"
    euro = bank.post("assets", ASSET)
    assert bank.ask("PATCH", f"assets/{euro['id']}", {"name": "Dollar"})[1]["name"] == "Dollar"
    first, second = bank.post("segments", {"name": "A"}), bank.post("segments", {"name": "B"})
    assert bank.code("PATCH", f"segments/{second['id']}", {"name": first["name"]}) == (409, "0015")


def test_accounts_and_their_kin(bank: Bank) -> None:
    bare, full = (
        bank.post("portfolios", {"name": "P"})["id"],
        bank.post("portfolios", {"name": "Q", "entityId": "e"})["id"],
    )
    assert bank.account("@p", portfolioId=bare)["entityId"] == ""
    assert bank.account("@q", portfolioId=full)["entityId"] == "e"
    new = {"assetCode": "USD", "type": "deposit"}
    assert bank.code("POST", "accounts", {**new, "portfolioId": UNKNOWN}) == (404, "0007")
    assert bank.code("POST", "accounts", {**new, "portfolioId": UNKNOWN, "entityId": "e"}) == (404, "0035")
    assert bank.code("POST", "accounts", {**new, "segmentId": UNKNOWN}) == (404, "0036")
    parent = bank.get("accounts/alias/@p")["id"]
    assert bank.code("POST", "accounts", {**new, "portfolioId": full, "parentAccountId": parent}) == (400, "0029")
    assert bank.post("accounts", {**new, "portfolioId": bare, "parentAccountId": parent})["parentAccountId"] == parent
    assert bank.code("PATCH", f"accounts/{parent}", {"portfolioId": UNKNOWN}) == (404, "0035")
    assert bank.ask("PATCH", f"accounts/{parent}", {"portfolioId": None, "entityId": ""})[1]["portfolioId"] is None


def test_an_account_type_is_kept_in_lower_case_and_its_balance_is_not(bank: Bank) -> None:
    made = bank.post("accounts", {"assetCode": "USD", "type": "creditCard", "alias": "@card", "name": " "})
    assert (made["type"], made["name"]) == ("creditcard", "USD creditCard account")
    assert bank.balance("@card")["accountType"] == "creditCard"


def test_settings(bank: Bank) -> None:
    def told(body: Any) -> str:
        return str(bank.ask("PATCH", "settings", body)[1].get("code", ""))

    assert told({"zz": 1, "validateRoutes": True}) == "0149"
    assert told({"accounting": "x"}) == "0148"
    assert told({"accounting": {f"k{number}": 1 for number in range(101)}}) == "0145"
    assert bank.code("PATCH", f"{bank.root}/ledgers/{UNKNOWN}/settings", {"zz": 1}) == (400, "0147")
    assert bank.code("PATCH", f"{bank.root}/ledgers/{UNKNOWN}/settings", {}) == (404, "0007")
    assert told({}) == "" and "settings" not in bank.get(bank.base)
    assert told({"accounting": {"validateRoutes": True, "validateAccountType": True}}) == ""
    assert told({"accounting": {"validateRoutes": None}}) == ""
    expected = {"accounting": {"validateAccountType": True, "validateRoutes": False}}
    assert bank.get(bank.base)["settings"] == bank.get("settings") == expected
    assert bank.ask("PATCH", "settings", {"accounting": None})[1]["accounting"]["validateAccountType"] is False
    assert bank.get(bank.base)["settings"] == bank.get("settings")


def test_additional_balances(bank: Bank) -> None:
    path = f"accounts/{bank.get('accounts/alias/@a')['id']}/balances"
    overdraft = {"allowOverdraft": True, "overdraftLimitEnabled": True, "overdraftLimit": "50.00"}
    made = bank.post(path, {"key": "Spare", "settings": overdraft})
    assert made["settings"] == overdraft
    assert len(bank.get(path)["items"]) == 2
    assert bank.code("POST", path, {"key": "default"}) == (409, "0123")
    outside = f"accounts/{bank.get('accounts/external/USD')['id']}/balances"
    assert bank.code("POST", outside, {"key": "default"}) == (409, "0123")
    assert bank.code("POST", outside, {"key": "more"}) == (400, "0124")
    assert bank.code("POST", path, {"key": "x", "direction": ""}) == (400, "0171")
    assert bank.code("POST", path, {"key": "x", "settings": {"overdraftLimit": ""}}) == (400, "0172")
    assert bank.code("POST", path, {"key": "x", "settings": {"balanceScope": "internal"}}) == (400, "0172")
    bank.post("transactions/json", many("20", [leg("@a", "20", balanceKey="spare")], [leg("@b", "20")]))
    spare = bank.balance("@a", "spare")
    assert (spare["available"], spare["overdraftUsed"]) == ("0", "20")


def test_history_counts_what_was_booked_before_the_balance_was_made(bank: Bank) -> None:
    path = f"balances/{bank.balance('@b')['id']}/history"
    bank.post("transactions/json", transfer("@a", "@b", "3", transactionDate="2020-05-05"))
    assert bank.get(f"{path}?date=2020-05-05T00:00:00Z")["available"] == "3"
    assert bank.code("GET", f"{path}?date=2020-05-04T00:00:00Z") == (404, "0141")


def test_a_note_in_the_history(open_bank: Open) -> None:
    for quirks, available in (("all", "0"), ("none", "1000")):
        one = open_bank(quirks=quirks)
        one.clock.sleep(10)
        date = one.post("transactions/annotation", transfer("@a", "@b", "9"))["createdAt"]
        one.clock.sleep(10)
        assert one.get(f"balances/{one.balance('@a')['id']}/history?date={date}")["available"] == available


def test_indexes_are_named_and_unique(bank: Bank) -> None:
    base = "/v1/settings/metadata-indexes/entities"
    bank.post(f"{base}/account", {"metadataKey": "tier"})
    bank.post(f"{base}/account", {"metadataKey": "tier"})
    assert bank.code("POST", f"{base}/account", {"metadataKey": "tier", "unique": True}) == (409, "0132")
    assert bank.code("POST", f"{base}/account", {"metadataKey": "1st"}) == (400, "0047")
    assert bank.code("POST", f"{base}/nothing", {"metadataKey": "1st"}) == (400, "0047")
    assert bank.code("POST", f"{base}/asset_rate", {"metadataKey": "tier"}) == (400, "0138")
    assert bank.code("GET", "/v1/settings/metadata-indexes?entity_name=nothing") == (400, "0138")


def test_an_alias_that_is_the_id_finds_the_metadata_too(bank: Bank) -> None:
    made = bank.post("accounts", {"assetCode": "USD", "type": "deposit", "metadata": {"k": "v"}})
    bank.account("@named", metadata={"k": "v"})
    assert bank.get(f"accounts/alias/{made['alias']}")["metadata"] == {"k": "v"}
    assert "metadata" not in bank.get("accounts/alias/@named")
