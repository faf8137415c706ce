"""A ledger that asks who is there: tokens that are renewed while a run lasts, in every process and in the audit."""

from __future__ import annotations

import pytest
from locusts import finish, free_port, locust, report_of

from demogen.sandbox import Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

TTL_S, SECONDS, TPS = 5, 9, 40


@pytest.fixture
def guarded(tmp_path):
    """A ledger whose tokens count for a few seconds only."""
    with Sandbox(db=str(tmp_path / "ledger.sqlite"), arguments=["--token-ttl", f"{TTL_S}s"]) as ledger:
        yield ledger.url


def words(url):
    return (
        "--headless", "--host", url, "--target-tps", TPS, "-t", f"{SECONDS}s", "-u", 2, "-r", 2, "--no-tables",
        "--oauth-token-url", f"{url}/v1/login/oauth/access_token", "--oauth-client-id", "load",
    )  # fmt: skip


@pytest.mark.parametrize("processes", [1, 2], ids=["one process", "a master and two workers"])
def test_client_credentials_last_longer_than_a_token(tmp_path, guarded, processes, monkeypatch):
    monkeypatch.setenv("DEMOGEN_OAUTH_CLIENT_SECRET", "n0b0dy-t3lls")
    folder, port = tmp_path / "run", free_port()
    several = ("--processes", processes, "--master-bind-port", port, "--master-port", port) if processes > 1 else ()
    code, out, err = finish(locust(*words(guarded), *several, "--run-dir", folder, cwd=tmp_path))
    report = report_of(folder)
    # Every single one was let in, though tokens were renewed several times.
    assert report["outcomes"]["unexpected"] == report["outcomes"]["indeterminate"] == 0, report["outcomes"]
    assert report["arrivals"]["sent"] == TPS * SECONDS
    assert report["verdict"] == "HOLDS", report["audit"]
    assert code in (0, 6), out + err
    written = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert b"n0b0dy-t3lls" not in written + (out + err).encode()


def test_a_ledger_that_nobody_is_let_in_to_is_said_before_anything_starts(tmp_path, guarded):
    code, out, err = finish(locust(*words(guarded)[:-4], "--run-dir", tmp_path / "run", cwd=tmp_path))
    assert code == 7, out + err
    assert "hint:" in err
    assert "Traceback" not in out + err
