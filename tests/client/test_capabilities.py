"""What a ledger can do is decided once, from what it says it is."""

from __future__ import annotations

import pytest

from demogen.client.capabilities import detect
from demogen.contract.exchange import Request, Response
from demogen.errors import PreflightFailed


class Server:
    """Answers /version with one thing and every other path as an unknown route."""

    def __init__(self, version: Response, elsewhere: Response | None = None) -> None:
        self._version = version
        self._elsewhere = elsewhere or Response(404, b"", b"")

    def send(self, request: Request) -> Response:
        return self._version if request.target == b"/version" else self._elsewhere


def says(version: str) -> Response:
    return Response(200, b"", b'{"requestDate":"2026-01-01T00:00:00Z","version":"%s"}' % version.encode())


@pytest.mark.parametrize(
    ("version", "dialect", "recorded"),
    [
        ("v3.8.0", "v3.8", True),
        ("v3.8.2", "v3.8", False),
        ("3.9.1", "v3.8", False),
        ("v4.0.0", "v4", True),
        ("v4.1.0-beta.3", "v4", False),
        ("v5.0.0", "v4", False),
    ],
)
def test_the_dialect_follows_from_the_version(version, dialect, recorded):
    found = detect(Server(says(version)))
    assert (found.version, found.dialect, found.recorded) == (version, dialect, recorded)


@pytest.mark.parametrize(
    ("body", "dialect"),
    [
        (b'{"code":404,"title":"request_failed","message":"Cannot GET /x"}', "v3.8"),
        (b'{"type":"https://errors.example/v1/0484","title":"Route Not Found","status":404,"code":"0484"}', "v4"),
    ],
)
def test_a_build_without_a_number_is_known_by_its_errors(body, dialect):
    assert detect(Server(says("develop"), Response(404, b"", body))).dialect == dialect


@pytest.mark.parametrize(
    ("server", "message"),
    [
        pytest.param(Server(Response(404, b"", b"<html>")), "status 404 and no version", id="no ledger"),
        pytest.param(Server(Response(200, b"", b"<html>")), "no version", id="a web page"),
        pytest.param(Server(Response(200, b"", b'{"version":7}')), "no version", id="another JSON"),
        pytest.param(Server(says("v2.1.0")), "too old", id="too old"),
        pytest.param(Server(says("develop"), Response(404, b"", b"")), "cannot tell", id="no telling"),
    ],
)
def test_what_is_no_ledger_we_know_ends_the_preflight(server, message):
    with pytest.raises(PreflightFailed, match=message):
        detect(server)


def test_the_dialects_differ_where_the_contract_says_so():
    old, new = detect(Server(says("v3.8.0"))), detect(Server(says("v4.0.0")))
    assert (old.remaining_direct, new.remaining_direct) == (True, False)
    assert (old.remaining_pending, new.remaining_pending) == (False, False)
    assert (old.keyed_reverts, new.keyed_reverts) == (True, False)
    assert (old.step_lock_s, new.step_lock_s) == (0, 300)
