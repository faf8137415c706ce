"""Body rules, lists, the DSL and entities: rules of the contract that no recording shows (contract 2, 3, 8, 9, 11)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from banking import Bank, leg, many, transfer

Open = Callable[..., Bank]
GROUP = "(chart-of-accounts-group-name F)"


@pytest.mark.parametrize(
    ("change", "code", "fields"),
    [
        ({"description": ""}, "0053", {"description": ""}),
        ({"pending": False}, "", None),
        ({"description": None, "metadata": None, "routeId": None}, "", None),
        ({"send": {"asset": "USD", "value": None}}, "0053", {"send": {"value": None}}),
        ({"send": {"value": "1"}}, "0009", {"asset", "from", "to"}),
        ({"description": "x" * 257}, "0047", {"description"}),
        ({"metadata": {"k": {"a": 1}}}, "0067", None),
        ({"metadata": {"k": [1]}}, "0051", None),
        ({"metadata": {"k" * 101: "v"}}, "0050", None),
        ({"metadata": {"k": "v" * 2001}}, "0051", None),
        ({"metadata": {f"k{number}": 1 for number in range(101)}}, "0145", None),
        ({"metadata": {"k": "a\u0000b"}}, "0047", {"metadata.k"}),
        ({"transactionDate": "yesterday"}, "0094", None),
        ({"pending": "yes"}, "0094", None),
        ({"code": 7}, "0094", None),
        ({"routeId": "zz"}, "0047", {"routeId"}),
    ],
)
def test_body_rules(bank: Bank, change: dict[str, Any], code: str, fields: Any) -> None:
    status, found = bank.ask("POST", "transactions/json", {**transfer("@a", "@b", "1"), **change})
    assert found.get("code", "") == code, found
    assert status == (400 if code else 201)
    if isinstance(fields, set):
        assert set(found["fields"]) == fields
    elif fields is not None:
        assert found["fields"] == fields


@pytest.mark.parametrize(
    ("leg_change", "code"),
    [
        ({"isFrom": False}, "0053"),
        ({"isFrom": True}, ""),
        ({"balanceKey": ""}, "0053"),
        ({"amount": {"asset": "EUR", "value": "1"}}, ""),
        ({"share": {"percentage": 100}}, "0072"),
        ({"amount": None, "share": {"percentage": 100, "percentageOfPercentage": 0}}, ""),
        ({"amount": None, "share": {"percentage": "100"}}, "0094"),
        ({"rate": {"from": "USD", "to": "BRL", "value": "5", "externalId": "x"}}, "0047"),
        ({"rate": {"from": "USD", "externalId": "x"}}, "0009"),
        ({"metadata": {"leg": 1}, "description": "d", "chartOfAccounts": "c", "route": "r"}, ""),
    ],
)
def test_leg_rules(bank: Bank, leg_change: dict[str, Any], code: str) -> None:
    body = many("1", [leg("@a", "1", **leg_change)], [leg("@b", "1")])
    assert bank.ask("POST", "transactions/json", body)[1].get("code", "") == code


def test_a_leg_without_alias_breaks_the_real_server_only(bank: Bank, open_bank: Open) -> None:
    body = many("1", [{"amount": {"asset": "USD", "value": "1"}}], [leg("@b", "1")])
    assert bank.ask("POST", "transactions/json", body)[1]["code"] == 500
    assert open_bank(dialect="v4").code("POST", "transactions/json", body) == (500, "0046")
    assert open_bank(quirks="none").code("POST", "transactions/json", body) == (400, "0009")


def test_an_asset_rate_without_ttl_never_ends_the_server(bank: Bank, open_bank: Open) -> None:
    body = {"from": "USD", "to": "BRL", "rate": 5}
    assert bank.code("PUT", "asset-rates", body) == (400, "0009")
    assert open_bank(dialect="v4").code("PUT", "asset-rates", body) == (500, "0046")


def form(text: str, *, name: str = "dsl", filename: str = "a.gold") -> dict[str, Any]:
    raw = (
        f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n\r\n{text}\r\n--b--\r\n'
    ).encode()
    return {"raw": raw, "headers": {"content-type": "multipart/form-data; boundary=b"}}


def script(send: str, head: str = GROUP) -> str:
    return f"(transaction V1 {head} (send USD {send}))"


SIDES = "(source (from @a :amount USD 10|2)) (distribute (to @b :share 50) (to @c :remaining))"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (script(f"10|2 {SIDES}"), ""),
        (script(f"10|2\n\t{SIDES}"), ""),
        (
            script("10|2 (source :remaining (from @a :amount USD 10|2)) (distribute :remaining (to b :share 100))"),
            "0019",
        ),
        (script(f"10|2 {SIDES}", GROUP + ' (description "a b")  (code C-1) (pending false) (metadata (k v))'), ""),
        (script("10|2 (source (from @a :amount USD 10|2 (rate R USD -> BRL 5|2) (chart-of-accounts C)))"
                " (distribute (to @b :share 100 :of 100))"), ""),
        (script(f"10|2 {SIDES}", GROUP + ' (code C) (description "late")'), "0048"),
        (script(f"10.0|2 {SIDES}"), "0048"),
        (script(f"10 {SIDES}"), "0048"),
        (script(f"$v|2 {SIDES}"), "0125"),
        (script(f"10|2 {SIDES}", ""), "0048"),
        (script(f"10|2 {SIDES}").replace("V1", "V2"), "0048"),
        (script(f"10|2 {SIDES}") + ") and more", ""),
        (script(f"10|2 {SIDES}").removesuffix(")"), "0048"),
        (script(f"10|2 {SIDES}", "(chart-of-accounts-group-name 2024)"), "0048"),
        (script(f"10|2 {SIDES}", GROUP + " (code send)"), "0048"),
        (script(f"10|2 {SIDES}", GROUP + " (metadata (source web))"), "0048"),
        (script(f"10|2 {SIDES}", GROUP + ' (metadata (k "v"))'), "0048"),
        (script(f"10|2 {SIDES}", GROUP + " (metadata (7 7))"), ""),
        (script(f"10|2 {SIDES}", GROUP + ' (description "two\nlines")'), ""),
        (script(f"10|2 {SIDES}").replace("@b", "123"), "0048"),
        (script(f"10|2 {SIDES}").replace("@b", "$b"), "0019"),
        (script(f"10|2 {SIDES}").replace("@b", "@b:c"), "0048"),
        ("", "0049"),
        ("(", "0048"),
    ],
)  # fmt: skip
def test_the_dsl(bank: Bank, text: str, code: str) -> None:
    status, found = bank.ask("POST", "transactions/dsl", **form(text))
    assert found.get("code", "") == code, found
    assert status == {"": 201, "0019": 422, "0125": 422}.get(code, 400)


def test_the_dsl_form(bank: Bank) -> None:
    good = script(f"10|2 {SIDES}")
    assert bank.ask("POST", "transactions/dsl", **form(good, filename="a.gold.bak"))[0] == 201
    assert bank.code("POST", "transactions/dsl", **form(good, filename="a.txt")) == (400, "0048")
    assert bank.code("POST", "transactions/dsl", **form(good, name="file")) == (400, "0048")
    assert bank.code("POST", "transactions/dsl", {"a": 1}) == (400, "0048")
    assert bank.code("POST", "transactions/dsl?limit=0", **form(good)) == (400, "0082")
    assert bank.balance("@b")["available"] == "5"


def test_the_sane_ledger_reads_the_scale(open_bank: Open) -> None:
    bank = open_bank(quirks="none")
    bank.ask("POST", "transactions/dsl", **form(script(f"10|2 {SIDES}")))
    assert bank.balance("@b")["available"] == "0.05"


def test_walking_a_cursor_list_to_the_end_and_back(bank: Bank) -> None:
    for number in range(7):
        bank.post("transactions/json", transfer("@a", "@b", f"{number + 1}"))
    whole = [one["id"] for one in bank.get("transactions?limit=100")["items"]]
    assert len(whole) == 8
    for order, expected in (("asc", whole), ("desc", whole[::-1])):
        page = bank.get(f"transactions?limit=3&sort_order={order}")
        assert "prev_cursor" not in page
        pages = [page]
        while "next_cursor" in page:
            page = bank.get(f"transactions?limit=3&sort_order={order}&cursor={page['next_cursor']}")
            pages.append(page)
        assert [one["id"] for page in pages for one in page["items"]] == expected
        back = bank.get(f"transactions?limit=3&sort_order={order}&cursor={pages[-1]['prev_cursor']}")
        assert back["items"] == pages[-2]["items"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limit=101", "0080"), ("limit=-1", "0082"), ("page=0", "0082"), ("sort_order=DESC", ""),
        ("sort_order=x", "0081"), ("start_date=2024-01-01", "0083"),
        ("start_date=2024-01-02&end_date=2024-01-01", "0078"),
        ("start_date=2024-01-01T10:00:00Z&end_date=2024-01-01", ""), ("cursor=e30=", "0082"), ("unknown=1", ""),
    ],
)  # fmt: skip
def test_list_parameters(bank: Bank, query: str, code: str) -> None:
    assert bank.ask("GET", f"transactions?{query}")[1].get("code", "") == code


def test_lists_find_by_metadata_dates_and_filters(bank: Bank) -> None:
    bank.post("transactions/json", transfer("@a", "@b", "1", metadata={"order": "x"}))
    bank.post("transactions/json", transfer("@a", "@b", "2", transactionDate="2020-05-05"))
    assert len(bank.get("transactions?metadata.order=x")["items"]) == 1
    assert bank.get("transactions?metadata.order=y")["items"] is None
    assert len(bank.get("transactions?start_date=2020-05-05&end_date=2020-05-05")["items"]) == 1
    assert len(bank.get("transactions")["items"]) == 2
    assert bank.code("GET", "accounts?metadata.a=b") == (404, "0064")
    assert len(bank.get("accounts?alias=@")["items"]) == 4
    assert len(bank.get("accounts?asset_code=usd&blocked=false&status=ACTIVE&type=deposit")["items"]) == 3
    assert bank.code("GET", "accounts?blocked=maybe") == (400, "0082")
    assert bank.code("GET", "accounts?status=FOO") == (400, "0082")


def test_counts_are_of_today_unless_dated(bank: Bank) -> None:
    bank.post("transactions/json", transfer("@a", "@b", "2", transactionDate="2020-05-05"))
    count = bank.call("HEAD", "transactions/metrics/count").headers["x-total-count"]
    dated = "start_date=2020-01-01T00:00:00Z&end_date=2020-12-31T00:00:00Z"
    assert count == "1"
    assert bank.call("HEAD", f"transactions/metrics/count?{dated}").headers["x-total-count"] == "1"
    assert bank.call("HEAD", "transactions/metrics/count?start_date=2020-01-01&end_date=2020-01-02").status == 400


def test_balance_history(bank: Bank) -> None:
    balance = bank.balance("@a")
    bank.clock.sleep(10)
    bank.post("transactions/json", transfer("@a", "@b", "100"))
    bank.clock.sleep(10)
    base = f"balances/{balance['id']}/history"
    assert bank.code("GET", base) == (400, "0142")
    assert bank.code("GET", f"{base}?date=2023-11-14") == (400, "0131")
    assert bank.code("GET", f"{base}?date=2099-01-01T00:00:00Z") == (400, "0140")
    assert bank.code("GET", f"{base}?date=2020-01-01T00:00:00Z") == (404, "0141")
    assert bank.get(f"{base}?date=2023-11-14T22:13:25Z")["available"] == "1000"
    assert bank.get(f"{base}?date=2023-11-14%2022:13:35")["available"] == "900"
    assert len(bank.get(f"accounts/{balance['accountId']}/balances/history?date=2023-11-14T22:13:35Z")) == 1


def test_an_account_with_recent_use_stays(bank: Bank) -> None:
    unused = bank.account("@new")
    assert bank.call("DELETE", f"accounts/{unused['id']}").status == 204
    assert bank.code("POST", "transactions/json", transfer("@a", "@new", "1")) == (422, "0019")
    bank.account("@new")
    bank.post("transactions/json", transfer("@a", "@b", "1"))
    back = bank.post("transactions/json", transfer("@b", "@a", "1"))
    account = back["operations"][1]["accountId"]
    assert bank.code("DELETE", f"accounts/{account}") == (400, "0012")
    bank.clock.sleep(3700)
    assert bank.call("DELETE", f"accounts/{account}").status == 204


def test_a_deleted_asset_still_moves(bank: Bank) -> None:
    asset = bank.get("assets")["items"][0]
    assert bank.call("DELETE", f"assets/{asset['id']}").status == 204
    assert bank.code("GET", "accounts/external/USD") == (404, "0085")
    bank.fund("@a", "5")
    bank.post("assets", {"name": "Dollar", "type": "currency", "code": "USD"})


def test_routes_are_judged_when_the_ledger_says_so(bank: Bank) -> None:
    entries = {
        "direct": {"debit": {"code": "D", "description": "d"}, "credit": {"code": "C", "description": "c"}},
        **{
            step: {side: {"code": f"{step}-{side}", "description": step} for side in ("debit", "credit")}
            for step in ("hold", "commit", "cancel", "revert")
        },
    }
    both = bank.post("operation-routes", {"title": "B", "operationType": "bidirectional", "accountingEntries": entries})
    route = bank.post("transaction-routes", {"title": "R", "operationRoutes": [both["id"]]})
    assert route["operationRoutes"][0]["id"] == both["id"]
    bank.ask("PATCH", "settings", {"accounting": {"validateRoutes": True}})
    routed = {"routeId": both["id"]}

    def body(value: str, **fields: Any) -> dict[str, Any]:
        return many(value, [leg("@a", value, **routed)], [leg("@b", value, **routed)], routeId=route["id"], **fields)

    paid = bank.post("transactions/json", body("1"))
    assert [one["routeCode"] for one in paid["operations"]] == ["D", "C"]
    held = bank.post("transactions/json", body("2", pending=True))
    assert [(one["type"], one["direction"]) for one in held["operations"]] == [
        ("DEBIT", "debit"),
        ("ON_HOLD", "credit"),
    ]
    assert bank.balance("@a")["version"] == 4
    canceled = bank.post(f"transactions/{held['id']}/cancel")
    steps = [(one["type"], one["direction"], one["routeCode"]) for one in canceled["operations"]]
    assert steps == [("RELEASE", "debit", "cancel-debit"), ("CREDIT", "credit", "cancel-credit")]
    assert [one["routeCode"] for one in held["operations"]] == ["hold-debit", "hold-credit"]
    assert bank.holdings("@a") == ("999", "0")
    again = bank.post("transactions/json", body("3", pending=True))
    done = bank.post(f"transactions/{again['id']}/commit")
    assert [(one["type"], one["direction"]) for one in done["operations"]] == [
        ("ON_HOLD", "debit"),
        ("CREDIT", "credit"),
    ]
    bank.post(f"transactions/{again['id']}/revert")
    bank.post(f"transactions/{paid['id']}/revert")
    assert bank.holdings("@a") == ("1000", "0")
    assert bank.code("POST", "transactions/inflow", {
        "routeId": route["id"],
        "send": {"asset": "USD", "value": "1", "distribute": {"to": [leg("@a", "1", **routed)]}},
    }) == (422, "0117")  # fmt: skip
    assert bank.code("POST", "transactions/json", transfer("@a", "@b", "1", route="text")) == (400, "0115")
    unknown = "00000000-0000-4000-8000-000000000000"
    assert bank.ask("POST", "transactions/json", transfer("@a", "@b", "1", routeId=unknown))[0] == 500


def test_v4_settings_skips_and_holders(open_bank: Open) -> None:
    bank = open_bank(dialect="v4")
    assert bank.code("PATCH", "settings", {"tracer": {"mode": "loud"}}) == (400, "0176")
    assert bank.code("POST", f"{bank.root}/ledgers", {"name": "L", "settings": {}}) == (400, "0176")
    made = bank.post(
        f"{bank.root}/ledgers", {"name": "L", "settings": {"tracer": {"mode": "advisory", "failPosture": "closed"}}}
    )
    assert made["settings"]["tracer"] == {"mode": "advisory", "failPosture": "closed", "timeoutMs": 0}
    body = transfer("@a", "@b", "1", skip={"fees": True})
    assert bank.code("POST", "transactions/json", body) == (422, "0490")
    bank.ask("PATCH", "settings", {"overrides": {"allowFeeSkip": True}, "accounting": {"requireHolder": True}})
    assert bank.post("transactions/json", body)["feesSkipped"] is True
    new = {"assetCode": "USD", "type": "deposit"}
    assert bank.code("POST", "accounts", new) == (422, "0491")
    assert bank.code("POST", "accounts", {**new, "holderId": bank.ledger["id"]}) == (404, "CRM-0006")
    assert bank.call("HEAD", "accounts").status == 404
    assert bank.get(f"{bank.root}/packages")["items"] == []


def test_paths_are_not_decoded_and_take_a_trailing_slash(bank: Bank) -> None:
    assert bank.code("GET", "accounts/alias/%40a") == (404, "0085")
    assert bank.get("accounts/alias/@a/")["alias"] == "@a"
    assert bank.code("GET", "accounts/nonsense/balances") == (400, "0065")
    assert bank.code("GET", "transactions/json") == (400, "0065")
    assert bank.call("PUT", "transactions/json").headers["allow"] == "GET, HEAD, POST, PATCH"
    reply = bank.call("PUT", "accounts")
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD, POST")
    assert json.loads(reply.body)["code"] == 405


def test_paths_are_found_in_any_case_and_from_one_slash(bank: Bank) -> None:
    assert bank.app.handle("GET", f"{bank.base.upper()}/Accounts/alias/@a", {}).status == 200
    assert bank.code("GET", f"{bank.base}/accounts/alias/@A") == (404, "0085")
    assert bank.get("accounts//")["limit"] == 10
    assert bank.app.handle("GET", "//v1/organizations", {}).status == 404
    assert bank.app.handle("GET", "/swagger", {}).headers["location"] == "/swagger/index.html"


def test_a_head_tells_the_length_of_what_a_get_would_send(bank: Bank) -> None:
    reply = bank.call("HEAD", "assets")
    assert (reply.body, reply.headers["content-length"]) == (b"", str(len(bank.call("GET", "assets").body)))


def test_only_a_preflight_is_answered_for_every_path(bank: Bank) -> None:
    asked = {"origin": "http://x", "access-control-request-method": "POST", "access-control-request-headers": "X-Foo"}
    reply = bank.app.handle("OPTIONS", "/v1/nothing", asked)
    assert (reply.status, reply.headers["access-control-allow-headers"]) == (204, "X-Foo")
    assert bank.call("OPTIONS", "accounts").headers["allow"] == "GET, HEAD, POST"
    assert bank.app.handle("OPTIONS", "/v1/nothing", {"origin": "http://x"}).status == 404
