"""docs/patterns.md and docs/scenarios.md say what there is, in the code's own words."""

import re
from pathlib import Path

import pytest

from demogen.patterns import PATTERNS, Dice
from demogen.workload.scenario import Scenario, ScheduleSpec, shipped_scenarios
from demogen.workload.threshold import METRICS

DOCS = Path(__file__).parents[2] / "docs"


def rows(name, width):
    lines = (DOCS / name).read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return {row[0]: row[1:] for row in cells if len(row) == width}


def test_every_pattern_is_told_as_it_is():
    told = {name: row for name, row in rows("patterns.md", 5).items() if name not in ("pattern", "---")}
    assert set(told) == set(PATTERNS)
    for name, (weight, rides, refusals, what) in told.items():
        pattern = PATTERNS[name]
        assert int(weight) == pattern.weight, name
        assert (rides == "yes") == pattern.reads_only, name
        assert refusals == " ".join(pattern.refusals), name
        assert what == pattern.sentence, name


def test_every_call_of_the_dice_exists():
    text = (DOCS / "patterns.md").read_text(encoding="utf-8")
    calls = set(re.findall(r"dice\.(\w+)\(", text))
    assert calls >= {"pair", "amount", "bound_to", "exchange"}
    assert all(hasattr(Dice, call) for call in calls)


def test_every_scenario_is_told_as_it_is():
    told = {name: row for name, row in rows("scenarios.md", 4).items() if name not in ("scenario", "---")}
    shipped = shipped_scenarios()
    assert set(told) == set(shipped)
    for name, (preset, tps, what) in told.items():
        assert (preset, float(tps), what) == (shipped[name].preset, shipped[name].schedule.tps, shipped[name].sentence)


@pytest.mark.parametrize("field", [*Scenario.model_fields, *(f"schedule.{one}" for one in ("shape", "arrivals"))])
def test_every_key_of_the_file_is_explained(field):
    if field not in ("name", "sentence", "schedule"):
        assert f"`{field}`" in (DOCS / "scenarios.md").read_text(encoding="utf-8")


def test_every_shape_and_metric_is_named():
    text = (DOCS / "scenarios.md").read_text(encoding="utf-8")
    shapes = re.findall(r"'(\w+)'", str(ScheduleSpec.model_fields["shape"].annotation))
    assert shapes
    assert all(f"`{shape}`" in text for shape in shapes)
    assert all(metric.rpartition(".")[2] in text for metric in METRICS)
