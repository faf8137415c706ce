"""One table of routes: name, method, path template (contract sections 2 to 11). No other file spells a path.

`{o}` is an organization id, `{l}` a ledger id, `{id}` an entity id, `{t}` a transaction id. May import: nothing
from demogen.
"""

from __future__ import annotations

from typing import NamedTuple

LEDGER = "/v1/organizations/{o}/ledgers/{l}"


class Route(NamedTuple):
    """How to address one operation of the server."""

    method: str
    path: str

    def target(self, query: str = "", **ids: str) -> str:
        """Path with ids filled in, and the query string if there is one."""
        path = self.path.format(**ids)
        return f"{path}?{query}" if query else path


def _entity(prefix: str, path: str) -> dict[str, Route]:
    return {
        f"{prefix}.create": Route("POST", path),
        f"{prefix}.list": Route("GET", path),
        f"{prefix}.get": Route("GET", path + "/{id}"),
        f"{prefix}.update": Route("PATCH", path + "/{id}"),
        f"{prefix}.delete": Route("DELETE", path + "/{id}"),
        f"{prefix}.count": Route("HEAD", path + "/metrics/count"),
    }


ROUTES: dict[str, Route] = {
    "health": Route("GET", "/health"),
    "version": Route("GET", "/version"),
    "ready": Route("GET", "/readyz"),
    **_entity("organization", "/v1/organizations"),
    **_entity("ledger", "/v1/organizations/{o}/ledgers"),
    "ledger.settings.get": Route("GET", LEDGER + "/settings"),
    "ledger.settings.update": Route("PATCH", LEDGER + "/settings"),
    **_entity("asset", LEDGER + "/assets"),
    **_entity("portfolio", LEDGER + "/portfolios"),
    **_entity("segment", LEDGER + "/segments"),
    **_entity("account", LEDGER + "/accounts"),
    "account.by_alias": Route("GET", LEDGER + "/accounts/alias/{alias}"),
    "account.external": Route("GET", LEDGER + "/accounts/external/{code}"),
    **_entity("account_type", LEDGER + "/account-types"),
    **_entity("operation_route", LEDGER + "/operation-routes"),
    **_entity("transaction_route", LEDGER + "/transaction-routes"),
    "asset_rate.put": Route("PUT", LEDGER + "/asset-rates"),
    "asset_rate.get": Route("GET", LEDGER + "/asset-rates/{id}"),
    "asset_rate.from": Route("GET", LEDGER + "/asset-rates/from/{code}"),
    "balance.list": Route("GET", LEDGER + "/balances"),
    "balance.get": Route("GET", LEDGER + "/balances/{id}"),
    "balance.update": Route("PATCH", LEDGER + "/balances/{id}"),
    "balance.delete": Route("DELETE", LEDGER + "/balances/{id}"),
    "balance.history": Route("GET", LEDGER + "/balances/{id}/history"),
    "balance.of_account": Route("GET", LEDGER + "/accounts/{id}/balances"),
    "balance.by_alias": Route("GET", LEDGER + "/accounts/alias/{alias}/balances"),
    "balance.external": Route("GET", LEDGER + "/accounts/external/{code}/balances"),
    "balance.create": Route("POST", LEDGER + "/accounts/{id}/balances"),
    "operation.list": Route("GET", LEDGER + "/accounts/{id}/operations"),
    "transaction.json": Route("POST", LEDGER + "/transactions/json"),
    "transaction.dsl": Route("POST", LEDGER + "/transactions/dsl"),
    "transaction.inflow": Route("POST", LEDGER + "/transactions/inflow"),
    "transaction.outflow": Route("POST", LEDGER + "/transactions/outflow"),
    "transaction.annotation": Route("POST", LEDGER + "/transactions/annotation"),
    "transaction.block": Route("POST", LEDGER + "/transactions/block"),
    "transaction.unblock": Route("POST", LEDGER + "/transactions/unblock"),
    "transaction.commit": Route("POST", LEDGER + "/transactions/{t}/commit"),
    "transaction.cancel": Route("POST", LEDGER + "/transactions/{t}/cancel"),
    "transaction.revert": Route("POST", LEDGER + "/transactions/{t}/revert"),
    "transaction.get": Route("GET", LEDGER + "/transactions/{t}"),
    "transaction.update": Route("PATCH", LEDGER + "/transactions/{t}"),
    "operation.update": Route("PATCH", LEDGER + "/transactions/{t}/operations/{id}"),
    "transaction.list": Route("GET", LEDGER + "/transactions"),
    "transaction.count": Route("HEAD", LEDGER + "/transactions/metrics/count"),
}
