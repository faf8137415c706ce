"""A small bank in a sandbox app, and the bodies its tests send most."""

from __future__ import annotations

import json
from typing import Any

from demogen.clock import FakeClock
from demogen.sandbox import SandboxApp
from demogen.sandbox.http import Reply


class Bank:
    """One ledger with an asset and accounts, and the calls a test makes most."""

    def __init__(self, app: SandboxApp, clock: FakeClock) -> None:
        self.app = app
        self.clock = clock
        self.organization = self.post("/v1/organizations", {"legalName": "Bank", "legalDocument": "1"})
        self.root = f"/v1/organizations/{self.organization['id']}"
        self.ledger = self.post(f"{self.root}/ledgers", {"name": "Main"})
        self.base = f"{self.root}/ledgers/{self.ledger['id']}"
        self.post(f"{self.base}/assets", {"name": "Dollar", "type": "currency", "code": "USD"})

    def call(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None, raw: bytes = b""
    ) -> Reply:
        target = path if path.startswith("/v1") else f"{self.base}/{path}"
        content = raw if body is None else json.dumps(body).encode()
        return self.app.handle(method, target, headers or {}, content)

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
        """Status and decoded body."""
        reply = self.call(method, path, body, **more)
        return reply.status, json.loads(reply.body) if reply.body else None

    def post(self, path: str, body: Any = None, **more: Any) -> Any:
        """A create that must succeed."""
        status, found = self.ask("POST", path, body, **more)
        assert status == 201, found
        return found

    def get(self, path: str) -> Any:
        status, found = self.ask("GET", path)
        assert status == 200, found
        return found

    def code(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, str]:
        """Status and code of a refusal."""
        status, found = self.ask(method, path, body, **more)
        return status, found["code"]

    def account(self, alias: str, **fields: Any) -> Any:
        return self.post("accounts", {"assetCode": "USD", "type": "deposit", "alias": alias, **fields})

    def fund(self, alias: str, value: str) -> Any:
        send = {"asset": "USD", "value": value, "distribute": {"to": [leg(alias, value)]}}
        return self.post("transactions/inflow", {"description": f"fund {alias} {value}", "send": send})

    def balance(self, alias: str, key: str = "default") -> Any:
        place = alias.removeprefix("@") if alias.startswith("@external/") else f"alias/{alias}"
        items = self.get(f"accounts/{place}/balances")["items"]
        return next(item for item in items if item["key"] == key)

    def holdings(self, alias: str) -> tuple[str, str]:
        """Available and on hold."""
        found = self.balance(alias)
        return found["available"], found["onHold"]


def leg(alias: str, value: str | None = None, **fields: Any) -> dict[str, Any]:
    """A leg with an amount, or with what `fields` say instead."""
    amount = {} if value is None else {"amount": {"asset": "USD", "value": value}}
    return {"accountAlias": alias, **amount, **fields}


def transfer(source: str, target: str, value: str, **fields: Any) -> dict[str, Any]:
    """A two-leg body."""
    return {
        **fields,
        "send": {
            "asset": "USD",
            "value": value,
            "source": {"from": [leg(source, value)]},
            "distribute": {"to": [leg(target, value)]},
        },
    }


def many(value: str, sources: list[dict[str, Any]], targets: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    """A body with any legs."""
    return {
        **fields,
        "send": {"asset": "USD", "value": value, "source": {"from": sources}, "distribute": {"to": targets}},
    }
