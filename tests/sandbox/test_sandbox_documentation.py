"""docs/sandbox.md names every quirk, defect, control and option there is, and no others."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from demogen.sandbox.catalogue import CATALOGUE
from demogen.sandbox.controls.gate import Controls
from demogen.sandbox.defects import DEFECTS
from demogen.sandbox.quirks import QUIRKS, choose

ROOM = Path(__file__).parents[2] / "demogen" / "sandbox"
PAGE = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table under a heading."""
    section = PAGE.partition(f"\n## {heading}")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip().strip("`") for cell in line.strip("|").split(" | ")] for line in lines[1:]]


def test_every_quirk_is_told() -> None:
    told = {row[0]: (row[1], row[2], row[3].rstrip(" |")) for row in rows("Quirks")}
    assert told == {quirk.name: (", ".join(quirk.dialects), quirk.sentence, quirk.sane) for quirk in QUIRKS}


def test_every_defect_is_told() -> None:
    told = [(row[0], row[1], row[2], int(row[3].rstrip(" |"))) for row in rows("Planted defects")]
    assert told == [(one.name, one.sentence, one.breaks, one.every) for one in DEFECTS]


def test_every_control_is_told() -> None:
    told = set(re.findall(r"`--([a-z-]+)`", PAGE.partition("\n## Controls")[2]))
    assert {field.name.replace("_", "-") for field in fields(Controls)} <= told


def test_quirks_can_be_named() -> None:
    assert choose("all", dialect="v3.8").names != choose("all", dialect="v4").names
    assert choose("flags-cached, hash-without-key", dialect="v4").names == ("hash-without-key", "flags-cached")
    assert choose("none", dialect="v4").names == ()


def test_the_engine_asks_for_every_quirk_and_raises_only_known_codes() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in ROOM.rglob("*.py") if path.name != "catalogue.py")
    assert set(re.findall(r'quirks\["([a-z-]+)"\]', source)) - {"name"} == {quirk.name for quirk in QUIRKS}
    raised = set(re.findall(r'Refusal\(\s*"([A-Z0-9-]+)"', source))
    assert raised <= CATALOGUE.keys()
