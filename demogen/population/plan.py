"""What will exist, before anything does: a spec and a seed, walked kind by kind in the order of dependency.

Pure and streaming: an entity follows from its index alone, so memory is constant, any part can be walked by itself, and
the same spec, seed and templates give the same bytes anywhere. Sends nothing. May import: this room's pure files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cached_property

import msgspec

from demogen.contract.wire import MARK
from demogen.errors import InvalidSettings, UsageError
from demogen.population.blueprint import RoutePlan
from demogen.population.books import LedgerBooks
from demogen.population.catalog import Catalog, shipped
from demogen.population.drafts import DRAFTS
from demogen.population.firms import GROUP_SIZE, Firms
from demogen.population.history import History
from demogen.population.kinds import COUNTED, Kind
from demogen.population.layout import Layout
from demogen.population.planned import Planned, Stage
from demogen.population.spec import PopulationSpec

FORMAT = 1


class PopulationPlan:
    """Everything a population is going to hold. Build it with `plan`."""

    def __init__(self, spec: PopulationSpec, seed: int, catalog: Catalog) -> None:
        self.spec = spec
        self.seed = seed
        self.catalog = catalog
        self.layout = Layout(spec, catalog)
        self.firms = Firms(spec, catalog, seed)
        self.books = LedgerBooks(spec, catalog, seed, firms=self.firms, layout=self.layout)
        self._ledgers = spec.ledgers
        self._transactions = spec.transactions_total
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

    @cached_property
    def history(self) -> History:
        """The transactions of this plan."""
        return History(self)

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
        fields, references, ledger = DRAFTS[kind](self, index, self.mark(kind, index))
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
            per = self._counts[kind] // spec.ledgers
            yield from range(first * per, last * per)

    def _wave(self, kind: Kind, index: int) -> int:
        if kind is Kind.ORGANIZATION:
            return int(self.firms.parent_of(index) is not None)
        if kind is Kind.ACCOUNT and self.spec.parent_accounts:
            return int(self.layout.parent_of(index % self.spec.accounts_per_ledger) is not None)
        return 0

    def first_transaction(self, ledger: int) -> int:
        """The index of the first transaction of a ledger; a total that does not divide is spread evenly."""
        return ledger * self._transactions // self._ledgers

    @property
    def keyed(self) -> bool:
        return self.spec.idempotency

    @property
    def opening_date(self) -> str:
        """Midnight of the first day of the history; "" where there is none."""
        spec = self.spec
        if not spec.history_days or spec.history_end is None:
            return ""
        return f"{spec.history_end - timedelta(days=spec.history_days)}T00:00:00Z"

    def about(self) -> dict[str, str]:
        """What a manifest remembers of it."""
        spec = self.spec
        dated = spec.history_end.isoformat() if spec.history_end and spec.history_days else ""
        return {
            "seed": str(self.seed), "preset": spec.preset, "spec": spec.canonical().decode(),
            "history_end": dated, "history_days": str(spec.history_days),
        }  # fmt: skip

    def place_of(self, kind: Kind, index: int) -> tuple[int, int]:
        """The (organization, ledger) a deposit or transaction is booked in."""
        if kind is Kind.DEPOSIT:
            ledger = index // self.spec.accounts_per_ledger
        else:
            ledger = self.ledger_of_transaction(index)
        return ledger // self.spec.ledgers_per_organization, ledger

    def per_ledger(self, kind: Kind) -> int:
        """How many of a kind a ledger holds; of ledgers, how many an organization."""
        if kind is Kind.LEDGER:
            return self.spec.ledgers_per_organization
        return self._counts[kind] // self.spec.ledgers

    def opening_units(self, index: int) -> int:
        """The opening balance of an account, in minor units of its asset."""
        return self.books.opening_units(index)

    def scale_of(self, index: int) -> int:
        """How many decimal digits the asset of an account has."""
        return self.books.asset_of(index)[1].scale

    def routes_for(self, ledger: int, flow: str) -> RoutePlan | None:
        """The routes a booking must name; None where the ledger does not insist on them."""
        if not self.settings_of(ledger).get("validateRoutes"):
            return None
        keys, operations = self.books.transaction_keys, len(self.books.operation_keys)
        nth = keys.index(flow if flow in keys else "transfer")
        sides = self.books.route_parts(nth)
        return RoutePlan(ledger * len(keys) + nth, ledger * operations + sides[0], ledger * operations + sides[-1])

    def ledger_of_transaction(self, index: int) -> int:
        """The ledger that a transaction is booked in."""
        ledger = index * self._ledgers // max(1, self._transactions)
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


assert MARK == "demogen_key", "bodies spell the mark's name themselves"


def plan_again(about: Mapping[str, str], *, catalog: Catalog | None = None) -> PopulationPlan:
    """The plan a manifest was made from. Raises UsageError where templates or Faker have changed since."""
    spec = PopulationSpec.model_validate_json(about["spec"])
    again = plan(spec, int(about["seed"]), catalog=catalog)
    if again.digest != about["digest"]:
        raise UsageError(
            "the templates, or Faker, are not those this population was made with",
            hint="name the same --templates, or install the same version of demogen",
        )
    return again


def _switched(switch: str, ledger: int) -> bool:
    return switch == "on" or (switch == "some" and ledger % 3 == 2)
