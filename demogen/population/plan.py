"""What will exist, before anything does: a spec and a seed, walked kind by kind in the order of dependency.

Pure and streaming: an entity follows from its index alone, so memory is constant, any part can be walked by itself, and
the same spec, seed and templates give the same bytes anywhere. Sends nothing. May import: this room's pure files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

import msgspec

from demogen.contract.wire import MARK
from demogen.errors import InvalidSettings, UsageError
from demogen.population.books import LedgerBooks
from demogen.population.catalog import Catalog, shipped
from demogen.population.firms import GROUP_SIZE, Firms
from demogen.population.kinds import COUNTED, Kind
from demogen.population.layout import Layout
from demogen.population.spec import PopulationSpec

FORMAT = 1

#: A reference to another planned entity: the field that takes its id, and the entity's kind and index.
Reference = tuple[str, Kind, int]


class Stage(NamedTuple):
    """A kind, or a wave of it: organizations and accounts that have a parent come after those that have none."""

    kind: Kind
    wave: int = 0


class Planned(msgspec.Struct, frozen=True):
    """One entity to be. `ledger` is -1 for organizations; `references` name what its body still needs the id of."""

    kind: Kind
    index: int
    mark: str
    organization: int
    ledger: int
    fields: dict[str, Any]
    references: tuple[Reference, ...] = ()

    def line(self) -> bytes:
        """One JSON line, the same bytes for the same entity."""
        references = [(field, kind.label, index) for field, kind, index in self.references]
        return msgspec.json.encode(
            {"kind": self.kind.label, "index": self.index, "fields": self.fields, "references": references}
        )


class PopulationPlan:
    """Everything a population is going to hold. Build it with `plan`."""

    def __init__(self, spec: PopulationSpec, seed: int, catalog: Catalog) -> None:
        self.spec = spec
        self.seed = seed
        self.catalog = catalog
        self.layout = Layout(spec, catalog)
        self.firms = Firms(spec, catalog, seed)
        self.books = LedgerBooks(spec, catalog, seed, firms=self.firms, layout=self.layout)
        self.digest = self._digest()
        self.id = f"p{self.digest[:10]}"

    def _digest(self) -> str:
        """Identifies the plan: all that its entities follow from."""
        text = hashlib.sha256(f"{FORMAT}|{self.seed}|".encode())
        text.update(self.spec.canonical())
        text.update(self.catalog.digest)
        for country in ("US", "BR"):
            text.update(self.firms.pool(country).digest)
        return text.hexdigest()

    def mark(self, kind: Kind, index: int) -> str:
        """The mark an entity carries in its metadata; letters, digits and dashes (contract 9)."""
        return f"{self.id}-{kind.letter}{index}"

    def counts(self) -> dict[Kind, int]:
        """How many of each kind, in order."""
        return dict(self._counts)

    @cached_property
    def _counts(self) -> dict[Kind, int]:
        spec, ledgers, layout = self.spec, self.spec.ledgers, self.layout
        routed = spec.routes
        return {
            Kind.ORGANIZATION: spec.organizations,
            Kind.LEDGER: ledgers,
            Kind.ASSET: ledgers * spec.assets_per_ledger,
            Kind.ACCOUNT_TYPE: ledgers * len(self.books.type_keys) if routed else 0,
            Kind.OPERATION_ROUTE: ledgers * len(self.books.operation_keys) if routed else 0,
            Kind.TRANSACTION_ROUTE: ledgers * len(self.books.transaction_keys) if routed else 0,
            Kind.PORTFOLIO: ledgers * spec.portfolios_per_ledger,
            Kind.SEGMENT: ledgers * spec.segments_per_ledger,
            Kind.ACCOUNT: ledgers * spec.accounts_per_ledger,
            Kind.SETTINGS: sum(1 for ledger in range(ledgers) if self.settings_of(ledger)),
            Kind.BALANCE: ledgers * layout.reserves if spec.extra_balances else 0,
            Kind.OVERDRAFT: ledgers * layout.overdrafts if spec.overdraft else 0,
            Kind.ASSET_RATE: ledgers * (spec.assets_per_ledger - 1) if spec.asset_rates else 0,
            Kind.DEPOSIT: ledgers * spec.accounts_per_ledger,
            Kind.TRANSACTION: spec.transactions_total,
        }

    def entities(self) -> int:
        """The size a preset means (P1)."""
        counts = self.counts()
        return sum(counts[kind] for kind in COUNTED)

    def stages(self) -> Iterator[Stage]:
        """Kinds in order, in two waves where some need another of their own kind first. Empty ones are left out."""
        for kind, count in self._counts.items():
            if not count:
                continue
            yield Stage(kind)
            if kind is Kind.ORGANIZATION and self.spec.organizations > 2:
                yield Stage(kind, 1)
            if kind is Kind.ACCOUNT and self.spec.parent_accounts and self.layout.children:
                yield Stage(kind, 1)

    def stage_size(self, stage: Stage) -> int:
        """How many entities `indexes(stage)` yields."""
        kind, wave = stage
        total = self._counts[kind]
        if kind is Kind.ORGANIZATION:
            children = sum(self.firms.parent_of(index) is not None for index in range(total))
        elif kind is Kind.ACCOUNT and self.spec.parent_accounts:
            children = self.spec.ledgers * self.layout.children
        else:
            return total
        return children if wave else total - children

    def indexes(self, stage: Stage, *, part: tuple[int, int] = (1, 1)) -> Iterator[int]:
        """The indexes of a stage that belong to part k of n; a ledger is never shared between parts."""
        kind, wave = stage
        for organization in self._organizations(*part):
            for index in self._span(kind, organization):
                if self._wave(kind, index) == wave:
                    yield index

    def _organizations(self, mine: int, parts: int) -> Iterator[int | None]:
        """The organizations of a part, or None for all; whole groups where there are enough of them."""
        groups = -(-self.spec.organizations // GROUP_SIZE)
        size = GROUP_SIZE if groups >= parts else 1
        if parts == 1:
            yield None
            return
        for first in range((mine - 1) * size, self.spec.organizations, parts * size):
            yield from range(first, min(first + size, self.spec.organizations))

    def walk(self, stage: Stage, *, part: tuple[int, int] = (1, 1)) -> Iterator[Planned]:
        """The entities of a stage (anything but deposits and transactions), one at a time."""
        for index in self.indexes(stage, part=part):
            yield self.entity(stage.kind, index)

    def entity(self, kind: Kind, index: int) -> Planned:
        """One entity, from its index alone."""
        fields, references, ledger = _ENTITY[kind](self, index, self.mark(kind, index))
        organization = index if kind is Kind.ORGANIZATION else ledger // self.spec.ledgers_per_organization
        return Planned(kind, index, self.mark(kind, index), organization, ledger, fields, references)

    def settings_of(self, ledger: int) -> dict[str, bool]:
        """What a ledger insists on; empty where it is left as the server makes it."""
        types = _switched(self.spec.type_validation, ledger)
        routes = _switched(self.spec.route_validation, ledger)
        if not self.spec.routes or not (types or routes):
            return {}
        return {"validateAccountType": types, "validateRoutes": routes}

    def _span(self, kind: Kind, organization: int | None) -> Iterator[int]:
        """The indexes of a kind in one organization, or in all of them."""
        spec = self.spec
        if kind is Kind.ORGANIZATION:
            yield from range(spec.organizations) if organization is None else (organization,)
            return
        first, last = (0, spec.ledgers)
        if organization is not None:
            first = organization * spec.ledgers_per_organization
            last = first + spec.ledgers_per_organization
        if kind is Kind.TRANSACTION:
            yield from range(self.first_transaction(first), self.first_transaction(last))
        elif kind is Kind.SETTINGS:
            yield from (ledger for ledger in range(first, last) if self.settings_of(ledger))
        elif kind in (Kind.BALANCE, Kind.OVERDRAFT):
            chosen = self.layout.reserve_of if kind is Kind.BALANCE else self.layout.overdraft_of
            per = spec.accounts_per_ledger
            yield from (ledger * per + n for ledger in range(first, last) for n in range(per) if chosen(n))
        else:
            per = self._per_ledger(kind)
            yield from range(first * per, last * per)

    def _per_ledger(self, kind: Kind) -> int:
        return self._counts[kind] // self.spec.ledgers

    def _wave(self, kind: Kind, index: int) -> int:
        if kind is Kind.ORGANIZATION:
            return int(self.firms.parent_of(index) is not None)
        if kind is Kind.ACCOUNT and self.spec.parent_accounts:
            return int(self.layout.parent_of(index % self.spec.accounts_per_ledger) is not None)
        return 0

    def first_transaction(self, ledger: int) -> int:
        """The index of the first transaction of a ledger; a total that does not divide is spread evenly."""
        return ledger * self.spec.transactions_total // self.spec.ledgers

    def ledger_of_transaction(self, index: int) -> int:
        """The ledger that a transaction is booked in."""
        ledger = index * self.spec.ledgers // max(1, self.spec.transactions_total)
        while self.first_transaction(ledger) > index:
            ledger -= 1
        while self.first_transaction(ledger + 1) <= index:
            ledger += 1
        return ledger

    def lines(self) -> Iterator[bytes]:
        """The whole plan but its transactions, a line an entity: what two machines compare."""
        yield msgspec.json.encode({"plan": self.id, "digest": self.digest, "seed": self.seed})
        for stage in self.stages():
            if stage.kind is Kind.DEPOSIT:
                for index in self.indexes(stage):
                    yield msgspec.json.encode({"deposit": index, "units": self.books.opening_units(index)})
            elif stage.kind is not Kind.TRANSACTION:
                yield from (planned.line() for planned in self.walk(stage))


def plan(spec: PopulationSpec, seed: int = 7, *, catalog: Catalog | None = None) -> PopulationPlan:
    """The plan of a spec under a seed. Raises InvalidSettings where the spec names what the templates lack."""
    templates = catalog or shipped()
    if not -(2**63) <= seed < 2**63:
        raise UsageError(f"seed {seed} is out of range", hint="use a whole number between -2^63 and 2^63 - 1")
    problems = templates.problems_of(spec)
    if problems:
        raise InvalidSettings(problems)
    return PopulationPlan(spec, seed, templates)


_Parts = tuple[dict[str, Any], tuple[Reference, ...], int]


def _organization(plan: PopulationPlan, index: int, mark: str) -> _Parts:
    parent = plan.firms.parent_of(index)
    references: tuple[Reference, ...] = ()
    if parent is not None:
        references = (("parentOrganizationId", Kind.ORGANIZATION, parent),)
    return plan.firms.organization(index, mark), references, -1


def _ledger(plan: PopulationPlan, index: int, mark: str) -> _Parts:
    return plan.firms.ledger(index, mark), (), index


def _asset(plan: PopulationPlan, index: int, mark: str) -> _Parts:
    ledger, slot = divmod(index, plan.spec.assets_per_ledger)
    return plan.firms.asset(ledger, slot, mark), (), ledger


def _account_type(plan: PopulationPlan, index: int, mark: str) -> _Parts:
    ledger, nth = divmod(index, len(plan.books.type_keys))
    return plan.books.account_type(nth, mark), (), ledger


def _operation_route(plan: PopulationPlan, index: int, mark: str) -> _Parts:
    ledger, nth = divmod(index, len(plan.books.operation_keys))
    return plan.books.operation_route(nth, mark), (), ledger


def _transaction_route(plan: PopulationPlan, index: int, mark: str) -> _Parts:
    ledger, nth = divmod(index, len(plan.books.transaction_keys))
    first = ledger * len(plan.books.operation_keys)
    parts = plan.books.route_parts(nth)
    references = tuple(("operationRoutes", Kind.OPERATION_ROUTE, first + part) for part in parts)
    return plan.books.transaction_route(nth, mark), references, ledger


def _portfolio(plan: PopulationPlan, index: int, mark: str) -> _Parts:
    ledger, nth = divmod(index, plan.spec.portfolios_per_ledger)
    return plan.books.portfolio(ledger, nth, mark), (), ledger


def _segment(plan: PopulationPlan, index: int, mark: str) -> _Parts:
    ledger, nth = divmod(index, plan.spec.segments_per_ledger)
    return plan.books.segment(nth, mark), (), ledger


def _account(plan: PopulationPlan, index: int, mark: str) -> _Parts:
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
    return fields, tuple(references), ledger


def _settings(plan: PopulationPlan, index: int, _mark: str) -> _Parts:
    return {"accounting": plan.settings_of(index)}, (), index


def _balance(plan: PopulationPlan, index: int, _mark: str) -> _Parts:
    ledger, position = divmod(index, plan.spec.accounts_per_ledger)
    return {"key": plan.layout.reserve_of(position)}, (("account", Kind.ACCOUNT, index),), ledger


def _overdraft(plan: PopulationPlan, index: int, _mark: str) -> _Parts:
    asset = plan.books.asset_of(index)[1]
    limit = {"units": plan.books.overdraft_units(index), "scale": asset.scale}
    return limit, (("account", Kind.ACCOUNT, index),), index // plan.spec.accounts_per_ledger


def _rate(plan: PopulationPlan, index: int, mark: str) -> _Parts:
    ledger, nth = divmod(index, plan.spec.assets_per_ledger - 1)
    return plan.books.rate(ledger, nth, mark), (), ledger


_ENTITY = {
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

assert MARK == "demogen_key", "bodies spell the mark's name themselves"


def _switched(switch: str, ledger: int) -> bool:
    return switch == "on" or (switch == "some" and ledger % 3 == 2)
