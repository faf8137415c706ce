"""The ledger by name: one method for each route, over any Transport. For doctor, clean-up, preflight and tests.

A refusal is raised here, since whoever asks one thing at a time cannot go on without it; under load refusals are
outcomes (`classify`). Spells no path: that is `contract.routes`. May import: `transport`, `classify`, `contract`,
`errors`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import msgspec

from demogen.client.classify import error_code
from demogen.client.transport import Transport
from demogen.contract import answers
from demogen.contract.exchange import Request, Response
from demogen.contract.refusals import meaning
from demogen.contract.routes import ROUTES
from demogen.errors import PreflightFailed

A = TypeVar("A")

PAGE = 100
#: Lists that count pages; all others hand out cursors and ignore page numbers (contract 2.3).
_BY_PAGE = frozenset(
    f"{kind}.list" for kind in ("organization", "ledger", "asset", "portfolio", "segment", "account", "account_type")
)


class LedgerRefused(PreflightFailed):
    """The ledger said no. `status` and `code` are its own."""

    def __init__(self, asked: str, response: Response) -> None:
        self.status = response.status
        self.code = error_code(response.body)
        super().__init__(
            f"{asked} was refused with status {self.status}: {meaning(self.code)}",
            hint="the ledger's log tells more" if self.status >= 500 else "see docs/troubleshooting.md",
        )


class _Caller:
    """Sends requests about one ledger (or none)."""

    def __init__(self, transport: Transport, ids: dict[str, str]) -> None:
        self._transport = transport
        self._ids = ids

    def call(self, name: str, *, body: Any = None, key: str = "", query: str = "", **ids: str) -> Response:
        """The answer to the route of that name. Raises LedgerRefused on any status from 400 on."""
        route = ROUTES[name]
        target = route.target(query, **self._ids, **ids)
        raw = b"" if body is None else msgspec.json.encode(body)
        response = self._transport.send(Request(route.method.encode(), target.encode(), raw, key=key.encode()))
        if response.status >= 400:
            raise LedgerRefused(f"{route.method} {target}", response)
        return response


class Entities(Generic[A]):
    """The six routes that every kind of entity has."""

    def __init__(self, caller: _Caller, kind: str, shape: type[A]) -> None:
        self._call = caller.call
        self._kind = kind
        self._shape = shape

    def create(self, body: Any) -> A:
        return _decode(self._call(f"{self._kind}.create", body=body), self._shape)

    def get(self, entity_id: str) -> A:
        return _decode(self._call(f"{self._kind}.get", id=entity_id), self._shape)

    def update(self, entity_id: str, body: Any) -> A:
        return _decode(self._call(f"{self._kind}.update", id=entity_id, body=body), self._shape)

    def delete(self, entity_id: str) -> None:
        self._call(f"{self._kind}.delete", id=entity_id)

    def count(self) -> int:
        return _total(self._call(f"{self._kind}.count"))

    def list(self, *, query: str = "") -> Iterator[A]:
        """All of them, page after page. `query` holds further filters, `name=value&…`."""
        yield from _walk(self._call, f"{self._kind}.list", self._shape, query)


class LedgerClient:
    """Every route of the server. `organization_id` and `ledger_id` are needed for what lives inside them."""

    def __init__(self, transport: Transport, *, organization_id: str = "", ledger_id: str = "") -> None:
        caller = _Caller(transport, {"o": organization_id, "l": ledger_id})
        self._transport = transport
        self._call = caller.call
        self.organizations = Entities(caller, "organization", answers.OrganizationAnswer)
        self.ledgers = Entities(caller, "ledger", answers.LedgerAnswer)
        self.assets = Entities(caller, "asset", answers.AssetAnswer)
        self.portfolios = Entities(caller, "portfolio", answers.NamedAnswer)
        self.segments = Entities(caller, "segment", answers.NamedAnswer)
        self.accounts = Entities(caller, "account", answers.AccountAnswer)
        self.account_types = Entities(caller, "account_type", answers.AccountTypeAnswer)
        self.operation_routes = Entities(caller, "operation_route", answers.RouteAnswer)
        self.transaction_routes = Entities(caller, "transaction_route", answers.RouteAnswer)

    def within(self, *, organization_id: str, ledger_id: str = "") -> LedgerClient:
        """The same ledger server, inside another organization or ledger."""
        return LedgerClient(self._transport, organization_id=organization_id, ledger_id=ledger_id)

    def health(self) -> bool:
        return self._call("health").body.strip() == b"healthy"

    def version(self) -> str:
        return str(_json(self._call("version"))["version"])

    def ready(self) -> dict[str, Any]:
        """The readiness report; raises LedgerRefused while the server starts or drains."""
        return _json(self._call("ready"))

    def settings(self) -> dict[str, Any]:
        return _json(self._call("ledger.settings.get"))

    def update_settings(self, changes: dict[str, Any]) -> dict[str, Any]:
        return _json(self._call("ledger.settings.update", body=changes))

    def account_by_alias(self, alias: str) -> answers.AccountAnswer:
        return _decode(self._call("account.by_alias", alias=alias), answers.AccountAnswer)

    def external_account(self, asset: str) -> answers.AccountAnswer:
        return _decode(self._call("account.external", code=asset), answers.AccountAnswer)

    def put_asset_rate(self, body: dict[str, Any]) -> answers.AssetRateAnswer:
        """`body` must hold `ttl`: without it v3.8 ends the server process (contract, safety note)."""
        if body.get("ttl") is None:
            raise ValueError("an asset rate without ttl would stop the server")
        return _decode(self._call("asset_rate.put", body=body), answers.AssetRateAnswer)

    def asset_rate(self, external_id: str) -> answers.AssetRateAnswer:
        return _decode(self._call("asset_rate.get", id=external_id), answers.AssetRateAnswer)

    def asset_rates_from(self, asset: str) -> Iterator[answers.AssetRateAnswer]:
        yield from _walk(self._call, "asset_rate.from", answers.AssetRateAnswer, "", code=asset)

    def balances(self) -> Iterator[answers.BalanceAnswer]:
        yield from _walk(self._call, "balance.list", answers.BalanceAnswer, "")

    def balances_of(self, account_id: str) -> Iterator[answers.BalanceAnswer]:
        yield from _walk(self._call, "balance.of_account", answers.BalanceAnswer, "", id=account_id)

    def balances_by_alias(self, alias: str) -> list[answers.BalanceAnswer]:
        return _page(self._call("balance.by_alias", alias=alias), answers.BalanceAnswer).items or []

    def balances_outside(self, asset: str) -> list[answers.BalanceAnswer]:
        """Of the account that stands for the world outside."""
        return _page(self._call("balance.external", code=asset), answers.BalanceAnswer).items or []

    def balance(self, balance_id: str) -> answers.BalanceAnswer:
        return _decode(self._call("balance.get", id=balance_id), answers.BalanceAnswer)

    def balance_at(self, balance_id: str, *, moment: str) -> dict[str, Any]:
        """A balance as it was; `moment` is `yyyy-mm-dd hh:mm:ss` or RFC 3339 (contract 8.1)."""
        return _json(self._call("balance.history", id=balance_id, query=f"date={quote(moment, safe='')}"))

    def create_balance(self, account_id: str, body: Any) -> answers.BalanceAnswer:
        return _decode(self._call("balance.create", id=account_id, body=body), answers.BalanceAnswer)

    def update_balance(self, balance_id: str, body: Any) -> answers.BalanceAnswer:
        return _decode(self._call("balance.update", id=balance_id, body=body), answers.BalanceAnswer)

    def delete_balance(self, balance_id: str) -> None:
        self._call("balance.delete", id=balance_id)

    def operations_of(self, account_id: str, *, query: str = "") -> Iterator[dict[str, Any]]:
        yield from _walk(self._call, "operation.list", dict[str, Any], query, id=account_id)

    def transact(self, kind: str, body: Any, *, key: str) -> answers.TransactionAnswer:
        """Create by `json`, `inflow`, `outflow`, `annotation`, `block` or `unblock`, under an idempotency key."""
        return _decode(self._call(f"transaction.{kind}", body=body, key=key), answers.TransactionAnswer)

    def commit(self, transaction_id: str) -> answers.TransactionAnswer:
        return _decode(self._call("transaction.commit", t=transaction_id), answers.TransactionAnswer)

    def cancel(self, transaction_id: str) -> answers.TransactionAnswer:
        return _decode(self._call("transaction.cancel", t=transaction_id), answers.TransactionAnswer)

    def revert(self, transaction_id: str, *, key: str) -> answers.TransactionAnswer:
        return _decode(self._call("transaction.revert", t=transaction_id, key=key), answers.TransactionAnswer)

    def transaction(self, transaction_id: str) -> answers.TransactionAnswer:
        return _decode(self._call("transaction.get", t=transaction_id), answers.TransactionAnswer)

    def transactions(self, *, query: str = "") -> Iterator[answers.TransactionAnswer]:
        yield from _walk(self._call, "transaction.list", answers.TransactionAnswer, query)

    def count_transactions(self, *, query: str = "") -> int:
        """Of today (UTC) unless `query` names `start_date` and `end_date` (contract 4)."""
        return _total(self._call("transaction.count", query=query))


def _decode(response: Response, shape: type[A]) -> A:
    try:
        return msgspec.json.decode(response.body, type=shape)
    except msgspec.DecodeError as error:
        raise PreflightFailed(
            f"the ledger's answer is not what it should be: {error}", hint="demogen knows v3.8 and v4 of Midaz"
        ) from error


def _json(response: Response) -> dict[str, Any]:
    return _decode(response, dict[str, Any])


def _page(response: Response, shape: type[A]) -> answers.Page[A]:
    return _decode(response, answers.Page[shape])  # type: ignore[valid-type]


def _total(response: Response) -> int:
    total = response.header(b"x-total-count")
    if total is None or not total.isdigit():
        raise PreflightFailed("the ledger's count has no X-Total-Count", hint="is there a proxy that strips headers?")
    return int(total)


def _walk(call: Any, name: str, shape: type[A], query: str, **ids: str) -> Iterator[A]:
    """Every item of a list, by page or by cursor, whichever this list understands (contract 2.3)."""
    filters = f"&{query}" if query else ""
    number, cursor = 1, ""
    while True:
        place = f"&page={number}" if name in _BY_PAGE else f"&cursor={quote(cursor, safe='')}" if cursor else ""
        page = _page(call(name, query=f"limit={PAGE}{place}{filters}", **ids), shape)
        items = page.items or []
        yield from items
        number, cursor = number + 1, page.next_cursor or ""
        if not cursor and (name not in _BY_PAGE or len(items) < PAGE):
            return
