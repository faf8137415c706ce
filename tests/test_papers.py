"""The papers say what the house does: features name tests and commands that exist, versions agree, links lead on."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import demogen
from demogen.cli.app import VERBS, load_verb

ROOT = Path(__file__).parent.parent

LAST_OF_GROUP = {"P": 21, "T": 17, "W": 8, "E": 6, "A": 12, "O": 6, "V": 4, "R": 8, "U": 5}
STATUSES = ("works", "partly", "planned")
NOTHING = "–"


class Feature(NamedTuple):
    """One row of docs/features.md."""

    id: str
    sentence: str
    status: str
    shown_by: str
    proven_by: str


def features() -> list[Feature]:
    lines = (ROOT / "docs/features.md").read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if re.match(r"\| [A-Z]\d", line)]
    return [Feature(*row) for row in rows]


def test_every_feature_has_exactly_one_row_in_order() -> None:
    wanted = [f"{group}{number}" for group, last in LAST_OF_GROUP.items() for number in range(1, last + 1)]
    assert [feature.id for feature in features()] == wanted


@pytest.mark.parametrize("feature", features(), ids=lambda feature: feature.id)
def test_a_feature_is_shown_and_proven_or_said_to_be_planned(feature: Feature) -> None:
    assert feature.status in STATUSES
    assert feature.sentence.endswith(".")
    if feature.status == "planned":
        assert (feature.shown_by, feature.proven_by) == (NOTHING, NOTHING)
        return
    tests, commands = quoted(feature.proven_by), quoted(feature.shown_by)
    assert tests
    assert commands
    for test in tests:
        path, _, name = test.partition("::")
        assert (ROOT / path).is_file(), f"{path} does not exist"
        assert not name or f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), f"{test} does not exist"
    for command in commands:
        assert not wrong_command(command), wrong_command(command)


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def wrong_command(command: str) -> str:
    """Why this is not a command of ours; empty if it is one."""
    words = command.split()
    match words:
        case ["make", target, *_]:
            found = re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
            return "" if found else f"make has no target {target}"
        case ["locust", "-f", path, *_]:
            return "" if (ROOT / path).is_file() else f"there is no {path}"
        case ["demogen", verb, *rest]:
            return wrong_verb(verb, rest)
        case ["python", path, *_]:
            return "" if (ROOT / path).is_file() else f"there is no {path}"
        case _:
            return f"{command!r} is no command of ours"


def wrong_verb(verb: str, rest: list[str]) -> str:
    if verb not in VERBS:
        return f"demogen has no verb {verb}"
    try:
        command = load_verb(verb)
    except ModuleNotFoundError as error:
        return f"demogen {verb} is not there yet: {error}"
    below = getattr(command, "commands", {})
    if below and rest and not rest[0].startswith("-"):
        if rest[0] not in below:
            return f"demogen {verb} has no command {rest[0]}"
        command = below[rest[0]]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    unknown = [word for word in rest if word.startswith("--") and word.partition("=")[0] not in known]
    return f"demogen {verb} has no option {', '.join(unknown)}" if unknown else ""


def commands_in(path: Path) -> Iterator[tuple[int, str]]:
    """(line, command) of the commands in a document's code blocks; comments and continuations are left out."""
    inside = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("```"):
            inside = line == "```" and not inside
        elif inside and re.match(r"(make|demogen|locust -f) ", line):
            yield number, line.partition("#")[0].strip()


def test_the_commands_that_the_papers_show_exist() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{number} {problem}"
        for path in papers()
        for number, command in commands_in(path)
        if (problem := wrong_command(command))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ("make tea", "no target tea"),
        ("demogen brew", "no verb brew"),
        ("demogen dsl brew", "no command brew"),
        ("demogen dsl check --hot x.gold", "no option --hot"),
        ("locust -f locustfiles/tea.py", "no locustfiles/tea.py"),
        ("rm -rf", "no command of ours"),
        ("demogen dsl check x.gold", ""),
        ("make test", ""),
    ],
)
def test_a_command_that_does_not_exist_is_seen(command: str, complaint: str) -> None:
    assert complaint in wrong_command(command)
    assert bool(complaint) == bool(wrong_command(command))


def papers() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def test_links_between_the_papers_lead_somewhere() -> None:
    dead = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in papers()
        for target in re.findall(r"\]\(([^)#\s]+)", path.read_text(encoding="utf-8"))
        if "://" not in target and not (path.parent / target).exists()
    ]
    assert not dead, "\n".join(dead)


def test_the_version_is_the_same_everywhere() -> None:
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    head = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert version
    assert head
    assert version[1] == demogen.__version__ == head[1]


# Spelled in two halves, so that this file does not find itself.
_PLACES = ["/wor" + "k/", "/ro" + r"ot/\w", r"\.\./sha" + "red", "/hom" + r"e/\w"]
_INDEXES = ["py" + r"pi\.org", "pythonhos" + "ted", "--index" + "-url", "--extra-index" + "-url"]
NOT_TO_BE_NAMED = re.compile("|".join(_PLACES + _INDEXES))


def project_files() -> list[Path]:
    """What git tracks or would track: the working tree without what is ignored."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git clone")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number} names {match[0]}"
        for path in project_files()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if (match := NOT_TO_BE_NAMED.search(line))
    ]
    assert not found, "\n".join(found)
