"""docs/audit.md tells every invariant and every planted bug as the code has them."""

from __future__ import annotations

from pathlib import Path

from demogen.audit.invariant import invariants
from demogen.sandbox.defects import DEFECTS

PAGE = Path(__file__).parents[2] / "docs" / "audit.md"


def rows():
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if line.startswith("| `")]


def test_the_page_tells_every_invariant():
    told = {cells[0].strip("`"): tuple(cells[1:]) for cells in rows() if len(cells) == 3}
    assert told == {claim.name: (claim.sentence, claim.source) for claim in invariants()}


def test_the_page_tells_every_planted_bug():
    told = {cells[0].strip("`"): (cells[1], cells[2].strip("`")) for cells in rows() if len(cells) == 4}
    assert told == {defect.name: (defect.sentence, defect.breaks) for defect in DEFECTS}


def test_every_invariant_says_which_bugs_it_catches():
    told = {claim.name: set(claim.catches) for claim in invariants()}
    assert told == {name: {defect.name for defect in DEFECTS if defect.breaks == name} for name in told}
    assert {defect.breaks for defect in DEFECTS} == set(told)
