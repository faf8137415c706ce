"""A cursor may name an id that was never issued: the list goes on from where that id would stand (contract 2.3)."""

from __future__ import annotations

import base64
import json
import random

import pytest

from demogen.clock import FakeClock
from demogen.sandbox import SandboxApp

START_MS, GAP_MS, COUNT = 1_700_000_000_000, 10, 6


@pytest.fixture
def ledger():
    """A sandbox with six transactions, ten milliseconds apart; gives a function that lists from a cursor."""
    clock = FakeClock(wall_ns=START_MS * 1_000_000)
    app = SandboxApp(clock=clock, rng=random.Random(7))

    def ask(method, path, body=None):
        raw = json.dumps(body).encode() if body else b""
        return json.loads(app.handle(method, path, {"host": "in-memory"}, raw).body)

    organization = ask("POST", "/v1/organizations", {"legalName": "Bank", "legalDocument": "1"})["id"]
    base = f"/v1/organizations/{organization}/ledgers"
    base = f"{base}/{ask('POST', base, {'name': 'Main'})['id']}"
    ask("POST", f"{base}/assets", {"name": "Dollar", "type": "currency", "code": "USD"})
    ask("POST", f"{base}/accounts", {"name": "A", "type": "deposit", "assetCode": "USD", "alias": "@a"})
    amounts = []
    for number in range(COUNT):
        clock.advance_ns(GAP_MS * 1_000_000)
        to = [{"accountAlias": "@a", "amount": {"asset": "USD", "value": str(number + 1)}}]
        ask(
            "POST",
            f"{base}/transactions/inflow",
            {"send": {"asset": "USD", "value": str(number + 1), "distribute": {"to": to}}},
        )
        amounts.append(str(number + 1))

    def listed(unix_ms, direction, order):
        digits = f"{unix_ms:012x}"
        cursor = json.dumps({"id": f"{digits[:8]}-{digits[8:]}-7000-8000-000000000000", "direction": direction})
        query = f"limit=100&sort_order={order}&cursor={base64.b64encode(cursor.encode()).decode()}"
        page = ask("GET", f"{base}/transactions?start_date=2023-01-01&end_date=2023-12-31&{query}")
        return [item["amount"] for item in page["items"]]

    yield listed
    app.close()


@pytest.mark.parametrize(
    ("after_ms", "direction", "order", "amounts"),
    [
        pytest.param(0, "next", "asc", ["1", "2", "3", "4", "5", "6"], id="before all"),
        pytest.param(35, "next", "asc", ["4", "5", "6"], id="between two"),
        pytest.param(30, "next", "asc", ["3", "4", "5", "6"], id="at the time of one, before it"),
        pytest.param(99, "next", "asc", [], id="after all"),
        pytest.param(35, "next", "desc", ["3", "2", "1"], id="downwards"),
        pytest.param(35, "prev", "asc", ["1", "2", "3"], id="backwards"),
    ],
)
def test_the_list_goes_on_where_the_id_would_stand(ledger, after_ms, direction, order, amounts):
    assert ledger(START_MS + after_ms, direction, order) == amounts
