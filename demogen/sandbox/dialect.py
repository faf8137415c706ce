"""How ledger versions differ, as a table over one engine (contract section 13). No behaviour lives here.

A reader of a difference asks the dialect for a value; nobody asks for the version's name. May import: nothing from
demogen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Dialect:
    """One version of the ledger, as far as it differs from its sisters."""

    name: str
    version: str
    problem_details: bool = False  # error bodies of 13.2 instead of section 10
    statuses: Mapping[str, int] = field(default_factory=dict)  # code -> status, where 13.2 changes it
    codes: Mapping[str, str] = field(default_factory=dict)  # the catalogue's code -> what this version calls it
    version_fields: Mapping[str, Any] = field(default_factory=dict)
    account_has_holder: bool = False
    transaction_has_skips: bool = False
    head_follows_get: bool = True
    asset_types_with_iso_codes: frozenset[str] = frozenset({"currency"})
    asset_types: frozenset[str] = frozenset({"currency", "crypto", "commodity", "others"})
    settings_groups: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    settings_values: Mapping[str, frozenset[str]] = field(default_factory=dict)
    create_settings_need: tuple[str, ...] = ()
    revert_reads_key: bool = True
    replay_header_on_refusals: bool = True
    step_locks_for_s: int = 0
    false_passes: bool = False  # an unexpected false is let through, as an unexpected zero is everywhere
    count_lists: tuple[str, ...] = ()
    readiness_checks: tuple[str, ...] = ("postgres_onboarding", "postgres_transaction", "mongo", "redis", "rabbitmq")


_ACCOUNTING = {"validateAccountType": False, "validateRoutes": False}

V38 = Dialect(name="v3.8", version="v3.8.0", codes={"0492": "0176"}, settings_groups={"accounting": _ACCOUNTING})

_V4_TO_422 = "0008 0010 0011 0012 0013 0014 0024 0025 0026 0030 0073 0074 0086 0089 0090 0091 0124 0135 0137 0170"

V4 = Dialect(
    name="v4",
    version="v4.0.0",
    problem_details=True,
    statuses={**dict.fromkeys(_V4_TO_422.split(), 422), "0087": 409, "0088": 409, "0093": 409, "0099": 409},
    version_fields={"buildTime": "unknown", "commit": "unknown", "dirty": False},
    account_has_holder=True,
    transaction_has_skips=True,
    head_follows_get=False,
    asset_types_with_iso_codes=frozenset({"currency", "fiat"}),
    asset_types=frozenset({"currency", "fiat", "crypto", "commodity", "others"}),
    settings_groups={
        "accounting": {**_ACCOUNTING, "requireHolder": False},
        "tracer": {"mode": "off", "failPosture": "open", "timeoutMs": 250},
        "overrides": {"allowFeeSkip": False, "allowTracerSkip": False, "allowHolderSkip": False},
    },
    settings_values={
        "tracer.mode": frozenset({"off", "advisory", "enforce"}),
        "tracer.failPosture": frozenset({"open", "closed"}),
    },
    create_settings_need=("tracer.mode", "tracer.failPosture"),
    revert_reads_key=False,
    replay_header_on_refusals=False,
    step_locks_for_s=300,
    false_passes=True,
    count_lists=("packages", "billing-packages", "holders", "instruments"),
    readiness_checks=(*V38.readiness_checks, "mongo_crm", "mongo_fees"),
)

DIALECTS: Mapping[str, Dialect] = {dialect.name: dialect for dialect in (V38, V4)}
