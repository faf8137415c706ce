"""The ledger by name: lists are walked to their end, refusals raised with the ledger's own code."""

from __future__ import annotations

import json
import uuid
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from demogen.client.ledger import LedgerClient, LedgerRefused
from demogen.contract.exchange import Request, Response
from demogen.errors import PreflightFailed

HERE = {"organization_id": "o", "ledger_id": "l"}
ID = str(uuid.UUID(int=7))


class Shelf:
    """A Transport that serves fixed answers by path, and lists of `size` items as the server pages them."""

    def __init__(self, size: int = 0, *, answers: dict[str, Response] | None = None) -> None:
        self.size = size
        self.asked: list[Request] = []
        self._answers = answers or {}

    def send(self, request: Request) -> Response:
        self.asked.append(request)
        url = urlsplit(request.target.decode())
        if url.path in self._answers:
            return self._answers[url.path]
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        limit = int(query["limit"])
        if url.path.endswith("/accounts"):
            start = (int(query["page"]) - 1) * limit
            return answer(200, {"items": self._items(start, limit) or None, "page": int(query["page"])})
        start = int(query.get("cursor", "at+0")[3:])
        page: dict[str, Any] = {"items": self._items(start, limit)}
        if start + limit < self.size:
            page["next_cursor"] = f"at+{start + limit}"
        return answer(200, page)

    def _items(self, start: int, limit: int) -> list[dict[str, Any]]:
        return [entity(number) for number in range(start, min(start + limit, self.size))]


def entity(number: int) -> dict[str, Any]:
    """Fields enough for an account, a balance and a transaction."""
    own = str(uuid.UUID(int=number))
    return {
        "id": own, "createdAt": "2026-01-01T00:00:00Z", "organizationId": ID, "ledgerId": ID, "assetCode": "USD",
        "alias": f"@a{number}", "type": "deposit", "portfolioId": None, "segmentId": None, "accountId": ID,
        "key": "default", "available": "1.5", "onHold": "0", "version": number, "amount": "10", "name": "n",
    }  # fmt: skip


def answer(status: int, body: Any, head: bytes = b"") -> Response:
    return Response(status, head, json.dumps(body).encode())


@pytest.mark.parametrize("size", [0, 1, 99, 100, 101, 200, 250])
@pytest.mark.parametrize("kind", ["accounts", "balances", "transactions"])
def test_every_list_is_walked_to_its_end_once(size, kind):
    shelf = Shelf(size)
    client = LedgerClient(shelf, **HERE)
    items = {"accounts": client.accounts.list, "balances": client.balances, "transactions": client.transactions}[kind]()
    assert [item.id.int for item in items] == list(range(size))
    assert all(request.target.startswith(b"/v1/organizations/o/ledgers/l/") for request in shelf.asked)


def test_a_refusal_says_what_was_asked_and_what_it_means():
    refusal = answer(404, {"code": "0085", "title": "t", "message": "m"})
    shelf = Shelf(answers={"/v1/organizations/o/ledgers/l/accounts/alias/@x": refusal})
    with pytest.raises(LedgerRefused, match=r"GET .*/alias/@x was refused with status 404: no account") as caught:
        LedgerClient(shelf, **HERE).account_by_alias("@x")
    assert (caught.value.code, caught.value.status, caught.value.exit_code) == ("0085", 404, 7)


def test_an_answer_of_another_shape_is_told_apart_from_a_refusal():
    shelf = Shelf(answers={"/v1/organizations/o/ledgers/l/balances/b": answer(200, {"id": "no uuid"})})
    with pytest.raises(PreflightFailed, match="not what it should be"):
        LedgerClient(shelf, **HERE).balance("b")


def test_creates_and_reverts_carry_their_key():
    base = "/v1/organizations/o/ledgers/l/transactions"
    shelf = Shelf(answers={f"{base}/json": answer(201, entity(1)), f"{base}/t/revert": answer(201, entity(2))})
    client = LedgerClient(shelf, **HERE)
    assert client.transact("json", {"send": {}}, key="r-1-1").amount == "10"
    client.revert("t", key="r-1-2")
    assert [(request.key, request.body) for request in shelf.asked] == [(b"r-1-1", b'{"send":{}}'), (b"r-1-2", b"")]


def test_counts_come_from_a_header():
    path = "/v1/organizations/o/ledgers/l/accounts/metrics/count"
    counted = Shelf(answers={path: Response(204, b"x-total-count: 12", b"")})
    assert LedgerClient(counted, **HERE).accounts.count() == 12
    with pytest.raises(PreflightFailed, match="no X-Total-Count"):
        LedgerClient(Shelf(answers={path: Response(204, b"", b"")}), **HERE).accounts.count()


def test_an_asset_rate_without_ttl_is_never_sent():
    shelf = Shelf()
    with pytest.raises(ValueError, match="ttl"):
        LedgerClient(shelf, **HERE).put_asset_rate({"from": "USD", "to": "BRL", "rate": 5, "scale": 0})
    assert shelf.asked == []
