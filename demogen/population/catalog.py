"""The templates of a population: read from TOML, overridden and extended by a user's own files, checked whole.

A user's folder may hold any of the shipped file names; tables merge by key, lists replace. `Catalog.load` says every
problem at once. Decides nothing about sizes or order. May import: errors, contract, population.spec.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from demogen.contract.entities import ISO_4217, AssetCode, AssetType
from demogen.contract.money import SCALE_MAX
from demogen.errors import InvalidSettings, UsageError
from demogen.population.flows import FLOWS
from demogen.population.spec import PopulationSpec, problems_of, read_mapping

FILES = ("assets", "roles", "account_types", "ledgers", "groups", "routes", "rates", "industries", "places")
MAIN_ASSET_ACCOUNTS_MIN = 3

Scale = Annotated[int, Field(ge=0, le=SCALE_MAX)]
Positive = Annotated[Decimal, Field(gt=0)]


class Template(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Asset(Template):
    """Something that can be held; `usd` is what one whole unit is worth."""

    name: str
    type: AssetType
    family: str
    scale: Scale
    symbol: str
    usd: Positive


class Token(Template):
    """What a ledger issues where the list of assets is exhausted."""

    name: str
    type: AssetType
    family: str
    scales: Annotated[tuple[Scale, ...], Field(min_length=1)]
    usd: Positive


class Role(Template):
    """Why an account exists."""

    kind: str
    portfolio: str
    owner: Literal["person", "firm", "house"]
    folds_into: str = ""
    opening_usd: Annotated[int, Field(gt=0)]
    spread: Annotated[int, Field(ge=0, le=5_000)]
    risk: Annotated[tuple[str, ...], Field(min_length=1)]
    purpose: str
    share_in_cycle: Annotated[int, Field(ge=0, le=1_000)] = 0
    inactive_in: Annotated[int, Field(ge=0)] = 0


class RoleOrder(Template):
    main: Annotated[tuple[str, ...], Field(min_length=MAIN_ASSET_ACCOUNTS_MIN)]
    other: Annotated[tuple[str, ...], Field(min_length=1)]


class AccountType(Template):
    """An account type of the server and the accounting class it belongs to."""

    name: str
    accounting_class: Literal["asset", "liability", "equity", "revenue", "expense"] = Field(alias="class")
    description: str
    interest_bp: Annotated[int, Field(ge=0)] = 0
    credit_limit_usd: Annotated[int, Field(ge=0)] = 0
    overdraft_usd: Annotated[int, Field(ge=0)] = 0
    overdraft_in: Annotated[int, Field(ge=0)] = 0


class LedgerTemplate(Template):
    name: str
    purpose: str
    currency_scope: Literal["multi", "single"]
    serves: str = ""


class Group(Template):
    """A family of portfolios or segments."""

    family: str
    names: Annotated[tuple[str, ...], Field(min_length=1)]


class OperationRoute(Template):
    title: str
    description: str
    code: str
    side: Literal["source", "destination", "bidirectional"]
    debit: str
    credit: str
    accounts: tuple[str, ...] = ()


class TransactionRoute(Template):
    title: str
    description: str
    operations: Annotated[tuple[str, ...], Field(min_length=1)]


class Rates(Template):
    base: AssetCode
    scale: Annotated[int, Field(ge=0, le=15)]
    ttl_s: Annotated[int, Field(gt=0)]
    spread_bp: Annotated[int, Field(ge=0, le=10_000)]
    source: str


class Standing(Template):
    """How an organization stands: a status and how common it is."""

    code: str
    description: str | None = None
    weight: Annotated[int, Field(gt=0)]


class Line(Template):
    """A line of business within an industry."""

    industry: str
    line: str
    names: Annotated[tuple[str, ...], Field(min_length=1)]
    words: Annotated[tuple[str, ...], Field(min_length=1)]
    names_br: tuple[str, ...] = ()
    words_br: tuple[str, ...] = ()
    suffixes: dict[str, tuple[str, ...]] = {}
    founded: tuple[int, int] = (1921, 2021)
    metadata: dict[str, bool | int | str] = {}


class Place(Template):
    city: str
    state: str
    zips: Annotated[tuple[str, ...], Field(min_length=1)]
    at: tuple[int, int]
    weight: Annotated[int, Field(gt=0)]


class Catalog(Template):
    """Every template, checked against each other."""

    assets: Annotated[dict[AssetCode, Asset], Field(min_length=1)]
    token: Token
    roles: dict[str, Role]
    order: RoleOrder
    account_types: dict[str, AccountType]
    ledgers: Annotated[tuple[LedgerTemplate, ...], Field(min_length=1)]
    regions: dict[str, str]
    home: dict[str, tuple[str, ...]]
    portfolios: Annotated[tuple[Group, ...], Field(min_length=1)]
    segments: Annotated[tuple[Group, ...], Field(min_length=1)]
    operation_routes: dict[str, OperationRoute]
    transaction_routes: dict[str, TransactionRoute]
    rates: Rates
    sizes: dict[str, tuple[int, int]]
    statuses: Annotated[tuple[Standing, ...], Field(min_length=1)]
    suffixes: dict[str, tuple[str, ...]]
    lines: Annotated[dict[str, Line], Field(min_length=1)]
    us: Annotated[tuple[Place, ...], Field(min_length=1)]
    br: Annotated[tuple[Place, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        missing = [*self._dangling()]
        if missing:
            raise ValueError("; ".join(missing))
        return self

    def _dangling(self) -> list[str]:
        wrong = [f"asset {code}: no ISO 4217 currency" for code in self._unknown_currencies()]
        first: dict[str, str] = {}
        for code, asset in self.assets.items():
            if (other := first.setdefault(asset.name, code)) != code:
                wrong.append(f"asset {code}: {other} has the name {asset.name!r} already")
        for name, role in self.roles.items():
            if role.kind not in self.account_types:
                wrong.append(f"role {name}: no account type {role.kind}")
            if role.folds_into and role.folds_into not in self.roles:
                wrong.append(f"role {name}: folds into {role.folds_into}, which is no role")
        ordered = (*self.order.main, *self.order.other)
        wrong += [f"order: no role {name}" for name in ordered if name not in self.roles]
        for region, code in self.regions.items():
            if code not in self.assets:
                wrong.append(f"region {region}: no asset {code}")
        for name, route in self.transaction_routes.items():
            wrong += [f"transaction route {name}: no operation route {part}" for part in route.operations
                      if part not in self.operation_routes]  # fmt: skip
        if not any(role.share_in_cycle for role in self.roles.values()):
            wrong.append("roles: none has a share_in_cycle")
        if self.rates.base not in self.assets:
            wrong.append(f"rates: no asset {self.rates.base}")
        return wrong

    def _unknown_currencies(self) -> list[str]:
        return [code for code, asset in self.assets.items() if asset.type == "currency" and code not in ISO_4217]

    @classmethod
    def load(cls, folder: Path | None = None) -> Self:
        """The shipped templates, overridden and extended by the files of `folder`. Raises InvalidSettings."""
        if folder is None:
            return cls.model_validate(_shipped())
        if not folder.is_dir():
            raise UsageError(f"there is no template folder {folder}", hint="name a folder of TOML files")
        merged: dict[str, Any] = _shipped()
        problems: list[tuple[str, str]] = []
        for path in sorted(folder.glob("*.toml")):
            if path.stem not in FILES:
                problems.append((str(path), f"unknown template file; use {', '.join(FILES)}"))
                continue
            try:
                merged = _merge(merged, read_mapping(path))
            except UsageError as error:
                problems.append((str(path), error.message))
        # What is wrong by itself first; then, without that, what does not go together.
        for _ in range(2):
            try:
                catalog = cls.model_validate(merged)
            except ValidationError as error:
                problems += problems_of(error, where=str(folder))
                for one in error.errors():
                    _put_back(merged, one["loc"])
            else:
                if not problems:
                    return catalog
        raise InvalidSettings(problems)

    def problems_of(self, spec: PopulationSpec) -> list[tuple[str, str]]:
        """Names in `spec` that these templates do not have, each with what they do have."""
        industries = sorted({line.industry for line in self.lines.values()} | set(self.lines))
        families = sorted({word for asset in self.assets.values() for word in (asset.family, asset.type)})
        problems = []
        for field, asked, known in (
            ("assets", spec.assets, sorted(self.assets)),
            ("asset_families", spec.asset_families, families),
            ("industries", spec.industries, industries),
            ("account_types", spec.account_types, sorted(self.account_types)),
            ("patterns", spec.patterns, sorted(FLOWS)),
        ):
            problems += [
                (f"population.{field}", f"unknown {name!r}; use {', '.join(known)}")
                for name in asked
                if name not in known
            ]
        return problems

    @cached_property
    def digest(self) -> bytes:
        """Changes whenever any template does."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).digest()

    @property
    def savings_bp(self) -> int:
        """What savings earn a year, in basis points."""
        return self.account_types[self.roles["savings"].kind].interest_bp

    def fold(self, role: str) -> tuple[str, ...]:
        """The role itself and those that do its work in turn where it has no account."""
        chain = [role]
        while (following := self.roles[chain[-1]].folds_into) and following not in chain:
            chain.append(following)
        return tuple(chain)


@cache
def shipped() -> Catalog:
    """The templates that come with the package."""
    return Catalog.load()


def _shipped() -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for name in FILES:
        text = resources.files("demogen.population").joinpath("data", f"{name}.toml").read_text(encoding="utf-8")
        merged = _merge(merged, tomllib.loads(text))
    return merged


def _put_back(merged: dict[str, Any], location: Sequence[int | str]) -> None:
    """Take what is wrong out again: an entry of a table, or the whole table, is as it was shipped."""
    if not location or location[0] not in merged:
        return
    name, was = str(location[0]), _shipped()
    table = merged[name]
    if isinstance(table, dict) and len(location) > 1 and location[1] in table:
        del table[location[1]]
        if location[1] in was[name]:
            table[location[1]] = was[name][location[1]]
    elif name in was:
        merged[name] = was[name]
    else:
        del merged[name]


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _merge(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged
