"""From flags to the population that was asked for: presets by name, sizes by flag, a file in between."""

from __future__ import annotations

from pathlib import Path

import pytest

from demogen.cli.asked import plan_of, spec_of
from demogen.config import PRESETS, resolve
from demogen.errors import InvalidSettings
from demogen.population.spec import PopulationSpec, presets


def test_the_door_knows_the_presets_there_are() -> None:
    assert tuple(presets()) == PRESETS


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_is_taken_as_it_is(preset: str) -> None:
    assert spec_of(resolve({"preset": preset}, {})) == PopulationSpec.of_preset(preset)


def test_a_flag_overrides_the_file_which_overrides_the_preset(tmp_path: Path) -> None:
    file = tmp_path / "shape.toml"
    file.write_text('preset = "medium"\naccounts_per_ledger = 21\nportfolios_per_ledger = 5\n')
    spec = spec_of(resolve({"spec": str(file), "accounts_per_ledger": "33", "orgs": "4"}, {}))
    assert (spec.organizations, spec.ledgers_per_organization) == (4, 5)
    assert (spec.accounts_per_ledger, spec.portfolios_per_ledger) == (33, 5)


def test_a_custom_population_has_only_what_was_said() -> None:
    given = {"preset": "custom", "organizations": "2", "accounts_per_ledger": "7", "transactions": "100"}
    spec = spec_of(resolve(given, {"DEMOGEN_LOCALE": "br", "DEMOGEN_IDEMPOTENCY": "false"}))
    assert (spec.organizations, spec.ledgers, spec.accounts_per_ledger) == (2, 2, 7)
    assert (spec.transactions_total, spec.locale, spec.idempotency) == (100, "br", False)


def test_lists_and_dates_arrive_as_such() -> None:
    spec = spec_of(resolve({"history_days": "30", "history_end": "2026-01-31", "industries": "retail,tech"}, {}))
    assert spec.industries == ("retail", "tech")
    assert str(spec.history_end) == "2026-01-31"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"transactions": "5", "transactions_per_account": "1"}, "not both"),
        ({"history_days": "5"}, "history_end"),
        ({"industries": "alchemy"}, "alchemy"),
        ({"accounts_per_ledger": "10000001"}, "10000000"),
    ],
)
def test_what_does_not_fit_together_is_refused_before_anything_is_sent(given: dict[str, str], says: str) -> None:
    with pytest.raises(InvalidSettings, match=says):
        plan_of(resolve(given, {}))
