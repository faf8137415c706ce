"""Patterns of others: found by entry point once a package is installed, or registered by name; examples are whole."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from playhouse import Playhouse

from demogen.audit.verdict import Verdict
from demogen.contract.transactions import Intent
from demogen.errors import UsageError
from demogen.patterns import PATTERNS, Pattern, find_patterns, register, registry
from demogen.workload.mix import Mix
from demogen.workload.scenario import find_scenario

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"


@pytest.fixture
def tips(tmp_path, monkeypatch):
    """The example package as an installer leaves it: its modules and a .dist-info with its entry points."""
    project = tomllib.loads((EXAMPLES / "tips_package/pyproject.toml").read_text(encoding="utf-8"))["project"]
    site = tmp_path / "site"
    shutil.copytree(EXAMPLES / "tips_package/demogen_tips", site / "demogen_tips")
    marked = site / f"demogen_tips-{project['version']}.dist-info"
    marked.mkdir()
    (marked / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    lines = [f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
             for group, entries in project["entry-points"].items()]  # fmt: skip
    (marked / "entry_points.txt").write_text("".join(lines))
    monkeypatch.syspath_prepend(site)
    yield site
    sys.modules.pop("demogen_tips", None)


def test_an_installed_package_s_pattern_is_found_and_plays(tips, tmp_path):
    assert "round-up" in find_patterns()
    house = Playhouse(tmp_path / "run", {"round-up": 1}, tps=40)
    house.play()
    assert house.surprises() == []
    assert house.audit().verdict is Verdict.HOLDS


def test_without_the_package_the_pattern_is_unknown():
    assert "round-up" not in find_patterns()
    with pytest.raises(UsageError, match="no pattern is called 'round-up'"):
        Mix({"round-up": 1}, find_patterns())


def test_the_command_line_knows_an_installed_pattern(tips, tmp_path):
    own = tmp_path / "own.toml"
    own.write_text('sentence = "tips"\n[mix]\nround-up = 1\n', encoding="utf-8")
    command = [sys.executable, "-m", "demogen", "scenario", "check", str(own)]
    for path, code in ((f"{ROOT}{os.pathsep}{tips}", 0), (str(ROOT), 2)):
        done = subprocess.run(
            command, env={**os.environ, "PYTHONPATH": path}, cwd=tmp_path, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == code, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("value", "says"),
    [
        pytest.param("no_such_module:PATTERN", "cannot be loaded", id="no module"),
        pytest.param("demogen.errors:NOTHING", "cannot be loaded", id="no such name"),
        pytest.param("demogen.errors:UsageError", "is no Pattern", id="something else"),
    ],
)
def test_a_broken_entry_point_is_named(monkeypatch, value, says):
    broken = EntryPoint(name="broken", value=value, group=registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [broken])
    with pytest.raises(UsageError, match=says):
        find_patterns()


@pytest.fixture
def clean_registry(monkeypatch):
    monkeypatch.setattr(registry, "_registered", {})


def nod(dice):
    payer, payee = dice.pair("customer", "merchant")
    yield Intent.move(1, payer, payee)


def test_a_pattern_is_registered_once_and_takes_no_name_that_is_taken(clean_registry):
    own = Pattern(name="nod", weight=0, play=nod)
    assert register(own) is own
    assert register(own) is own
    assert find_patterns()["nod"] is own
    with pytest.raises(UsageError, match="'payment' already"):
        register(Pattern(name="payment", weight=1, play=nod))


#: Locust patches the process it is imported into, so its files are read in another one.
READ = """
import json, sys
from importlib.util import module_from_spec, spec_from_file_location
from demogen.drive import LedgerUser
from demogen.drive.users import mix_of
found = {}
for path in sys.argv[1:]:
    spec = spec_from_file_location("locustfile", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    classes = [one for one in vars(module).values() if isinstance(one, type) and issubclass(one, LedgerUser)]
    found[path] = mix_of(one for one in classes if one is not LedgerUser)
print(json.dumps(found))
"""
LOCUSTFILES = sorted([*(ROOT / "locustfiles").glob("*.py"), *EXAMPLES.glob("*.py")])


@pytest.fixture(scope="module")
def mixes():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", READ, *map(str, LOCUSTFILES)],
        capture_output=True, text=True, check=True, timeout=60, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("path", LOCUSTFILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_locustfile_asks_for_what_can_be_played(tmp_path, mixes, path):
    mix = mixes[str(path)]
    own = set(mix) - set(PATTERNS)
    assert own <= {"tip"}
    house = Playhouse(tmp_path / "run", {name: weight for name, weight in mix.items() if name not in own}, tps=50)
    house.play()
    assert house.surprises() == []


@pytest.mark.parametrize("path", [*sorted((ROOT / "locustfiles").glob("*.py")), *sorted(EXAMPLES.glob("*.py"))])
def test_a_locustfile_is_short_and_says_what_it_is(path):
    text = path.read_text(encoding="utf-8")
    assert text.startswith('"""')
    assert text.count("\n") <= 35


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.name)
def test_an_example_scenario_is_fine_and_plays(tmp_path, path):
    scenario = find_scenario(str(path))
    schedule = scenario.schedule.build(tps=60, seconds=3, seed=1)
    house = Playhouse(tmp_path / "run", scenario.mix, schedule=schedule, skew=scenario.skews())
    house.play()
    assert house.surprises() == []


@pytest.mark.e2e
@pytest.mark.parametrize("name", ["own_pattern", "plain_task"])
def test_an_example_runs_under_locust(tmp_path, name):
    command = [
        sys.executable, "-m", "locust", "-f", str(EXAMPLES / f"{name}.py"), "--headless", "--target-tps", "40",
        "-t", "3s", "-u", "4", "-r", "4", "--run-dir", str(tmp_path / "run"),
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=120
    )
    report = json.loads((tmp_path / "run/report.json").read_text(encoding="utf-8"))
    assert done.returncode in (0, 6), done.stdout + done.stderr
    assert report["verdict"] == "HOLDS"
    assert report["outcomes"]["unexpected"] == 0
