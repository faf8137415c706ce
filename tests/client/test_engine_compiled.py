"""The engine's twins in C frame as their plain files do; those that only read are in test_compiled."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st
from test_compiled import needs_compiled

import demogen.client.engine.frames as frames
from demogen.client.engine.endpoint import Endpoint
from demogen.contract.exchange import JSON, Request


class OtherRequest(Request, frozen=True):
    """Not exactly a Request, so not for the quick way."""


@needs_compiled
@given(
    method=st.sampled_from([b"GET", b"HEAD", b"POST", b"PATCH"]) | st.binary(max_size=5),
    target=st.binary(max_size=60),
    body=st.binary(max_size=20) | st.integers(0, 12_000).map(bytes),
    content_type=st.sampled_from([JSON, JSON, b"text/plain"]),
    key=st.sampled_from([b""]) | st.binary(max_size=40),
    headers=st.sampled_from([b"", b"X-TTL: 60\r\n"]),
    token=st.sampled_from(["", "secret"]),
)
@example(b"POST", b"/", bytes(9), JSON, b"", b"", "")
@example(b"POST", b"/", bytes(10), JSON, b"k", b"", "")
def test_requests_are_framed_alike(method, target, body, content_type, key, headers, token):
    letterhead = Endpoint("http://ledger/base", resolve=lambda *_: ()).letterhead(token)
    request = Request(method, target, body, content_type, key, headers)
    slowly = letterhead._spelled(request)
    assert letterhead.frame(request) == slowly
    assert letterhead.frame(OtherRequest(method, target, body, content_type, key, headers)) == slowly
    quickly = frames.everyday_frame(request, b" ", b"", b"")
    assert (quickly is None) == (body != b"" and content_type is not JSON)


@needs_compiled
def test_a_request_of_other_than_bytes_is_left_to_the_slow_way():
    request = Request(b"POST", b"/", bytearray(b"{}"))
    assert frames.everyday_frame(request, b" ", b"", b"") is None
    letterhead = Endpoint("http://ledger", resolve=lambda *_: ()).letterhead("")
    assert letterhead.frame(request).endswith(b"Content-Length: 2\r\n\r\n{}")
