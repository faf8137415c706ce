"""`demogen scenario`: what ships is fine, what is wrong in a file of one's own is told at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from demogen.cli.app import main
from demogen.workload.scenario import shipped_scenarios


@pytest.mark.parametrize("name", list(shipped_scenarios()))
def test_every_shipped_scenario_is_listed_shown_and_fine(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenario", "list", "--json"]) == 0
    assert name in json.loads(capsys.readouterr().out)
    assert main(["scenario", "show", name]) == 0
    shares = [line.split()[-1] for line in capsys.readouterr().out.splitlines() if line.startswith("pattern")]
    assert sum(float(share.rstrip("%")) for share in shares) == pytest.approx(100, abs=0.5)
    assert main(["scenario", "check", name]) == 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("mix = 3", "mix"),
        ('sentence = "x"\n[mix]\nnosuch = 1', "there is no such pattern"),
        ('sentence = "x"\n[mix]\npayment = -1', "greater than or equal to 0"),
        ('sentence = "x"\n[mix]\npayment = 1\n[[thresholds]]\nmetric = "delivered_tps"\nat_least = 500', "offers 200"),
        ('sentence = "x"\ncolour = "red"\n[mix]\npayment = 1', "colour"),
        ('sentence = "x"\n[schedule]\nshape = "steps"\n[mix]\npayment = 1', "levels"),
        ("sentence = ", "cannot read the scenario"),
    ],
)
def test_a_wrong_file_ends_with_2_and_a_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, says: str
) -> None:
    own = tmp_path / "own.toml"
    own.write_text(text)
    assert main(["scenario", "check", str(own)]) == 2
    err = capsys.readouterr().err
    assert says in err
    assert "Traceback" not in err
