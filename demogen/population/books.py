"""Bodies of what stands in a ledger: account types, routes, portfolios, segments, accounts, rates; and deposits.

Pure: (plan, index) in, fields out. Fields that need an id of something else are left to `plan`. May import: catalog,
draws, firms, layout, names, tax, spec.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

from demogen.population import tax
from demogen.population.catalog import Asset, Catalog, Group
from demogen.population.draws import Draw
from demogen.population.firms import Firms
from demogen.population.kinds import Kind
from demogen.population.layout import Layout
from demogen.population.names import slug
from demogen.population.spec import PopulationSpec

CENTS = 100


class LedgerBooks:
    """The contents of any ledger of one spec and seed."""

    def __init__(self, spec: PopulationSpec, catalog: Catalog, seed: int, *, firms: Firms, layout: Layout) -> None:
        self._spec = spec
        self._catalog = catalog
        self._seed = seed
        self._firms = firms
        self._layout = layout
        self.type_keys = tuple(key for key in catalog.account_types if not spec.account_types or key in self._asked())
        self.operation_keys = tuple(catalog.operation_routes)
        self.transaction_keys = tuple(catalog.transaction_routes)
        self.opening_units = lru_cache(maxsize=4096)(self._opening_units)

    def _asked(self) -> set[str]:
        kinds = {self._catalog.roles[self._layout.place(n).role].kind for n in range(min(200, self._layout.accounts))}
        return kinds | set(self._spec.account_types)

    def account_type(self, nth: int, mark: str) -> dict[str, Any]:
        key = self.type_keys[nth]
        kind = self._catalog.account_types[key]
        metadata: dict[str, Any] = {"demogen_key": mark, "class": kind.accounting_class}
        if kind.interest_bp:
            metadata["interest_bp"] = kind.interest_bp
        if kind.credit_limit_usd:
            metadata["credit_limit_usd"] = kind.credit_limit_usd
        return {"name": kind.name, "description": kind.description, "keyValue": key, "metadata": metadata}

    def operation_route(self, nth: int, mark: str) -> dict[str, Any]:
        route = self._catalog.operation_routes[self.operation_keys[nth]]
        both = {
            "debit": {"code": route.debit, "description": f"{route.title}, debit"},
            "credit": {"code": route.credit, "description": f"{route.title}, credit"},
        }
        entries: dict[str, Any] = {"direct": both}
        if route.side == "bidirectional":
            entries |= {"hold": both, "commit": both, "cancel": both, "revert": both}
        fields: dict[str, Any] = {
            "title": route.title, "description": route.description, "code": route.code, "operationType": route.side,
            "accountingEntries": entries, "metadata": {"demogen_key": mark},
        }  # fmt: skip
        if route.accounts:
            fields["account"] = {"ruleType": "account_type", "validIf": list(route.accounts)}
        return fields

    def transaction_route(self, nth: int, mark: str) -> dict[str, Any]:
        route = self._catalog.transaction_routes[self.transaction_keys[nth]]
        return {"title": route.title, "description": route.description, "metadata": {"demogen_key": mark}}

    def route_parts(self, nth: int) -> tuple[int, ...]:
        """Which operation routes (positions) a transaction route joins."""
        route = self._catalog.transaction_routes[self.transaction_keys[nth]]
        return tuple(self.operation_keys.index(part) for part in route.operations)

    def portfolio(self, ledger: int, nth: int, mark: str) -> dict[str, Any]:
        group, name = _grouped(self._catalog.portfolios, nth)
        metadata: dict[str, Any] = {"demogen_key": mark, "family": group.family}
        if nth >= len(self._catalog.portfolios):
            metadata["parent_portfolio"] = group.names[0]
        fields: dict[str, Any] = {"name": name, "status": {"code": "ACTIVE"}, "metadata": metadata}
        if self._spec.external_ids:
            fields["entityId"] = f"PF-{ledger:05d}-{nth:03d}"
        return fields

    def segment(self, nth: int, mark: str) -> dict[str, Any]:
        group, name = _grouped(self._catalog.segments, nth)
        metadata = {"demogen_key": mark, "family": group.family}
        return {"name": name, "status": {"code": "ACTIVE"}, "metadata": metadata}

    def portfolio_for(self, role: str, draw: Draw) -> int | None:
        """The position of a portfolio of the role's family; where there are few portfolios, any."""
        count = self._spec.portfolios_per_ledger
        if not count:
            return None
        families = [group.family for group in self._catalog.portfolios]
        wanted = self._catalog.roles[role].portfolio
        fitting = [nth for nth in range(min(count, 64)) if families[nth % len(families)] == wanted]
        return draw.pick(fitting) if fitting else draw.below(count)

    def account(self, index: int, mark: str) -> tuple[dict[str, Any], Draw]:
        """An account's fields without ids, and the draw to go on with."""
        ledger, position = divmod(index, self._spec.accounts_per_ledger)
        slot, _, role_name = self._layout.place(position)
        role = self._catalog.roles[role_name]
        code = self._firms.books(ledger).assets[slot][0]
        draw = Draw(self._seed, Kind.ACCOUNT, index)
        holder = self._holder(ledger, role.owner, draw)
        kind = self._catalog.account_types[role.kind]
        metadata: dict[str, Any] = {
            "demogen_key": mark, "role": role_name, "class": kind.accounting_class, "purpose": role.purpose,
            "risk": draw.pick(role.risk),
        }  # fmt: skip
        self._kyc(metadata, role.owner, ledger, index, draw)
        if kind.interest_bp:
            metadata["interest_bp"] = kind.interest_bp
        if kind.credit_limit_usd:
            metadata["credit_limit_usd"] = kind.credit_limit_usd
        status = "INACTIVE" if role.inactive_in and draw.below(role.inactive_in) == 0 else "ACTIVE"
        fields: dict[str, Any] = {
            "assetCode": code, "type": role.kind, "name": f"{holder} {kind.name}",
            "alias": alias(holder if role.owner != "house" else f"{role_name} {code}", index),
            "status": {"code": status}, "metadata": metadata,
        }  # fmt: skip
        if self._spec.external_ids:
            fields["entityId"] = f"AC-{index:08d}"
        return fields, draw

    def _holder(self, ledger: int, owner: str, draw: Draw) -> str:
        seat = self._firms.seat(ledger // self._spec.ledgers_per_organization)
        if owner == "house":
            return seat.trade_name
        pool = self._firms.pool(seat.country)
        return pool.person(draw) if owner == "person" else pool.shop(draw)

    def _kyc(self, metadata: dict[str, Any], owner: str, ledger: int, index: int, draw: Draw) -> None:
        if owner == "house":
            return
        country = self._firms.seat(ledger // self._spec.ledgers_per_organization).country
        metadata["customer_id"] = f"C{index:08d}"
        metadata["country"] = country
        if country == "BR":
            metadata["document"] = tax.cpf(draw) if owner == "person" else tax.cnpj(draw)
        elif owner == "firm":
            metadata["document"] = tax.ein(draw)

    def asset_of(self, index: int) -> tuple[str, Asset]:
        """Code and template of the asset an account is in."""
        ledger, position = divmod(index, self._spec.accounts_per_ledger)
        return self._firms.books(ledger).assets[self._layout.place(position).slot]

    def _opening_units(self, index: int) -> int:
        """The opening balance of an account in minor units of its asset: log-normal around its role's median."""
        role = self._catalog.roles[self._layout.place(index % self._spec.accounts_per_ledger).role]
        draw = Draw(self._seed, Kind.DEPOSIT, index)
        cents = draw.lognormal(role.opening_usd * CENTS, sigma_thousandths=role.spread) * self._spec.funding
        asset = self.asset_of(index)[1]
        return max(1, units_of_cents(cents, asset))

    def interest_units(self, index: int) -> int:
        """A month's interest on an account's opening balance, rounded down; a stand-in earns what savings do."""
        catalog = self._catalog
        role = catalog.roles[self._layout.place(index % self._spec.accounts_per_ledger).role]
        yearly_bp = catalog.account_types[role.kind].interest_bp or catalog.savings_bp
        return month_of_interest(self.opening_units(index), yearly_bp)

    def overdraft_units(self, index: int) -> int:
        """The overdraft limit of an account in minor units, 0 for none."""
        dollars = self._layout.overdraft_of(index % self._spec.accounts_per_ledger)
        return units_of_cents(dollars * CENTS, self.asset_of(index)[1]) if dollars else 0

    def rate(self, ledger: int, nth: int, mark: str) -> dict[str, Any]:
        """The rate from the ledger's asset `nth` + 1 to its main one, within one percent of what they are worth."""
        books, rates = self._firms.books(ledger), self._catalog.rates
        (base_code, base), (code, asset) = books.assets[0], books.assets[nth + 1]
        draw = Draw(self._seed, Kind.ASSET_RATE, ledger * len(books.assets) + nth)
        jitter = 10_000 + draw.between(-100, 100)
        exact = asset.usd / base.usd * jitter / 10_000 * Decimal(10) ** rates.scale
        return {
            "from": code, "to": base_code, "rate": max(1, int(exact)), "scale": rates.scale, "ttl": rates.ttl_s,
            "source": rates.source, "metadata": {"demogen_key": mark, "spread_bp": rates.spread_bp},
        }  # fmt: skip


def alias(holder: str, index: int) -> str:
    """`@` + letters, digits and dashes: the only aliases the DSL can spell (contract 9). Unique by its number."""
    return f"@{slug(holder)[:60]}-{index}"


def month_of_interest(units: int, yearly_bp: int) -> int:
    """A twelfth of a year's interest on a balance, in its minor units, rounded down; nothing on a debt."""
    return max(0, units) * yearly_bp // (12 * 10_000)


def units_of_cents(cents: int, asset: Asset) -> int:
    """Minor units of an asset worth so many US cents, rounded down."""
    numerator, denominator = _price(asset.usd)
    return int(cents * 10**asset.scale * denominator // (numerator * CENTS))


@cache
def _price(usd: Decimal) -> tuple[int, int]:
    return usd.as_integer_ratio()


def _grouped(groups: tuple[Group, ...], nth: int) -> tuple[Group, str]:
    round_of, family = divmod(nth, len(groups))
    group = groups[family]
    again, name = divmod(round_of, len(group.names))
    return group, f"{group.names[name]} {again + 1}" if again else group.names[name]
