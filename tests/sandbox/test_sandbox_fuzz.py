"""Whatever is sent, the sane ledger answers below 500, and the real one's only 5xx are its named quirks."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from banking import Bank, leg, transfer

ODD: tuple[Any, ...] = (
    None, "", 0, 1, -1, 1.5, True, False, [], {}, "x", "a" * 300, "\x00", "0", "-5", "1e5", "1e400", [None], [{}],
    {"a": {"b": {}}}, "2024-01-01", "9999-12-31T23:59:59Z", 1 << 70, "\ufb00\U0001f600", "@a", "USD", "external",
    "00000000-0000-4000-8000-000000000000", 1e308,
)  # fmt: skip
QUERIES = ("limit", "page", "sort_order", "cursor", "start_date", "end_date", "metadata.k", "blocked", "date", "type")
VALUES = ("", "0", "100", "-1", "x", "2024-01-01", "2099-13-01", "%00", "W10=", "bnVsbA==", "'", "9" * 30)


def bent(node: Any, rng: random.Random) -> Any:
    """A JSON value with some parts replaced, dropped or added."""
    if rng.random() < 0.08:
        return rng.choice(ODD)
    if isinstance(node, dict):
        kept = {name: bent(value, rng) for name, value in node.items() if rng.random() > 0.04}
        if rng.random() < 0.05:
            kept[rng.choice(["zz", "metadata", "status", "", "send"])] = rng.choice(ODD)
        return kept
    return [bent(item, rng) for item in node] if isinstance(node, list) else node


def bodies(bank: Bank) -> list[tuple[str, str, Any]]:
    """One good request of each kind."""
    account, balance = bank.get("accounts/alias/@a")["id"], bank.balance("@b")["id"]
    booked = bank.post("transactions/json", transfer("@a", "@b", "1"))
    status, metadata = {"code": "ACTIVE", "description": "d"}, {"k": "v", "n": 1}
    common = {"name": "E", "status": status, "metadata": metadata}
    overdraft = {"allowOverdraft": True, "overdraftLimitEnabled": True, "overdraftLimit": "5"}
    entries = {"direct": {"debit": {"code": "c", "description": "d"}}}
    sides = [leg("@a", "6", metadata=metadata), leg("@b", None, remaining="r")]
    targets = [leg("@c", None, share={"percentage": 50}), leg("@b", None, remaining="r", route="x")]
    send = {"asset": "USD", "value": "10", "source": {"from": sides}, "distribute": {"to": targets}}
    order = {"description": "d", "pending": False, "transactionDate": "2020-01-01", "metadata": metadata, "send": send}
    return [
        ("POST", "/v1/organizations", {"legalName": "A", "legalDocument": "1", "address": {"country": "US"}, **common}),
        ("POST", f"{bank.root}/ledgers", {**common, "settings": {"accounting": {"validateRoutes": True}}}),
        ("POST", "assets", {**common, "type": "currency", "code": "EUR"}),
        ("POST", "portfolios", {**common, "entityId": "e"}),
        ("POST", "accounts", {**common, "assetCode": "USD", "type": "deposit", "parentAccountId": account}),
        ("PATCH", f"accounts/{account}", {**common, "segmentId": None}),
        ("POST", "account-types", {"name": "E", "keyValue": "kv", "metadata": metadata}),
        ("PUT", "asset-rates", {"from": "USD", "to": "BRL", "rate": 5, "ttl": 1, "externalId": account}),
        ("POST", f"accounts/{account}/balances", {"key": "kk", "direction": "debit", "settings": overdraft}),
        ("PATCH", f"balances/{balance}", {"allowSending": True, "settings": overdraft}),
        ("POST", "operation-routes", {"title": "t", "operationType": "source", "accountingEntries": entries}),
        ("POST", "transaction-routes", {"title": "t", "operationRoutes": [account]}),
        ("PATCH", f"transactions/{booked['id']}", {"description": "d", "metadata": metadata}),
        *[("POST", f"transactions/{kind}", order) for kind in ("json", "annotation", "block", "inflow", "outflow")],
    ]


@pytest.mark.parametrize("options", [{"quirks": "none"}, {"quirks": "none", "dialect": "v4"}, {}, {"dialect": "v4"}])
def test_no_request_breaks_the_ledger(options: dict[str, str], open_bank: Callable[..., Bank]) -> None:
    bank, rng = open_bank(**options), random.Random(7)
    sane = options.get("quirks") == "none"
    good = bodies(bank)
    paths = ["accounts", "transactions", "balances", "assets", f"balances/{bank.balance('@a')['id']}/history"]
    for _ in range(1500):
        if rng.random() < 0.8:
            method, path, body = rng.choice(good)
            raw = json.dumps(bent(body, rng)).encode()
            reply = bank.call(method, path, raw=raw[: rng.choice([len(raw)] * 30 + [len(raw) // 2])])
        else:
            query = "&".join(f"{rng.choice(QUERIES)}={rng.choice(VALUES)}" for _ in range(rng.randrange(4)))
            method, path = "GET", f"{rng.choice(paths)}?{query}"
            reply = bank.call(method, path)
        named = not sane and (path.startswith("transactions/") or path == "asset-rates")
        assert reply.status < 500 or named, (method, path, reply.body)
