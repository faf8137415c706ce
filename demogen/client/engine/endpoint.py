"""Where the ledger is and how every request to it begins: address, name resolution, the fixed header lines.

Refuses URLs that cannot be meant. Resolves names when the first connection is made and again, at most every few
seconds, when none of the addresses answers. May import: `frames`, `contract.exchange`, `errors`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from demogen.client.engine.frames import everyday_frame
from demogen.contract.exchange import JSON, Request
from demogen.errors import UsageError

#: What getaddrinfo returns: family, type, protocol, canonical name, socket address.
AddressRow = tuple[Any, Any, int, str, Any]
Resolve = Callable[..., Sequence[AddressRow]]

RESOLVE_AGAIN_NS = 5_000_000_000
_STREAM = 1  # SOCK_STREAM, the same everywhere
_LENGTHS = tuple(b"%d" % length for length in range(4096))


def base_url(url: str) -> str:
    """`url` without a trailing slash. Raises UsageError where it is not http(s)://host[:port][/path]."""
    return Endpoint(url, resolve=lambda *_: ()).url


class Address:
    """One socket address to try."""

    __slots__ = ("family", "place", "protocol")

    def __init__(self, family: int, protocol: int, place: Any) -> None:
        self.family = family
        self.protocol = protocol
        self.place = place


class Endpoint:
    """A parsed base URL. A path in it is put before every target."""

    def __init__(self, url: str, *, resolve: Resolve) -> None:
        """Raises UsageError where `url` is not http(s)://host[:port][/path]."""
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in ("http", "https") or not parts.hostname or port == -1:
            raise _unusable(url, "it must read http://host:port or https://host:port")
        if parts.username is not None or parts.query or parts.fragment or not parts.netloc.isprintable():
            raise _unusable(url, "it may have no user name, query or fragment; give a token with --token")
        self.tls = parts.scheme == "https"
        self.host = _ascii_host(parts.hostname, url)
        self.port = port or (443 if self.tls else 80)
        self.url = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self._prefix = _ascii_path(parts.path, url)
        self._authority = _authority(self.host, self.port, default=443 if self.tls else 80)
        self._resolve = resolve
        self._addresses: list[Address] = []
        self._resolved_ns = -RESOLVE_AGAIN_NS

    def addresses(self, now_ns: int) -> list[Address]:
        """Addresses to try in order, the last good one first; empty where the name has none."""
        if not self._addresses and now_ns - self._resolved_ns >= RESOLVE_AGAIN_NS:
            self._resolved_ns = now_ns
            try:
                rows = self._resolve(self.host, self.port, 0, _STREAM)
            except OSError:
                rows = ()
            self._addresses = [Address(row[0], row[2], row[4]) for row in rows]
        return list(self._addresses)

    def worked(self, address: Address) -> None:
        """Try this one first from now on."""
        if self._addresses and self._addresses[0] is not address and address in self._addresses:
            self._addresses.remove(address)
            self._addresses.insert(0, address)

    def all_failed(self, now_ns: int) -> None:
        """No address answers: the name may have moved; look it up again once some seconds have passed."""
        if now_ns - self._resolved_ns >= RESOLVE_AGAIN_NS:
            self._addresses = []

    def letterhead(self, token: str) -> Letterhead:
        """The fixed part of every request while `token` is the bearer token ("" without one)."""
        if not (token.isascii() and token.isprintable()):
            raise UsageError("the bearer token holds characters no header may hold", hint="strip its line end")
        return Letterhead(self._authority, self._prefix, token)


class Letters:
    """Frames requests towards an endpoint, with the bearer token of the moment."""

    def __init__(self, endpoint: Endpoint, *, token: Callable[[], str] | None = None) -> None:
        """`token` tells the token to use from now on; it is asked once a loop turn. Raises UsageError on a bad one."""
        self._endpoint = endpoint
        self._token = token
        self._text = token() if token else ""
        self._letterhead = endpoint.letterhead(self._text)

    def frame(self, request: Request) -> bytes:
        """The bytes of one request."""
        return self._letterhead.frame(request)

    def refresh(self) -> None:
        if self._token is not None and (text := self._token()) != self._text:
            self._text = text
            self._letterhead = self._endpoint.letterhead(text)


class Letterhead:
    """Frames requests: the header lines that never change are joined once."""

    __slots__ = ("_between", "_between_json", "_prefix")

    def __init__(self, authority: bytes, prefix: bytes, token: str) -> None:
        bearer = b"Authorization: Bearer " + token.encode("ascii") + b"\r\n" if token else b""
        self._prefix = b" " + prefix
        self._between = (
            b" HTTP/1.1\r\nHost: " + authority + b"\r\nUser-Agent: demogen\r\nAccept: application/json\r\n" + bearer
        )
        self._between_json = self._between + b"Content-Type: " + JSON + b"\r\nContent-Length: "

    def frame(self, request: Request) -> bytes:
        """The bytes of one request."""
        frame = everyday_frame(request, self._prefix, self._between, self._between_json)
        return self._spelled(request) if frame is None else frame

    def _spelled(self, request: Request) -> bytes:
        body = request.body
        key = request.key
        if not body:
            between, length = self._between, b"Content-Length: 0\r\n"
            if request.method in (b"GET", b"HEAD"):
                length = b""
            idempotency = b"X-Idempotency: " + key + b"\r\n" if key else b""
            return b"".join(
                (request.method, self._prefix, request.target, between, length, idempotency, request.headers, b"\r\n")
            )
        size = len(body)
        if request.content_type is JSON:
            between = self._between_json
        else:
            between = self._between + b"Content-Type: " + request.content_type + b"\r\nContent-Length: "
        return b"".join(
            (
                request.method,
                self._prefix,
                request.target,
                between,
                _LENGTHS[size] if size < 4096 else b"%d" % size,
                b"\r\nX-Idempotency: " + key + b"\r\n" if key else b"\r\n",
                request.headers,
                b"\r\n",
                body,
            )
        )


def _ascii_host(host: str, url: str) -> str:
    try:
        return host.encode("idna").decode("ascii") if not host.isascii() else host
    except UnicodeError:
        raise _unusable(url, "its host is no valid name") from None


def _ascii_path(path: str, url: str) -> bytes:
    if not path.isascii() or not path.isprintable() or " " in path:
        raise _unusable(url, "its path must be printable ASCII without spaces")
    return path.rstrip("/").encode("ascii")


def _authority(host: str, port: int, *, default: int) -> bytes:
    name = f"[{host}]" if ":" in host else host
    return (name if port == default else f"{name}:{port}").encode("ascii")


def _unusable(url: str, why: str) -> UsageError:
    return UsageError(f"cannot use the address {url!r}", hint=why)
