"""One HTTP connection to a running sandbox, and a small ledger made over it."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

ACCOUNTS = 6
OPENING = 1_000_000


class Client:
    """One connection."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)

    def send(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        content = None if body is None else json.dumps(body)
        self._connection.request(method, path, content, headers or {})
        answer = self._connection.getresponse()
        raw = answer.read()
        return answer.status, json.loads(raw) if raw else None

    def close(self) -> None:
        self._connection.close()


def populate(url: str) -> str:
    client = Client(url)
    _, organization = client.send("POST", "/v1/organizations", {"legalName": "K", "legalDocument": "1"})
    _, ledger = client.send("POST", f"/v1/organizations/{organization['id']}/ledgers", {"name": "Main"})
    base = f"/v1/organizations/{organization['id']}/ledgers/{ledger['id']}"
    client.send("POST", f"{base}/assets", {"name": "Dollar", "type": "currency", "code": "USD"})
    for number in range(ACCOUNTS):
        client.send("POST", f"{base}/accounts", {"assetCode": "USD", "type": "deposit", "alias": f"@a{number}"})
        to = [{"accountAlias": f"@a{number}", "amount": {"asset": "USD", "value": str(OPENING)}}]
        send = {"asset": "USD", "value": str(OPENING), "distribute": {"to": to}}
        assert client.send("POST", f"{base}/transactions/inflow", {"code": f"o{number}", "send": send})[0] == 201
    client.close()
    return base
