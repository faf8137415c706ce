"""What the query of a list may say, which mistake is told first, and what filters find (contract 2.3)."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest
from banking import Bank, leg, many, transfer


def cursor(**content: str) -> str:
    return base64.b64encode(json.dumps(content).encode()).decode()


ID = "0195a3b2-0000-7000-8000-000000000001"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limit=", "0082"), ("limit=1.0", "0082"), ("limit=%2B5", ""), ("page=", "0082"), ("sort_order=", "0081"),
        ("limit=1&limit=0", "0082"), ("limit=0&limit=1", ""), ("limit=0&sort_order=x", "0082"),
        ("limit=101&sort_order=x", "0080"), ("page=0&limit=101", "0082"), ("start_date=2024-01-01&limit=101", "0083"),
        ("start_date=", "0131"), ("start_date=2024-13-01&end_date=2024-01-01", "0131"),
        ("start_date=01/02/2024&limit=0", "0131"), ("start_date=2024-01-01&end_date=2024-01-01", ""),
        ("start_date=2024-01-01%2010:00:00&end_date=2024-01-01T11:00:00", ""),
        ("blocked=TRUE", ""), ("blocked=", "0082"), ("blocked=yes", "0082"),
        ("direction=", "0082"), ("direction=DEBIT", ""), ("direction=up", "0082"),
        ("route_id=", "0082"), ("route_id=x", "0082"), ("parent_account_id=x", "0082"),
        ("portfolio_id=", ""), ("portfolio_id=x", "0082"), ("segment_id=x", "0082"),
        ("alias=" + "x" * 257, "0082"), ("name=" + "x" * 256, ""), ("cursor=", ""), ("cursor=%%%", "0082"),
        (f"cursor={cursor(id=ID, direction='next')}", ""), (f"cursor={cursor(id=ID)}", ""),
        (f"cursor={cursor(direction='next')}", "0082"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["accounts", "transactions", "balances", "assets", "operation-routes"])
def test_every_list_judges_every_parameter(bank: Bank, path: str, query: str, code: str) -> None:
    assert (bank.ask("GET", f"{path}?{query}")[1] or {}).get("code", "") == code


def test_a_read_of_one_transaction_judges_them_too(bank: Bank) -> None:
    paid = bank.post("transactions/json", transfer("@a", "@b", "1"))["id"]
    assert bank.code("GET", f"transactions/{paid}?limit=0") == (400, "0082")
    assert bank.call("GET", "accounts/alias/@a/balances?limit=0").status == 200


def test_names_are_found_by_their_beginning_in_any_case(bank: Bank) -> None:
    def aliases(query: str) -> list[str]:
        return [one["alias"] for one in bank.get(f"accounts?{query}")["items"] or []]

    bank.account("@Shop:one", name="Corner SHOP", type="creditCard", status={"code": "INACTIVE"})
    assert aliases("alias=@sHOP") == aliases("name=corner%20shop") == aliases("alias=%20@Shop%20") == ["@Shop:one"]
    assert aliases("alias=%25") == aliases("alias=_Shop") == []
    assert aliases("type=CREDITCARD") == aliases("status=inactive") == ["@Shop:one"]
    assert bank.get("accounts?alias=@shop")["items"][0]["type"] == "creditcard"


def test_status_filters_know_two_words(bank: Bank) -> None:
    assert bank.get("/v1/organizations?status=active")["items"]
    assert bank.code("GET", "/v1/organizations?status=BLOCKED") == (400, "0082")
    assert bank.code("GET", f"{bank.root}/ledgers?status=FOO") == (400, "0082")
    assert bank.code("GET", f"{bank.root}/ledgers?name=M&metadata.a=b") == (400, "0082")
    assert bank.get("/v1/organizations?legal_document=2")["items"] is None
    assert bank.get("portfolios?status=FOO")["items"] is None


def test_account_types_are_a_cursor_list_that_shows_a_page(bank: Bank) -> None:
    for number in range(3):
        bank.post("account-types", {"name": "T", "keyValue": f"Key{number}"})
    page = bank.get("account-types?limit=2&page=7")
    assert (len(page["items"]), page["page"]) == (2, 7)
    assert len(bank.get(f"account-types?limit=2&cursor={page['next_cursor']}")["items"]) == 1
    assert [one["keyValue"] for one in bank.get("account-types?key_value=KEY1")["items"]] == ["key1"]
    assert bank.code("GET", "account-types?metadata.a=b") == (404, "0110")


def test_a_midnight_as_an_end_takes_its_whole_day(bank: Bank) -> None:
    bank.post("transactions/json", transfer("@a", "@b", "1", transactionDate="2020-05-05T15:00:00Z"))

    def found(start: str, end: str) -> int:
        return len(bank.get(f"transactions?start_date={start}&end_date={end}")["items"])

    assert found("2020-05-05", "2020-05-05") == found("2020-05-05T00:00:00Z", "2020-05-05T00:00:00Z") == 1
    assert found("2020-05-05T15:00:00Z", "2020-05-05T15:00:00Z") == 1
    assert found("2020-05-05T15:00:01Z", "2020-05-05") == 0


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ("start_date=2020-01-01T00:00:00Z", "2"),
        ("end_date=2099-01-01T00:00:00Z", "1"),
        ("start_date=2020-05-05T00:00:00%2B02:00&end_date=2020-05-06T00:00:00Z&status=%20approved%20", "1"),
        ("status=DONE", "0082"),
        ("start_date=2020-01-01", "0131"),
        ("start_date=2020-01-01%2000:00:00", "0131"),
        ("end_date=2020-01-01T00:00:00Z", "0078"),
        ("status=NOTED&status=APPROVED", "0"),
    ],
)
def test_the_count_of_transactions_takes_each_end_for_itself(bank: Bank, query: str, answer: str) -> None:
    bank.post("transactions/json", transfer("@a", "@b", "1", transactionDate="2020-05-05"))
    reply = bank.call("HEAD", f"transactions/metrics/count?{query}")
    assert reply.status == (204 if len(answer) == 1 else 400)
    assert reply.headers.get("x-total-count", answer) == answer


def test_asset_rates_read_the_targets_asked_for(bank: Bank) -> None:
    bank.ask("PUT", "asset-rates", {"from": "USD", "to": "BRL", "rate": 5, "ttl": 1})
    assert len(bank.get("asset-rates/from/USD?to=EUR,JPY")["items"]) == 1
    assert bank.code("GET", "asset-rates/from/USD?to=EUR,jpy") == (400, "0004")
    assert bank.code("GET", "asset-rates/from/USD?to=E1") == (400, "0033")


def test_a_search_by_metadata_of_other_lists_ends_with_their_code(bank: Bank) -> None:
    for path, code in (("assets", "0056"), ("segments", "0057"), ("portfolios", "0058"), ("accounts", "0064")):
        assert bank.code("GET", f"{path}?metadata.a=b") == (404, code)


def test_a_read_of_one_transaction_shows_a_page_of_its_operations(bank: Bank, open_bank: Callable[..., Bank]) -> None:
    legs = [leg("@b", "1", description=str(number)) for number in range(12)]

    def notes(one: Bank, query: str = "") -> list[str]:
        read = one.get(
            f"transactions/{one.post('transactions/json', many('12', [leg('@a', '12')], legs))['id']}{query}"
        )
        assert len(read["source"]) + len(read["destination"]) == len(read["operations"])
        return [operation["description"] for operation in read["operations"]]

    whole = notes(open_bank(quirks="none"))
    assert len(whole) == 13
    assert notes(bank) == whole[:10]
    assert notes(bank, "?limit=2&sort_order=desc") == whole[:-3:-1]
    assert notes(bank, "?limit=100") == whole
    listed = bank.get("transactions?sort_order=desc&limit=1")["items"][0]
    assert len(listed["operations"]) == 13


def test_a_read_of_a_block_names_its_sides(bank: Bank) -> None:
    blocked = bank.post("transactions/block", transfer("@a", "@b", "1"))
    read = bank.get(f"transactions/{blocked['id']}")
    assert (read["source"], read["destination"]) == (["@a"], ["@b"])
