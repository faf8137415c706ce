"""429 with Retry-After above a rate, and bearer tokens that expire (contract 2, 10: 0041, 0042).

May import: demogen.clock, demogen.sandbox.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from urllib.parse import parse_qs

import msgspec

from demogen.clock import NS_PER_S
from demogen.sandbox.catalogue import CATALOGUE
from demogen.sandbox.http import Reply, answer

TOKEN_PATH = "/v1/login/oauth/access_token"
_KEPT_TOKENS = 10_000
_OPEN_PATHS = ("/health", "/version", "/readyz")


class RateLimit:
    """A bucket that fills at `per_s` and holds one second's worth."""

    def __init__(self, per_s: float, *, now_ns: int) -> None:
        self._per_s = per_s
        self._level = per_s
        self._at_ns = now_ns

    def refuse(self, now_ns: int) -> Reply | None:
        """None while there is room, else 429 saying when there will be."""
        if not self._per_s:
            return None
        self._level = min(self._per_s, self._level + (now_ns - self._at_ns) * self._per_s / NS_PER_S)
        self._at_ns = now_ns
        if self._level >= 1:
            self._level -= 1
            return None
        reply = answer(429, {"code": 429, "title": "request_failed", "message": "Too Many Requests"})
        reply.headers["retry-after"] = str(max(1, round((1 - self._level) / self._per_s)))
        return reply


class Tokens:
    """Issues bearer tokens for any client credentials, and knows until when they count."""

    def __init__(self, ttl_ns: int, rng: Random) -> None:
        self._ttl_ns = ttl_ns
        self._rng = rng
        self._until: dict[str, int] = {}

    def issue(self, body: bytes, *, now_ns: int) -> Reply:
        """POST TOKEN_PATH: client credentials, as a form or as JSON; any id and secret will do."""
        if not _has_credentials(body):
            return _refused("0041", 400)
        token = f"{self._rng.getrandbits(192):048x}"
        if len(self._until) >= _KEPT_TOKENS:
            self._until = {one: until for one, until in self._until.items() if until > now_ns}
        self._until[token] = now_ns + self._ttl_ns
        seconds = max(1, self._ttl_ns // NS_PER_S)
        return answer(
            200,
            {
                "access_token": token, "token_type": "Bearer", "expires_in": seconds,
                "accessToken": token, "tokenType": "Bearer", "expiresIn": seconds,
            },
        )  # fmt: skip

    def refuse(self, path: str, headers: Mapping[str, str], *, now_ns: int) -> Reply | None:
        """None for a token that counts, else 401 with 0041 or 0042."""
        if path in _OPEN_PATHS:
            return None
        kind, _, token = headers.get("authorization", "").partition(" ")
        if not token or kind.lower() != "bearer":
            return _refused("0041", 401)
        return None if self._until.get(token.strip(), 0) > now_ns else _refused("0042", 401)


def _has_credentials(body: bytes) -> bool:
    try:
        content = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        content = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
    if not isinstance(content, dict):
        return False
    return bool(content.get("client_id") or content.get("clientId"))


def _refused(code: str, status: int) -> Reply:
    """Flat on every version (contract 13.2, last row)."""
    rule = CATALOGUE[code]
    return answer(status, {"code": code, "title": rule.title, "message": rule.sentence})
