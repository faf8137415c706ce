"""From settings to the population that was asked for: preset, then a spec file, then single flags.

May import: `config`, `population`, `errors`.
"""

from __future__ import annotations

from typing import Any

from demogen.config import CUSTOM, Settings
from demogen.errors import InvalidSettings
from demogen.population.catalog import Catalog, shipped
from demogen.population.plan import PopulationPlan, plan
from demogen.population.spec import InvalidSpec, PopulationSpec

#: Settings that override the spec, and what they are called there.
_OVERRIDES = {
    "organizations": "organizations",
    "ledgers_per_org": "ledgers_per_organization",
    "assets_per_ledger": "assets_per_ledger",
    "accounts_per_ledger": "accounts_per_ledger",
    "portfolios_per_ledger": "portfolios_per_ledger",
    "segments_per_ledger": "segments_per_ledger",
    "transactions_per_ledger": "transactions_per_ledger",
    "transactions_per_account": "transactions_per_account",
    "transactions": "transactions",
    "locale": "locale",
    "industries": "industries",
    "account_types": "account_types",
    "asset_types": "asset_families",
    "patterns": "patterns",
    "idempotency": "idempotency",
    "external_ids": "external_ids",
    "history_days": "history_days",
    "history_end": "history_end",
}

#: What a verb that makes a population takes.
POPULATION = ("preset", "spec", "templates", "seed", *_OVERRIDES)
PROVISIONING = (
    "mode", "part", "concurrency", "max_rate", "batch_size", "retry_attempts", "retry_delay_s", "circuit_breaker",
    "validation", "memory_optimization", "max_entities_in_memory",
)  # fmt: skip


def spec_of(settings: Settings) -> PopulationSpec:
    """The spec that was asked for. Raises UsageError or InvalidSettings with all that is wrong with it."""
    overrides: dict[str, Any] = {
        name: getattr(settings, ours) for ours, name in _OVERRIDES.items() if settings.origin(ours) != "default"
    }
    if settings.spec is not None:
        return PopulationSpec.of_file(settings.spec, **overrides)
    if settings.preset == CUSTOM:
        return PopulationSpec.build(overrides, where="custom population")
    return PopulationSpec.of_preset(settings.preset, **overrides)


def plan_of(settings: Settings) -> PopulationPlan:
    """The plan of that population under the seed. Raises InvalidSettings with all that is wrong, templates included."""
    problems: list[tuple[str, str]] = []
    templates, spec = None, None
    try:
        templates = Catalog.load(settings.templates)
    except InvalidSettings as error:
        problems += error.problems
    try:
        spec = spec_of(settings)
    except InvalidSpec as error:
        problems += error.problems
        spec = error.rest
    if problems:
        raise InvalidSettings([*problems, *(templates or shipped()).problems_of(spec)])
    return plan(spec, settings.seed, catalog=templates)
