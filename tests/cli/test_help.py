"""The first screen and every other: there at once, plain, complete; the errors of a mistyped line."""

from __future__ import annotations

import subprocess
import sys
import time
from importlib.util import find_spec

import pytest
from typer.testing import CliRunner

from demogen.cli.app import VERBS, app, load_verb, main
from demogen.config import OPTIONS

FIXED = ("generate", "run", "audit", "report", "sandbox", "doctor")


def screen(*words: str) -> str:
    result = CliRunner().invoke(app, [*words, "--help"])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_first_screen_names_the_fixed_verbs_in_order() -> None:
    lines = [line.split() for line in screen().splitlines()]
    first = [words[0] for words in lines if words and words[0] in VERBS]
    assert tuple(first[: len(FIXED)]) == FIXED


def test_without_a_word_the_first_screen_is_shown() -> None:
    result = CliRunner().invoke(app, [])
    assert result.exit_code == 0
    assert "Start here:" in result.output


@pytest.mark.parametrize("verb", [name for name in VERBS if find_spec(f"demogen.cli.{VERBS[name].module}")])
def test_every_verb_has_help_of_its_own(verb: str) -> None:
    text = screen(verb)
    assert f" {verb} " in text.splitlines()[0]
    assert len(text.splitlines()) > 4
    assert "--install-completion" not in text


@pytest.mark.parametrize("verb", ["generate", "run", "doctor", "report"])
def test_every_setting_on_a_screen_names_its_environment_twin(verb: str) -> None:
    text = " ".join(screen(verb).split())
    flags = {param.opts[0] for param in load_verb(verb).params if param.opts and param.opts[0].startswith("--")}
    twins = {option.flags[0]: option.environment for option in OPTIONS.values()}
    assert flags & set(twins)
    for flag in flags & set(twins):
        assert f"env {twins[flag]})" in text, flag


def test_help_is_there_at_once() -> None:
    """Under 300 ms on an idle machine; the bound leaves room for a busy one, the imports are what counts."""
    code = "import sys; from demogen.cli import main; main(['--help']); print(sorted(sys.modules))"
    began = time.monotonic()
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert time.monotonic() - began < 2.0
    heavy = {"locust", "gevent", "duckdb", "numpy", "pydantic", "faker", "requests", "prometheus_client", "yaml"}
    loaded = set(run.stdout.splitlines()[-1].strip("[]").replace("'", "").split(", "))
    assert not heavy & loaded


@pytest.mark.parametrize(
    ("words", "says", "hint"),
    [
        pytest.param(["generat"], "No such command 'generat'", "demogen --help", id="mistyped verb"),
        pytest.param(["doctor", "--hots", "x"], "No such option: --hots", "demogen doctor --help", id="mistyped flag"),
        pytest.param(["report"], "Missing argument 'DIR'", "demogen report --help", id="missing argument"),
        pytest.param(["generate", "--seed"], "Option '--seed' requires an argument", "demogen --help", id="no value"),
        pytest.param(["doctor", "extra"], "unexpected extra argument", "demogen doctor --help", id="one word too many"),
    ],
)
def test_a_mistyped_line_ends_with_2_and_a_hint(
    capsys: pytest.CaptureFixture[str], words: list[str], says: str, hint: str
) -> None:
    assert main(words) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert says in told.err
    assert told.err.splitlines()[-1].startswith(f"hint: {hint}")
    assert "Traceback" not in told.err


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("demogen ")


def test_completion_knows_verbs_and_flags() -> None:
    def complete(words: str) -> str:
        environ = {"_DEMOGEN_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
        run = subprocess.run(
            [sys.executable, "-c", "import sys; sys.argv[0]='demogen'; from demogen.cli import main; sys.exit(main())"],
            env={"PATH": "/usr/bin:/bin", **environ},
            capture_output=True,
            text=True,
            check=False,
        )
        return run.stdout

    assert {"generate", "doctor"} <= set(complete("demogen ").split())
    assert "--target-tps" in complete("demogen run --tar").split()
