"""The doors: `demogen population` and `demogen catalog` against real sandboxes; one clear line where they fail."""

import json
import os
import sqlite3
from pathlib import Path

import pytest

from demogen.cli.app import main
from demogen.sandbox import Sandbox


@pytest.fixture(autouse=True)
def _somewhere_empty(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("DEMOGEN_"):
            monkeypatch.delenv(name)


def _call(words, capsys):
    """(exit code, stdout, stderr) of a command line."""
    try:
        code = main(words.split())
    except SystemExit as ended:
        code = ended.code
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err + captured.out
    return code, captured.out, captured.err


@pytest.fixture
def made(capsys):
    """A small population on an embedded sandbox, in `made`."""
    assert _call("generate --preset small --seed 7 --run-dir made --quiet", capsys)[0] == 0
    return Path("made")


@pytest.mark.e2e
def test_describe_tells_counts_and_spread(made, capsys):
    code, out, _ = _call("population describe made", capsys)
    assert code == 0
    assert "preset small, seed 7" in out and "accounts by role" in out and "entities" in out
    code, out, _ = _call("population describe made --json", capsys)
    assert json.loads(out)["entities"] == 43


@pytest.mark.e2e
def test_a_certificate_is_written_as_a_page(made, capsys):
    code, out, _ = _call("population describe made --certificate real.html", capsys)
    assert code == 0 and "What happens?" in out
    assert Path("real.html").read_text().startswith("<!doctype html>")


@pytest.mark.e2e
def test_export_and_its_formats(made, capsys):
    code, out, _ = _call("population export made --output out --format csv --bookings --anonymize", capsys)
    assert code == 0 and "accounts.csv" in out
    assert len(Path("out/accounts.csv").read_text().splitlines()) == 11
    assert _call("population export made --output out", capsys)[0] == 2


@pytest.mark.e2e
def test_backup_restore_and_cleanup(made, capsys):
    assert _call("population backup made --output copy.backup --quiet", capsys)[0] == 0
    with Sandbox(dialect="v4") as elsewhere:
        restore = f"population restore copy.backup --run-dir again --host {elsewhere.url} --quiet"
        assert _call(restore, capsys)[0] == 0
        code, out, _ = _call("population describe again --json", capsys)
        assert json.loads(out)["counts"]["accounts"] == {"made": 10}
        code, out, _ = _call("population cleanup again --yes", capsys)
        assert code == 0 and "organizations" in out and "10 gone with their ledgers" in out
        assert _call("population cleanup again --yes", capsys)[0] == 0


@pytest.mark.e2e
def test_rates_move(made, capsys):
    code, out, _ = _call("population rates made --rounds 2 --every 0s", capsys)
    assert code == 0 and "round 2: 4 rates moved" in out
    assert _call("population rates made --every soon", capsys)[0] == 2


@pytest.mark.e2e
def test_parts_are_made_and_joined(capsys):
    with Sandbox() as ledger:
        sizes = "--preset small --orgs 4 --ledgers-per-org 1 --accounts-per-ledger 5 --transactions-per-ledger 3"
        for part in ("1/2", "2/2"):
            folder = f"part{part[0]}"
            command = f"generate {sizes} --seed 7 --part {part} --host {ledger.url} --run-dir {folder} --quiet"
            assert _call(command, capsys) == (0, "", "")
        assert _call("population join part1 part2 --output whole --quiet", capsys)[0] == 0
        _, out, _ = _call("population describe whole --json", capsys)
        counts = json.loads(out)["counts"]
        assert counts["organizations"] == {"made": 4} and counts["accounts"] == {"made": 20}


def test_catalog_lists_every_section(capsys):
    code, out, _ = _call("catalog", capsys)
    assert code == 0
    for word in ("xlarge", "financial", "BTC", "customer", "checking", "Retail Customers", "São Paulo", "refund"):
        assert word in out
    code, out, _ = _call("catalog assets --json", capsys)
    assert json.loads(out)["assets"]["JPY"]["scale"] == 0


def test_templates_of_ones_own_override_and_extend(tmp_path, capsys):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "assets.toml").write_text(
        '[assets.USD]\nname = "Buck"\n[assets.BEANS]\nname = "Beans"\ntype = "commodity"\nfamily = "food"\n'
        'scale = 1\nsymbol = "b"\nusd = "0.25"\n'
    )
    code, out, _ = _call(f"catalog assets --json --templates {mine}", capsys)
    assets = json.loads(out)["assets"]
    assert code == 0
    assert assets["USD"]["name"] == "Buck" and assets["USD"]["scale"] == 2
    assert assets["BEANS"]["family"] == "food"


@pytest.mark.parametrize(
    ("files", "told"),
    [
        pytest.param({"assets.toml": '[assets.usd]\nname = "x"\n'}, ["usd"], id="lower-case code"),
        pytest.param(
            {"assets.toml": '[assets.XYZ]\nname="x"\ntype="currency"\nfamily="fiat"\nscale=2\nsymbol="x"\nusd="1"\n'},
            ["XYZ", "ISO 4217"],
            id="no such currency",
        ),
        pytest.param(
            {"roles.toml": '[roles.customer]\nkind = "nothing"\nspread = -1\n', "tunes.toml": ""},
            ["tunes.toml", "spread"],
            id="several at once",
        ),
        pytest.param(
            {"roles.toml": '[roles.customer]\nkind = "nothing"\n'}, ["no account type nothing"], id="dangling"
        ),
        pytest.param({"assets.toml": "[assets"}, ["assets.toml is not valid"], id="not TOML"),
        pytest.param(
            {"assets.toml": '[assets.COIN]\nname="Bitcoin"\ntype="crypto"\nfamily="c"\nscale=2\nsymbol="c"\nusd="1"\n'},
            ["COIN", "BTC has the name"],
            id="two of one name",
        ),
        pytest.param(
            {
                "assets.toml": '[assets.XYZ]\nname="x"\ntype="currency"\nfamily="f"\nscale=2\nsymbol="x"\nusd="1"\n'
                "[assets.USD]\nscale = 99\n",
                "roles.toml": "[roles",
            },
            ["roles.toml is not valid", "USD.scale", "XYZ: no ISO 4217"],
            id="of every sort at once",
        ),
    ],
)
def test_every_problem_of_templates_is_said(files, told, tmp_path, capsys):
    mine = tmp_path / "mine"
    mine.mkdir()
    for name, text in files.items():
        (mine / name).write_text(text)
    code, _, err = _call(f"catalog --templates {mine}", capsys)
    assert code == 2
    for word in told:
        assert word in err


def test_problems_of_spec_and_templates_are_said_together(tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "assets.toml").write_text("[assets.USD]\nscale = 99\n")
    (tmp_path / "spec.toml").write_text(
        'organisations = 3\naccounts_per_ledger = -4\nassets = ["usd"]\npatterns = ["paymnet"]\nhistory_days = 9\n'
    )
    words = f"generate --dry-run --templates {tmp_path / 'mine'} --spec {tmp_path / 'spec.toml'}"
    code, _, err = _call(words, capsys)
    assert code == 2
    for told in ("did you mean organizations?", "(got -4)", "'usd'", "'paymnet'", "needs history_end", "USD.scale"):
        assert told in err, err


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        pytest.param("population describe nowhere", 2, "no run folder nowhere", id="no folder"),
        pytest.param("population describe empty", 2, "no population in empty", id="no manifest"),
        pytest.param("population describe broken", 2, "no population manifest", id="no SQLite file"),
        pytest.param("population export far --output out --format xml", 2, "unknown export format", id="format"),
        pytest.param("population export far --output out --bookings", 2, "--host URL", id="another machine"),
        pytest.param("population cleanup far", 2, "--yes", id="no confirmation"),
        pytest.param("population restore none.backup --run-dir out", 2, "no file none.backup", id="no backup"),
        pytest.param("population restore far/population.sqlite --run-dir out", 2, "is no backup", id="a manifest"),
        pytest.param("population restore far/population.sqlite", 2, "--run-dir", id="restore to where"),
        pytest.param("population join empty --output out", 2, "no population in", id="nothing to join"),
        pytest.param("population describe far --certificate c.pdf", 2, "cannot tell the format", id="certificate"),
        pytest.param("catalog tunes", 2, "unknown section", id="unknown section"),
        pytest.param("catalog --templates nowhere", 2, "no template folder", id="no templates"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(words, code, told, capsys):
    Path("empty").mkdir()
    Path("broken").mkdir()
    Path("broken/population.sqlite").write_text("this is no database, however long it is" * 10)
    _far()
    ended, _, err = _call(words, capsys)
    assert (ended, told in err) == (code, True), err
    assert len([line for line in err.splitlines() if line]) <= 3


def _far():
    """A population that was made on somebody else's machine."""
    from demogen.population.manifest import Manifest

    book = Manifest(Path("far/population.sqlite"))
    book.describe(id="pfar", digest="0", url="http://203.0.113.7:3000", preset="small", seed="7")
    book.close()


def test_a_read_only_disk_is_said(tmp_path, capsys):
    _far()
    file = Path("far/population.sqlite")
    with sqlite3.connect(file) as database:
        database.execute("pragma journal_mode=delete")
    database.close()
    code, out, _ = _call("population describe far", capsys)
    assert code == 0 and "pfar" in out
