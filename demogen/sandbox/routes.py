"""The route table (contract 2, 3, 4, 5, 8, 11): every method and path, and who answers. Data only.

May import: demogen.sandbox.
"""

from __future__ import annotations

from collections.abc import Iterator

from demogen.sandbox import health
from demogen.sandbox.dialect import Dialect
from demogen.sandbox.dsl import endpoint
from demogen.sandbox.engine import reversal, steps
from demogen.sandbox.engine.bodies import read_order
from demogen.sandbox.engine.creation import create
from demogen.sandbox.entities import accounts, assets, groups, indexes, ledgers, organizations, rates
from demogen.sandbox.entities import balances as balance_changes
from demogen.sandbox.entities import routes as accounting
from demogen.sandbox.entities.resource import Resource, counter, deleter, lister, patcher, reader
from demogen.sandbox.http import Call, Reply
from demogen.sandbox.reads import balances, operations, transactions
from demogen.sandbox.routing import Handler, Route
from demogen.sandbox.world import World

_O = "/v1/organizations/{organization_id}"
_L = _O + "/ledgers/{ledger_id}"
_TX = _L + "/transactions"
_ACCOUNT = _L + "/accounts/{account_id}"


def _creator(kind: str) -> Handler:
    def handle(world: World, call: Call) -> Reply:
        return create(world, call, read_order(world, call.body, kind=kind))

    return handle


def _resource(base: str, resource: Resource, create_it: Handler, *, counts: bool = True) -> Iterator[Route]:
    one = f"{base}/{{{resource.parameter}}}"
    name = base.rpartition("/")[2]
    yield Route("POST", base, create_it, f"{name}.create")
    yield Route("GET", base, lister(resource), f"{name}.list")
    yield Route("GET", one, reader(resource), f"{name}.read")
    yield Route("PATCH", one, patcher(resource), f"{name}.patch")
    yield Route("DELETE", one, deleter(resource), f"{name}.delete")
    if counts:
        yield Route("HEAD", base + "/metrics/count", counter(resource), f"{name}.count")


def _onboarding() -> Iterator[Route]:
    yield from _resource("/v1/organizations", organizations.ORGANIZATIONS, organizations.create)
    yield from _resource(_O + "/ledgers", ledgers.LEDGERS, ledgers.create)
    yield Route("GET", _L + "/settings", ledgers.read_settings, "settings.read")
    yield Route("PATCH", _L + "/settings", ledgers.patch_settings, "settings.patch")
    yield from _resource(_L + "/assets", assets.ASSETS, assets.create)
    yield from _resource(_L + "/portfolios", groups.PORTFOLIOS, groups.create_portfolio)
    yield from _resource(_L + "/segments", groups.SEGMENTS, groups.create_segment)
    yield from _resource(_L + "/accounts", accounts.ACCOUNTS, accounts.create)
    yield Route("GET", _L + "/accounts/alias/{alias}", accounts.by_alias, "accounts.by-alias")
    yield Route("GET", _L + "/accounts/external/{code}", accounts.by_code, "accounts.by-code")
    yield from _resource(_L + "/account-types", groups.ACCOUNT_TYPES, groups.create_account_type, counts=False)
    yield Route("PUT", _L + "/asset-rates", rates.put, "asset-rates.put")
    yield Route("GET", _L + "/asset-rates/{external_id}", rates.by_external_id, "asset-rates.read")
    yield Route("GET", _L + "/asset-rates/from/{asset_code}", rates.from_asset, "asset-rates.list")
    yield from _resource(
        _L + "/operation-routes", accounting.OPERATION_ROUTES, accounting.create_operation_route, counts=False
    )
    yield from _resource(
        _L + "/transaction-routes", accounting.TRANSACTION_ROUTES, accounting.create_transaction_route, counts=False
    )
    entities = "/v1/settings/metadata-indexes/entities/{entity_name}"
    yield Route("GET", "/v1/settings/metadata-indexes", indexes.list_, "indexes.list")
    yield Route("POST", entities, indexes.create, "indexes.create")
    yield Route("DELETE", entities + "/key/{index_key}", indexes.delete, "indexes.delete")


def _money() -> Iterator[Route]:
    for kind in ("json", "inflow", "outflow", "annotation", "block", "unblock"):
        yield Route("POST", f"{_TX}/{kind}", _creator(kind), f"transactions.{kind}")
    yield Route("POST", _TX + "/dsl", endpoint.post, "transactions.dsl")
    yield Route("GET", _TX, transactions.list_, "transactions.list")
    yield Route("HEAD", _TX + "/metrics/count", transactions.count, "transactions.count")
    yield Route("GET", _TX + "/{transaction_id}", transactions.get, "transactions.read")
    yield Route("PATCH", _TX + "/{transaction_id}", transactions.patch, "transactions.patch")
    yield Route("POST", _TX + "/{transaction_id}/commit", steps.commit, "transactions.commit")
    yield Route("POST", _TX + "/{transaction_id}/cancel", steps.cancel, "transactions.cancel")
    yield Route("POST", _TX + "/{transaction_id}/revert", reversal.revert, "transactions.revert")
    one_operation = _TX + "/{transaction_id}/operations/{operation_id}"
    yield Route("PATCH", one_operation, operations.patch, "operations.patch")
    yield Route("GET", _ACCOUNT + "/operations", operations.list_, "operations.list")
    yield Route("GET", _ACCOUNT + "/operations/{operation_id}", operations.get, "operations.read")
    yield Route("GET", _L + "/balances", balances.list_, "balances.list")
    yield Route("GET", _L + "/balances/{balance_id}", balances.get, "balances.read")
    yield Route("PATCH", _L + "/balances/{balance_id}", balance_changes.patch, "balances.patch")
    yield Route("DELETE", _L + "/balances/{balance_id}", balance_changes.delete, "balances.delete")
    yield Route("GET", _L + "/balances/{balance_id}/history", balances.history, "balances.history")
    yield Route("GET", _ACCOUNT + "/balances", balances.of_account, "balances.of-account")
    yield Route("POST", _ACCOUNT + "/balances", balance_changes.create, "balances.create")
    yield Route("GET", _ACCOUNT + "/balances/history", balances.account_history, "balances.account-history")
    yield Route("GET", _L + "/accounts/alias/{alias}/balances", balances.by_alias, "balances.by-alias")
    yield Route("GET", _L + "/accounts/external/{code}/balances", balances.by_code, "balances.by-code")


def routes(dialect: Dialect) -> Iterator[Route]:
    """Every route of a version."""
    yield Route("GET", "/health", health.health, "service.health")
    yield Route("GET", "/version", health.version, "service.version")
    yield Route("GET", "/readyz", health.readiness, "service.readiness")
    yield from _onboarding()
    yield from _money()
    for name in dialect.count_lists:
        yield Route("GET", f"{_O}/{name}", health.empty_list, f"{name}.list")
    if dialect.head_follows_get:
        yield Route("GET", "/swagger", health.swagger_redirect, "service.swagger")
        yield Route("GET", "/swagger/index.html", health.swagger, "service.swagger")
        yield Route("GET", "/swagger/doc.json", health.swagger, "service.swagger")
