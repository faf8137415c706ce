"""How big a population is and what shape it has; says every problem of a wrong one at once.

A spec is a value: preset, then a file, then keywords, the later ones winning. Whether names in it exist is the
catalog's to say (`catalog.Catalog.problems_of`). May import: errors.
"""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from demogen.errors import InvalidSettings, UsageError

#: More than this in one population needs another design than one manifest; also a guard against a slip of the key.
ENTITIES_MAX = 100_000_000

CUSTOM = "custom"

Locale = Literal["us", "br", "mixed"]
Switch = Literal["off", "some", "on"]


class PopulationSpec(BaseModel):
    """Sizes and shape of a population. Ledgers are per organization, all that follows per ledger.

    `transactions` (a total) and `transactions_per_account` override `transactions_per_ledger`. Empty tuples mean:
    whatever the catalog has. `routes` registers account types and accounting routes; `route_validation` and
    `type_validation` make no, some or all ledgers insist on them. `funding` multiplies opening balances.
    `history_days` > 0 dates deposits and transactions back, ending the day before `history_end`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    preset: str = CUSTOM
    organizations: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    ledgers_per_organization: Annotated[int, Field(ge=1, le=10_000)] = 1
    assets_per_ledger: Annotated[int, Field(ge=1, le=500)] = 1
    accounts_per_ledger: Annotated[int, Field(ge=1, le=10_000_000)] = 3
    portfolios_per_ledger: Annotated[int, Field(ge=0, le=10_000)] = 1
    segments_per_ledger: Annotated[int, Field(ge=0, le=10_000)] = 1
    transactions_per_ledger: Annotated[int, Field(ge=0, le=100_000_000)] = 0
    transactions_per_account: Annotated[int, Field(ge=0, le=10_000_000)] | None = None
    transactions: Annotated[int, Field(ge=0, le=100_000_000)] | None = None
    locale: Locale = "mixed"
    industries: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()
    asset_families: tuple[str, ...] = ()
    account_types: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    routes: bool = True
    route_validation: Switch = "off"
    type_validation: Switch = "some"
    asset_rates: bool = True
    overdraft: bool = True
    extra_balances: bool = True
    parent_accounts: bool = True
    external_ids: bool = True
    idempotency: bool = True
    funding: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    history_days: Annotated[int, Field(ge=0, le=3_660)] = 0
    history_end: date | None = None
    name: str = Field(default="", pattern=r"^[a-z0-9-]{0,24}$", description="sets equal populations apart")

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        wrong = []
        if self.transactions is not None and self.transactions_per_account is not None:
            wrong.append("give transactions or transactions_per_account, not both")
        if self.history_days and self.history_end is None:
            wrong.append("history_days needs history_end, the day the history ends on (YYYY-MM-DD)")
        if self.entities > ENTITIES_MAX:
            wrong.append(f"{self.entities:,} entities are more than {ENTITIES_MAX:,}; make it smaller")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    @property
    def ledgers(self) -> int:
        return self.organizations * self.ledgers_per_organization

    @property
    def transactions_total(self) -> int:
        """Transactions of all ledgers together, opening deposits not counted."""
        if self.transactions is not None:
            return self.transactions
        if self.transactions_per_account is not None:
            return self.transactions_per_account * self.accounts_per_ledger * self.ledgers
        return self.transactions_per_ledger * self.ledgers

    @property
    def entities(self) -> int:
        """What a preset's size means (P1): deposits, @external accounts, account types and routes are not counted."""
        per_ledger = (
            self.assets_per_ledger + self.accounts_per_ledger + self.portfolios_per_ledger + self.segments_per_ledger
        )
        return self.organizations + self.ledgers * (1 + per_ledger) + self.transactions_total

    @classmethod
    def of_preset(cls, name: str, **overrides: object) -> Self:
        """A preset, with some of its values replaced; `custom` is one of everything.

        Raises UsageError naming the presets there are.
        """
        sizes = {**presets(), CUSTOM: {}}
        if name not in sizes:
            raise UsageError(f"there is no preset {name!r}", hint=f"use one of {', '.join(sizes)}")
        return cls.build({**sizes[name], "preset": name, **overrides}, where=f"preset {name}")

    @classmethod
    def of_file(cls, path: Path, **overrides: object) -> Self:
        """A spec from TOML, YAML or JSON; a `preset` in it is the base the file builds on."""
        written = read_mapping(path)
        written = dict(written.get("population", written))
        base = presets().get(str(written.get("preset", "")), {})
        return cls.build({**base, **written, **overrides}, where=str(path))

    @classmethod
    def build(cls, values: Mapping[str, object], *, where: str = "population") -> Self:
        """A spec of these values. Raises InvalidSpec with all that is wrong."""
        rest: dict[str, Any] = dict(values)
        problems: list[tuple[str, str]] = []
        # What is wrong by itself first, then what is wrong between those that are right.
        for _ in range(2):
            try:
                spec = cls.model_validate(rest)
            except ValidationError as error:
                problems += problems_of(error, where=where)
                for one in error.errors():
                    rest.pop(str(one["loc"][0]) if one["loc"] else "", None)
            else:
                if not problems:
                    return spec
        raise InvalidSpec(problems, rest=cls.model_construct(**{name: rest[name] for name in _NAMES & rest.keys()}))

    def canonical(self) -> bytes:
        """The same bytes for the same spec, whatever order it was written in."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":")).encode()


class InvalidSpec(InvalidSettings):
    """A spec that cannot be; `rest` is what is right of it, for those who look for more that is wrong."""

    def __init__(self, problems: Sequence[tuple[str, str]], *, rest: PopulationSpec) -> None:
        super().__init__(problems)
        self.rest = rest


@cache
def presets() -> dict[str, dict[str, int]]:
    """Sizes by preset name, in the order of the file."""
    text = resources.files("demogen.population").joinpath("data", "presets.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def read_mapping(path: Path) -> dict[str, Any]:
    """A TOML, YAML or JSON file as a mapping. Raises UsageError where it cannot be read as one."""
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".toml":
            return tomllib.loads(text)
        loaded = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", hint="name a readable file") from error
    except (ValueError, yaml.YAMLError) as error:
        raise UsageError(f"{path} is not valid: {error}", hint="write it as TOML, YAML or JSON") from error
    if not isinstance(loaded, dict):
        raise UsageError(f"{path} holds no mapping", hint="write one `name = value` a line")
    return loaded


#: What a spec may say.
_NAMES = frozenset(PopulationSpec.model_fields)


def problems_of(error: ValidationError, *, where: str) -> list[tuple[str, str]]:
    """(location, what is wrong) for each problem pydantic found."""
    problems = []
    for problem in error.errors():
        location = ".".join([where, *(str(part) for part in problem["loc"])])
        text = problem["msg"].removeprefix("Value error, ").replace("Input should", "should").replace("String", "it")
        if problem["type"] == "extra_forbidden":
            close = difflib.get_close_matches(str(problem["loc"][-1]), _NAMES, n=1)
            text = f"unknown name; did you mean {close[0]}?" if close else "unknown name"
        problems.append((location, f"{text} (got {problem['input']!r:.60})" if problem["loc"] else text))
    return problems
