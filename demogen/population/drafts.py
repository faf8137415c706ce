"""How each kind of entity follows from its index: fields from the templates, references by arithmetic. Pure.

May import: this room's pure files.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from demogen.population.closing import CLOSED
from demogen.population.kinds import Kind
from demogen.population.planned import Reference

if TYPE_CHECKING:
    from demogen.population.plan import PopulationPlan

Draft = tuple[dict[str, Any], tuple[Reference, ...], int]


def _organization(plan: PopulationPlan, index: int, mark: str) -> Draft:
    parent = plan.firms.parent_of(index)
    references: tuple[Reference, ...] = ()
    if parent is not None:
        references = (("parentOrganizationId", Kind.ORGANIZATION, parent),)
    return plan.firms.organization(index, mark), references, -1


def _ledger(plan: PopulationPlan, index: int, mark: str) -> Draft:
    return plan.firms.ledger(index, mark), (), index


def _asset(plan: PopulationPlan, index: int, mark: str) -> Draft:
    ledger, slot = divmod(index, plan.spec.assets_per_ledger)
    return plan.firms.asset(ledger, slot, mark), (), ledger


def _account_type(plan: PopulationPlan, index: int, mark: str) -> Draft:
    ledger, nth = divmod(index, len(plan.books.type_keys))
    return plan.books.account_type(nth, mark), (), ledger


def _operation_route(plan: PopulationPlan, index: int, mark: str) -> Draft:
    ledger, nth = divmod(index, len(plan.books.operation_keys))
    return plan.books.operation_route(nth, mark), (), ledger


def _transaction_route(plan: PopulationPlan, index: int, mark: str) -> Draft:
    ledger, nth = divmod(index, len(plan.books.transaction_keys))
    first = ledger * len(plan.books.operation_keys)
    parts = plan.books.route_parts(nth)
    references = tuple(("operationRoutes", Kind.OPERATION_ROUTE, first + part) for part in parts)
    return plan.books.transaction_route(nth, mark), references, ledger


def _portfolio(plan: PopulationPlan, index: int, mark: str) -> Draft:
    ledger, nth = divmod(index, plan.spec.portfolios_per_ledger)
    return plan.books.portfolio(ledger, nth, mark), (), ledger


def _segment(plan: PopulationPlan, index: int, mark: str) -> Draft:
    ledger, nth = divmod(index, plan.spec.segments_per_ledger)
    return plan.books.segment(nth, mark), (), ledger


def _account(plan: PopulationPlan, index: int, mark: str) -> Draft:
    spec, books = plan.spec, plan.books
    ledger, position = divmod(index, spec.accounts_per_ledger)
    fields, draw = books.account(index, mark)
    references: list[Reference] = []
    portfolio = books.portfolio_for(fields["metadata"]["role"], draw)
    if portfolio is not None:
        references.append(("portfolioId", Kind.PORTFOLIO, ledger * spec.portfolios_per_ledger + portfolio))
    if spec.segments_per_ledger:
        segment = ledger * spec.segments_per_ledger + draw.below(spec.segments_per_ledger)
        references.append(("segmentId", Kind.SEGMENT, segment))
    parent = plan.layout.parent_of(position) if spec.parent_accounts else None
    if parent is not None:
        references.append(("parentAccountId", Kind.ACCOUNT, ledger * spec.accounts_per_ledger + parent))
    closing = plan.history.closing_of(index)
    if closing is not None:
        # A status stops no transaction (contract 1.8), so it can be said at once: what comes before it still books.
        fields["status"] = {"code": CLOSED.upper()}
        fields["metadata"] |= {"role": CLOSED, "closed_on": closing.date[:10]}
    return fields, tuple(references), ledger


def _settings(plan: PopulationPlan, index: int, _mark: str) -> Draft:
    return {"accounting": plan.settings_of(index)}, (), index


def _balance(plan: PopulationPlan, index: int, _mark: str) -> Draft:
    ledger, position = divmod(index, plan.spec.accounts_per_ledger)
    return {"key": plan.layout.reserve_of(position)}, (("account", Kind.ACCOUNT, index),), ledger


def _overdraft(plan: PopulationPlan, index: int, _mark: str) -> Draft:
    asset = plan.books.asset_of(index)[1]
    limit = {"units": plan.books.overdraft_units(index), "scale": asset.scale}
    return limit, (("account", Kind.ACCOUNT, index),), index // plan.spec.accounts_per_ledger


def _rate(plan: PopulationPlan, index: int, mark: str) -> Draft:
    ledger, nth = divmod(index, plan.spec.assets_per_ledger - 1)
    return plan.books.rate(ledger, nth, mark), (), ledger


DRAFTS: dict[Kind, Callable[[PopulationPlan, int, str], Draft]] = {
    Kind.ORGANIZATION: _organization,
    Kind.LEDGER: _ledger,
    Kind.ASSET: _asset,
    Kind.ACCOUNT_TYPE: _account_type,
    Kind.OPERATION_ROUTE: _operation_route,
    Kind.TRANSACTION_ROUTE: _transaction_route,
    Kind.PORTFOLIO: _portfolio,
    Kind.SEGMENT: _segment,
    Kind.ACCOUNT: _account,
    Kind.SETTINGS: _settings,
    Kind.BALANCE: _balance,
    Kind.OVERDRAFT: _overdraft,
    Kind.ASSET_RATE: _rate,
}
