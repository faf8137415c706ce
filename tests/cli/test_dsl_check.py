"""`demogen dsl check`: every script is read, each mistake told by file, line and column, the exit code is 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from demogen.cli import main

GOOD = (
    "(transaction V1 (chart-of-accounts-group-name F) (send USD 5|0"
    " (source (from @a1 :amount USD 5|0)) (distribute (to @a2 :amount USD 5|0))))"
)


def test_a_good_script_is_ok(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = tmp_path / "rent.gold"
    script.write_text(GOOD)
    assert main(["dsl", "check", str(script)]) == 0
    assert capsys.readouterr().out == f"{script}: ok\n"


def test_one_bad_script_does_not_hide_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.gold").write_text(GOOD.replace("F)", "12)"))
    (tmp_path / "b.gold").write_text(GOOD)
    (tmp_path / "c.gold").write_bytes(b"\xff")
    (tmp_path / "ignored.txt").write_text("not a script")
    assert main(["dsl", "check", str(tmp_path), str(tmp_path / "missing.gold")]) == 2
    out, err = capsys.readouterr()
    told, *others = out.splitlines()
    assert told.startswith(f"{tmp_path}/a.gold: line 1, column 47: unexpected '12' (expected a name")
    assert others == [
        f"{tmp_path}/b.gold: ok",
        f"{tmp_path}/c.gold: is not UTF-8 text (byte 0) (save it as UTF-8)",
        f"{tmp_path}/missing.gold: cannot be read: No such file or directory",
    ]
    assert err.startswith("error: 3 scripts cannot be read\n")


def test_what_the_ledger_ignores_is_noted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = tmp_path / "fx.gold"
    script.write_text(
        GOOD.replace("USD 5|0 ", "USD $price|2 ")
        .replace("(source", "(source :remaining")
        .replace("5|0))", "5|0 (rate r A -> B 1|0)))", 1)
    )
    assert main(["dsl", "check", str(script)]) == 0
    out = capsys.readouterr().out
    for note in (
        "the ledger drops what follows the bar",
        "rate has no effect",
        ":remaining after source has no effect",
    ):
        assert note in out
    assert "$price counts as 0" in out


@pytest.mark.parametrize("words", [["dsl", "check"], ["dsl", "check", "{folder}"]], ids=["no file", "an empty folder"])
def test_nothing_to_check_is_a_mistake(words: list[str], tmp_path: Path) -> None:
    assert main([word.format(folder=tmp_path) for word in words]) == 2
