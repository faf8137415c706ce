"""Requests as task code spells them, and replies as it reads them; no Locust process needed."""

from __future__ import annotations

import json

import pytest
from locust.exception import CatchResponseError, LocustError, ResponseError

from demogen.contract.exchange import Fault, Request, Response
from demogen.drive.reply import NoAnswer, Reply
from demogen.drive.tasks import spelled

NOTHING = {"data": None, "json": None, "params": None, "headers": None}
OK = Response(200, b"Content-Type: application/json\r\nX-Thing: one\r\nx-thing: two", b'{"a":1}')
MISSING = Response(404, b"", b'{"code":"0007","message":"no"}')


@pytest.fixture
def reported():
    return []


@pytest.fixture
def reply_to(reported):
    def make(result, *, caught=False):
        request = Request(b"GET", b"/x")
        return Reply(request, result, elapsed_ns=1, caught=caught, report=lambda _, problem: reported.append(problem))

    return make


def test_a_reply_reads_like_locusts_own(reply_to, reported):
    reply = reply_to(OK)
    assert (reply.status_code, reply.ok, reply.json(), reply.text) == (200, True, {"a": 1}, '{"a":1}')
    assert reply.headers["x-THING"] == "one"
    assert dict(reply.headers) == {"Content-Type": "application/json", "X-Thing": "one"}
    reply.raise_for_status()
    assert reported == [None]


def test_what_went_wrong_is_counted_by_status_and_code(reply_to, reported):
    reply_to(MISSING)
    reply_to(NoAnswer(Fault.CONNECT_TIMEOUT))
    assert [str(problem) for problem in reported] == ["404 0007", "connect timeout"]
    with pytest.raises(CatchResponseError, match="404"):
        reply_to(MISSING).raise_for_status()


def test_nothing_is_counted_before_the_block_ends(reply_to, reported):
    with reply_to(MISSING, caught=True) as reply:
        assert reported == []
        reply.success()
    with reply_to(OK, caught=True) as reply:
        reply.failure("not what I wanted")
    with reply_to(OK, caught=True):
        raise ResponseError("bad")
    with reply_to(MISSING, caught=True):
        pass
    assert [str(problem) if problem else None for problem in reported] == [None, "not what I wanted", "bad", "404 0007"]
    with pytest.raises(ZeroDivisionError), reply_to(OK, caught=True):
        raise ZeroDivisionError
    assert len(reported) == 4


def test_a_judgement_outside_a_block_is_refused(reply_to):
    with pytest.raises(LocustError):
        reply_to(OK).failure("late")
    with pytest.raises(LocustError), reply_to(OK):
        pass


def test_a_request_is_spelled_as_asked():
    request = spelled("POST", "/a b", data=None, json={"x": "é"}, params={"q": "1&2"}, headers={"X-Mine": "1"})
    assert request.target == b"/a%20b?q=1%262"
    assert json.loads(request.body) == {"x": "é"}
    assert request.headers == b"X-Mine: 1\r\n"
    other = spelled("PUT", "/", data="text", json=None, params=None, headers={"content-type": "text/plain"})
    assert (other.body, other.content_type) == (b"text", b"text/plain")
    assert spelled("GET", "/%20?x=%41", **NOTHING).target == b"/%20?x=%41"


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        pytest.param("http://elsewhere/x", None, id="another server"),
        pytest.param("/x", {"A": "1\r\nB: 2"}, id="two headers in one"),
        pytest.param("/x", {"Ä": "1"}, id="no header name"),
    ],
)
def test_what_http_cannot_say_is_refused(path, headers):
    with pytest.raises(LocustError):
        spelled("GET", path, **(NOTHING | {"headers": headers}))


def test_a_line_break_in_a_path_does_not_reach_the_wire():
    assert spelled("GET", "/x\r\nHost: other", **NOTHING).target == b"/x%0D%0AHost:%20other"
