"""A bundle says the same as the audit did, and a changed byte does not go unnoticed wherever it stands."""

from __future__ import annotations

import json
import random
import zipfile

import pytest
from rehearsal import Rehearsal
from typer.testing import CliRunner

from demogen.audit.evidence.bundle import CHAIN, make_bundle
from demogen.audit.evidence.verify import verify
from demogen.audit.verdict import Verdict
from demogen.cli.evidence import app
from demogen.errors import UsageError


@pytest.fixture
def bundled(tmp_path):
    rehearsal = Rehearsal(tmp_path / "run", seconds=1.0).play()
    rehearsal.audit()
    target = tmp_path / "evidence.zip"
    make_bundle(rehearsal.folder, target)
    return target


def rewrite(path, change):
    """The same archive, its members as `change` wants them: (name, bytes) or None to leave one out."""
    with zipfile.ZipFile(path) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    with zipfile.ZipFile(path, "w") as archive:
        for name, raw in members:
            new = change(name, raw)
            if new is not None:
                archive.writestr(name, new)


def flipped(raw, place):
    return raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]


def test_an_untouched_bundle_is_sound(bundled):
    found = verify(bundled)
    assert found.holds, (found.damages, found.differs, found.failure)
    assert found.recorded.verdict is found.verdict is Verdict.HOLDS


def test_a_bundle_of_a_violated_run_is_sound_too(tmp_path):
    rehearsal = Rehearsal(tmp_path / "run", defects=["lost-update"]).play()
    report = rehearsal.audit()
    make_bundle(rehearsal.folder, tmp_path / "evidence.zip")
    found = verify(tmp_path / "evidence.zip")
    assert found.holds
    assert found.verdict is Verdict.VIOLATED
    assert {name for name, verdict in found.verdicts.items() if verdict is Verdict.VIOLATED} == report.violated


@pytest.mark.parametrize("name", ["journal/0.journal", "settings.json", "audit.json", "opening.sqlite", CHAIN])
def test_a_changed_member_is_named(bundled, name):
    rewrite(bundled, lambda member, raw: flipped(raw, len(raw) // 2) if member == name else raw)
    try:
        found = verify(bundled)
    except UsageError:
        assert name == CHAIN  # it no longer parses
        return
    assert not found.holds
    # A changed hash accuses the chain, and the block it no longer fits.
    assert [damage.name for damage in found.damages][:1] == [name]
    # Packed anew it is another file, too.
    assert name == CHAIN or [damage.name for damage in found.damages] == [name, bundled.name]


def test_any_flipped_byte_of_the_file_is_noticed(bundled):
    raw = bundled.read_bytes()
    dice = random.Random(3)
    end = len(raw) - 110
    # Anywhere, and in the archive's own end, where no member's hash reaches.
    for place in [dice.randrange(len(raw)) for _ in range(40)] + [end + dice.randrange(110) for _ in range(20)]:
        bundled.write_bytes(flipped(raw, place))
        try:
            assert not verify(bundled).holds, place
        except UsageError:
            continue


@pytest.mark.parametrize("change", [lambda raw: raw + b"x", lambda raw: b"x" + raw], ids=["behind", "before"])
def test_what_stands_beside_the_archive_is_noticed(bundled, change):
    bundled.write_bytes(change(bundled.read_bytes()))
    try:
        assert not verify(bundled).holds
    except UsageError:
        return


def test_a_missing_and_an_added_member_are_named(bundled):
    rewrite(bundled, lambda member, raw: None if member == "opening.sqlite" else raw)
    with zipfile.ZipFile(bundled, "a") as archive:
        archive.writestr("journal/9.journal", b"more")
    found = verify(bundled)
    assert {(damage.name, damage.what) for damage in found.damages} == {
        ("journal/9.journal", "was not bundled"),
        ("opening.sqlite", "is missing"),
        (bundled.name, "is not the file that was written"),
    }


def test_a_kinder_verdict_is_noticed_even_with_its_hashes_made_anew(tmp_path):
    rehearsal = Rehearsal(tmp_path / "run", defects=["lost-update"]).play()
    rehearsal.audit()
    told = json.loads(rehearsal.folder.audit.read_text())
    told["invariants"] = dict.fromkeys(told["invariants"], "HOLDS")
    told["verdict"] = "HOLDS"
    rehearsal.folder.audit.write_text(json.dumps(told))
    make_bundle(rehearsal.folder, tmp_path / "evidence.zip")
    found = verify(tmp_path / "evidence.zip")
    assert not found.damages
    assert any(line.startswith("accounts-replay: recorded HOLDS, now VIOLATED") for line in found.differs)


def test_the_command_line_ends_with_4_where_a_byte_was_changed(bundled):
    runner = CliRunner()
    assert runner.invoke(app, ["verify", str(bundled)]).exit_code == 0
    rewrite(bundled, lambda member, raw: flipped(raw, 5000) if member == "journal/0.journal" else raw)
    ended = runner.invoke(app, ["verify", str(bundled)])
    assert ended.exit_code == 4
    assert "journal/0.journal bytes 0–" in ended.output


def test_a_run_without_an_audit_cannot_be_bundled(tmp_path):
    rehearsal = Rehearsal(tmp_path / "run", seconds=0.2).play()
    with pytest.raises(UsageError, match="was not audited"):
        make_bundle(rehearsal.folder, tmp_path / "evidence.zip")
