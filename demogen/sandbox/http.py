"""What a request and an answer are inside the sandbox, without sockets (contract 2). Decides nothing.

May import: nothing from demogen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

JSON_TYPE = "application/json"
_encode = msgspec.json.Encoder().encode
NO_HEADERS: Mapping[str, str] = {}


class Reply(msgspec.Struct, gc=False):
    """A complete answer. `mark` is what stays at work until the answer leaves (contract 6)."""

    status: int
    headers: dict[str, str]
    body: bytes = b""
    mark: tuple[int, str] | None = None


class Call:
    """One request after routing. `parameters` are path parts as sent; `keys` are the ids among them, resolved."""

    __slots__ = ("_query", "body", "false_passes", "headers", "keys", "parameters", "path", "query_text")

    def __init__(
        self, *, path: str, query_text: str, headers: Mapping[str, str], body: bytes, false_passes: bool = False
    ) -> None:
        self.path = path
        self.query_text = query_text
        self.headers = headers
        self.body = body
        self.false_passes = false_passes  # newer versions let a false pass where it does not belong, like a zero
        self.parameters: dict[str, str] = {}
        self.keys: dict[str, int] = {}
        self._query: dict[str, str] | None = None

    @property
    def query(self) -> dict[str, str]:
        """Query parameters of a list; the last of equal names counts."""
        if self._query is None:
            self._query = dict(parse_qsl(self.query_text, keep_blank_values=True)) if self.query_text else {}
        return self._query

    def asked(self, name: str) -> str:
        """One parameter where the endpoint looks for it by name, trimmed; there the first of equal names counts."""
        pairs = parse_qsl(self.query_text, keep_blank_values=True)
        return next((value.strip() for key, value in pairs if key == name), "")


def answer(status: int, content: Any) -> Reply:
    """A JSON answer."""
    return Reply(status, {"content-type": JSON_TYPE}, _encode(content))


def nothing() -> Reply:
    """204: done, nothing to say."""
    return Reply(204, {})


def counted(total: int) -> Reply:
    """A count, in a header (contract 2, `X-Total-Count`)."""
    return Reply(204, {"x-total-count": str(total)})
