"""How legs become amounts, and what each kind of transaction does to balances (contract 4, 7, 8)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from banking import Bank, leg, many, transfer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demogen.sandbox import exact


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("100.50", "100.5"), ("1e3", "1000"), ("25e-4", "0.0025"), ("+5", "5"), (".5", "0.5"), ("6.", "6"),
        ("007", "7"), ("0.123456789012345678", "0.123456789012345678"),
        ("100000000000000000000000", "100000000000000000000000"), ("1E+2", "100"), ("0.10", "0.1"),
    ],
)  # fmt: skip
def test_decimal_strings_come_back_canonical(bank: Bank, text: str, canonical: str) -> None:
    bank.fund("@a", "100000000000000000000000")
    booked = bank.post("transactions/json", transfer("@a", "@b", text))
    assert booked["amount"] == canonical
    assert bank.balance("@b")["available"] == canonical


@pytest.mark.parametrize("text", [" 1", "1 ", "1,5", "1_000", "NaN", "Infinity", "0x10", "", "abc", ".", "1e", "--1"])
def test_other_texts_are_refused(bank: Bank, text: str) -> None:
    assert bank.code("POST", "transactions/json", transfer("@a", "@b", text)) == (400, "0094")


@pytest.mark.parametrize(
    ("value", "targets", "expected"),
    [
        pytest.param("1", [{"share": {"percentage": 50}}, {"share": {"percentage": 50}}], ["0.5", "0.5"], id="halves"),
        pytest.param(
            "0.01", [{"share": {"percentage": 33}}, {"remaining": "x"}], ["0.0033", "0.0067"], id="never rounded"
        ),
        pytest.param(
            "10",
            [{"share": {"percentage": 50, "percentageOfPercentage": 30}}, {"remaining": "x"}],
            ["1.5", "8.5"],
            id="share of a share",
        ),
        pytest.param(
            "10", [{"share": {"percentage": 50, "percentageOfPercentage": 0}}, {"remaining": "x"}], ["5", "5"],
            id="zero of a share is all of it",
        ),
        pytest.param(
            "10", [{"share": {"percentage": -50}}, {"share": {"percentage": 150}}], None, id="negative share overdraws",
        ),
        pytest.param(
            "9", [{"amount": {"asset": "EUR", "value": "9"}}, {"amount": {"asset": "USD", "value": "-1"}}], ["9", None],
            id="a leg's asset is ignored, a negative amount skipped",
        ),
    ],
)  # fmt: skip
def test_legs_become_amounts(
    bank: Bank, value: str, targets: list[dict[str, Any]], expected: list[str | None] | None
) -> None:
    legs = [leg(alias, None, **kind) for alias, kind in zip(("@b", "@c"), targets, strict=True)]
    body = many(value, [leg("@a", value)], legs)
    if expected is None:
        assert bank.code("POST", "transactions/json", body) == (422, "0018")
        return
    operations = bank.post("transactions/json", body)["operations"]
    found = {one["accountAlias"]: one["amount"]["value"] for one in operations if one["type"] == "CREDIT"}
    assert [found.get("@b"), found.get("@c")] == expected


@pytest.mark.parametrize(
    ("targets", "code"),
    [
        ([leg("@b", "4"), leg("@c", "5")], (400, "0073")),
        ([leg("@b", None, remaining="r"), leg("@c", None, remaining="r")], (400, "0073")),
        ([leg("@b", None, remaining="r"), leg("@c", "1")], (400, "0073")),
        ([leg("@a", "10")], (400, "0090")),
        ([leg("@b", "4"), leg("@a", "6")], (201, "")),
        ([leg("@nobody", "10")], (422, "0019")),
        ([leg("@b#default", "10")], (422, "0019")),
        ([leg("@b", "10", balanceKey="none")], (422, "0019")),
        ([leg("@b", "10", balanceKey="Default")], (422, "0019")),
    ],
)
def test_sides_must_agree_and_exist(bank: Bank, targets: list[dict[str, Any]], code: tuple[int, str]) -> None:
    status, found = bank.ask("POST", "transactions/json", many("10", [leg("@a", "10")], targets))
    assert (status, found.get("code", "")) == code


def test_operations_are_ordered_by_alias_and_chain(bank: Bank) -> None:
    bank.post("accounts", {"assetCode": "USD", "type": "deposit", "alias": "@a:x"})
    legs = [leg("@b", "1"), leg("@a:x", "2"), leg("@b", "3")]
    booked = bank.post("transactions/json", many("6", [leg("@c", "0"), leg("@a", "6")], legs))
    assert booked["source"] == ["@c", "@a"]
    assert booked["destination"] == ["@b", "@a:x", "@b"]
    assert [one["accountAlias"] for one in booked["operations"]] == ["@a", "@a:x", "@b", "@b"]
    first, second = booked["operations"][2:]
    assert first["balanceAfter"] == second["balance"]
    assert second["balanceAfter"]["version"] == 2


def test_a_refused_transaction_leaves_no_trace(bank: Bank) -> None:
    body = many("1001", [leg("@a", "1000"), leg("@c", "1")], [leg("@b", "1001")])
    assert bank.code("POST", "transactions/json", body) == (422, "0018")
    assert bank.holdings("@a") == ("1000", "0")
    assert bank.balance("@b")["version"] == 0
    assert len(bank.get("transactions")["items"]) == 1


def test_the_external_account_shows_what_came_in_and_may_go_below_zero(bank: Bank) -> None:
    assert bank.balance("@external/USD")["available"] == "1000"
    send = {"asset": "USD", "value": "400", "source": {"from": [leg("@a", "400")]}}
    bank.post("transactions/outflow", {"send": send})
    assert bank.balance("@external/USD")["available"] == "600"
    bank.post("accounts", {"assetCode": "USD", "type": "External", "alias": "vault"})
    bank.post("transactions/json", transfer("vault", "@b", "70"))
    assert bank.balance("vault")["available"] == "70"
    bank.post("transactions/json", transfer("@a", "vault", "100"))
    assert bank.balance("vault")["available"] == "-30"


def test_an_additional_debit_balance_makes_money_but_not_below_zero(bank: Bank) -> None:
    account = bank.get("accounts/alias/@a")["id"]
    bank.post(f"accounts/{account}/balances", {"key": "Loan", "direction": "debit"})
    bank.post("transactions/json", many("9", [leg("@a", "9", balanceKey="loan")], [leg("@b", "9")]))
    assert bank.balance("@a", "loan")["available"] == "9"
    back = many("10", [leg("@b", "9"), leg("@a", "1")], [leg("@a", "10", balanceKey="loan")])
    assert bank.code("POST", "transactions/json", back) == (422, "0018")


def test_flags_rule_from_the_cache_for_an_hour_once_used(bank: Bank) -> None:
    used, unused = bank.balance("@a"), bank.balance("@b")
    for balance in (used, unused):
        bank.ask("PATCH", f"balances/{balance['id']}", {"allowSending": False, "allowReceiving": False})
    assert bank.balance("@a")["allowSending"] is False
    bank.post("transactions/json", transfer("@a", "@c", "1"))
    assert bank.code("POST", "transactions/json", transfer("@a", "@b", "1")) == (400, "0024")
    bank.clock.sleep(3601)
    assert bank.code("POST", "transactions/json", transfer("@a", "@c", "2")) == (400, "0024")


def test_flags_act_at_once_on_the_sane_ledger(open_bank: Callable[..., Bank]) -> None:
    bank = open_bank(quirks="none")
    bank.ask("PATCH", f"balances/{bank.balance('@a')['id']}", {"allowSending": False})
    assert bank.code("POST", "transactions/json", transfer("@a", "@c", "1")) == (400, "0024")


def test_overdraft_in_a_hold_is_given_back_by_cancel_and_repaid_by_receipts(bank: Bank) -> None:
    limit = {"settings": {"allowOverdraft": True, "overdraftLimitEnabled": True, "overdraftLimit": "50"}}
    assert bank.ask("PATCH", f"balances/{bank.balance('@b')['id']}", limit)[0] == 200
    bank.post("transactions/json", transfer("@a", "@b", "30"))
    held = bank.post("transactions/json", transfer("@b", "@c", "60", pending=True))
    assert bank.holdings("@b") == ("0", "60")
    assert bank.balance("@b")["overdraftUsed"] == "30"
    bank.post(f"transactions/{held['id']}/cancel")
    assert bank.holdings("@b") == ("60", "0")
    assert (bank.balance("@b")["overdraftUsed"], bank.balance("@b", "overdraft")["available"]) == ("30", "30")
    bank.post("transactions/json", transfer("@a", "@b", "40"))
    assert bank.holdings("@b") == ("70", "0")
    assert (bank.balance("@b")["overdraftUsed"], bank.balance("@b", "overdraft")["available"]) == ("0", "0")


def test_a_reversal_of_an_overdraft_repays_it(bank: Bank) -> None:
    limit = {"settings": {"allowOverdraft": True, "overdraftLimitEnabled": True, "overdraftLimit": "50"}}
    bank.ask("PATCH", f"balances/{bank.balance('@b')['id']}", limit)
    spent = bank.post("transactions/json", transfer("@b", "@c", "50"))
    assert bank.code("POST", "transactions/json", transfer("@b", "@c", "0.01")) == (422, "0167")
    bank.post(f"transactions/{spent['id']}/revert")
    assert (bank.balance("@b")["overdraftUsed"], bank.holdings("@b")) == ("0", ("0", "0"))


amounts = st.decimals(min_value=Decimal("0.000001"), max_value=Decimal("1000"), places=6).map(lambda one: f"{one:f}")
moves = st.lists(
    st.tuples(st.sampled_from(["@a", "@b", "@c"]), st.sampled_from(["@a", "@b", "@c"]), amounts, st.booleans()),
    max_size=25,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=moves)
def test_money_is_conserved_and_never_negative_whatever_is_sent(
    moves: list[tuple[str, str, str, bool]], open_bank: Callable[..., Bank]
) -> None:
    bank = open_bank()
    for number, (source, target, value, pending) in enumerate(moves):
        body = transfer(source, target, value, description=str(number), pending=pending)
        status, found = bank.ask("POST", "transactions/json", body)
        assert status in (201, 400, 422)
        if status == 201 and pending:
            bank.post(f"transactions/{found['id']}/{'commit' if number % 2 else 'cancel'}")
        elif status == 201 and number % 5 == 0:
            bank.ask("POST", f"transactions/{found['id']}/revert")
    items = bank.get("balances")["items"]
    assert sum(Decimal(one["available"]) for one in items if one["direction"] == "credit") == 1000
    assert all(Decimal(one["available"]) >= 0 and one["onHold"] == "0" for one in items)
    bank.app.close()


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30, places=18))
def test_numbers_survive_spelling(number: Decimal) -> None:
    assert exact.parse(exact.text(number)) == number
    assert "e" not in exact.text(number).lower()


def test_the_same_history_gives_the_same_books_on_another_ledger(open_bank: Callable[..., Bank]) -> None:
    books = []
    for _ in range(2):
        bank = open_bank()
        bank.post("transactions/json", transfer("@a", "@b", "12.5"))
        books.append([(one["alias"], one["available"], one["version"]) for one in bank.get("balances")["items"]])
    assert books[0] == books[1]


def test_a_hold_in_overdraft_shows_all_it_holds_and_can_be_reversed(bank: Bank) -> None:
    settings = {"allowOverdraft": True, "overdraftLimitEnabled": True, "overdraftLimit": "500"}
    bank.ask("PATCH", f"balances/{bank.balance('@a')['id']}", {"settings": settings})
    held = bank.post("transactions/json", transfer("@a", "@b", "1300", pending=True))
    assert [(one["type"], one["amount"]["value"]) for one in held["operations"]] == [
        ("ON_HOLD", "1300"),
        ("OVERDRAFT", "300"),
    ]
    bank.post(f"transactions/{held['id']}/commit")
    back = bank.post(f"transactions/{held['id']}/revert")
    assert back["amount"] == "1300"
    assert (bank.holdings("@a"), bank.balance("@a")["overdraftUsed"]) == (("1000", "0"), "0")
    assert bank.balance("@a", "overdraft")["available"] == "0"
