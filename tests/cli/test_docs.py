"""docs/cli.md says what the command line does: its settings, its exit codes, its commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from demogen.cli.app import VERBS, load_verb
from demogen.cli.reference import up_to_date
from demogen.errors import (
    DemogenError,
    IntegrityUnknown,
    IntegrityViolated,
    LoadNotDelivered,
    PreflightFailed,
    ThresholdMissed,
    UsageError,
)

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")


def test_the_table_of_settings_is_up_to_date() -> None:
    assert up_to_date(TEXT) == TEXT, "run: .venv/bin/python -m demogen.cli.reference docs/cli.md"


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (DemogenError, "unexpected"),
        (UsageError, "usage"),
        (ThresholdMissed, "threshold"),
        (IntegrityViolated, "violated"),
        (IntegrityUnknown, "unknown"),
        (LoadNotDelivered, "not delivered"),
        (PreflightFailed, "preflight"),
    ],
)
def test_every_exit_code_is_explained(kind: type[DemogenError], word: str) -> None:
    rows = dict(re.findall(r"^\| (\d+) \| (.*) \|$", TEXT, re.MULTILINE))
    assert word in rows[str(kind.exit_code)]


def test_every_command_line_in_the_document_is_one_that_exists() -> None:
    lines = re.findall(r"\bdemogen ([a-z]+)((?: [a-z]+)?)((?: --?[a-z-]+| [^\s`]+)*)", TEXT)
    assert len(lines) > 10
    for verb, below, words in lines:
        if verb not in VERBS:
            continue
        command = load_verb(verb)
        command = getattr(command, "commands", {}).get(below.strip(), command)
        known = {name for param in command.params for name in (*param.opts, *param.secondary_opts)} | {"--help"}
        for flag in re.findall(r"--[a-z-]+", words):
            assert flag in known, f"demogen {verb}{below} {flag}"
