"""Bearer tokens: a fixed one, or one that client credentials are exchanged for and that is renewed in time.

A token is asked for once a loop turn, so asking never blocks: renewal runs beside the loop and the old token serves
until the new one is there. Tokens and secrets are never printed. May import: `pooled`, `contract.exchange`, `clock`,
`errors`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeAlias
from urllib.parse import urlencode, urlsplit, urlunsplit

import msgspec
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from demogen.client.pooled import PooledTransport
from demogen.client.transport import Transport
from demogen.clock import NS_PER_S, Clock
from demogen.contract.exchange import Request, Response
from demogen.errors import LedgerUnreachable, PreflightFailed

#: A bearer token, or what tells the current one; None for none.
Token: TypeAlias = Callable[[], str] | str | None

ATTEMPTS = 4
LIFETIME_S = 300.0  # where the answer names none
RENEW_AT = 0.8  # of the lifetime
AGAIN_S = 5.0  # after a renewal that failed

_FORM = b"application/x-www-form-urlencoded"


class _Grant(msgspec.Struct, frozen=True):
    """RFC 6749 section 5.1, in its own spelling and in that of some gateways."""

    access_token: str = ""
    expires_in: float = 0.0
    access_token_camel: str = msgspec.field(name="accessToken", default="")
    expires_in_camel: float = msgspec.field(name="expiresIn", default=0.0)

    @property
    def token(self) -> str:
        return self.access_token or self.access_token_camel

    @property
    def lifetime_s(self) -> float:
        return max(1.0, self.expires_in or self.expires_in_camel or LIFETIME_S)


class StaticToken:
    """One token for the whole run."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self) -> str:
        return self._token


class ClientCredentials:
    """OAuth2 client credentials (RFC 6749 section 4.4). Call it for the current token.

    `transport` leads to the token server and `target` is the path there. `beside` runs a renewal without waiting for
    it.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        target: str,
        client_id: str,
        client_secret: str,
        scope: str = "",
        clock: Clock,
        beside: Callable[[Callable[[], None]], object] | None = None,
    ) -> None:
        """Gets the first token. Raises LedgerUnreachable or PreflightFailed where there is none to be had."""
        #: Why the last renewal failed; "" where it did not.
        self.trouble = ""
        self._transport = transport
        self._target = target.encode("ascii")
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
        self._body = urlencode(form | ({"scope": scope} if scope else {})).encode("ascii")
        self._clock = clock
        self._beside = beside or _in_a_thread
        self._renewing = False
        self._token = ""
        self._renew_ns = 0
        self._obtain()

    def __call__(self) -> str:
        if not self._renewing and self._clock.now_ns() >= self._renew_ns:
            self._renewing = True
            self._beside(self._renew)
        return self._token

    def _renew(self) -> None:
        try:
            self._obtain()
            self.trouble = ""
        except PreflightFailed as failure:
            # The old token serves on; if it has expired the ledger says so, and those refusals are counted.
            self.trouble = failure.message
            self._renew_ns = self._clock.now_ns() + round(AGAIN_S * NS_PER_S)
        finally:
            self._renewing = False

    def _obtain(self) -> None:
        tries = Retrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_random_exponential(multiplier=0.2, max=5.0),
            retry=retry_if_exception_type(LedgerUnreachable),
            sleep=self._clock.sleep,
            reraise=True,
        )
        grant = tries(self._ask)
        self._token = grant.token
        self._renew_ns = self._clock.now_ns() + round(RENEW_AT * grant.lifetime_s * NS_PER_S)

    def _ask(self) -> _Grant:
        response = self._transport.send(Request(b"POST", self._target, self._body, content_type=_FORM))
        if response.status >= 500:
            raise LedgerUnreachable(f"the token server answers {response.status}", hint="is it running?")
        if response.status not in (200, 201):
            raise PreflightFailed(
                f"the token server refuses these credentials (status {response.status})",
                hint="check --oauth-client-id, --oauth-client-secret and --oauth-token-url",
            )
        return _granted(response)


def _granted(response: Response) -> _Grant:
    try:
        grant = msgspec.json.decode(response.body, type=_Grant, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError):
        grant = _Grant()
    if not grant.token:
        raise PreflightFailed(
            "the token server's answer holds no access token",
            hint="--oauth-token-url must be a token endpoint (RFC 6749)",
        )
    return grant


def credentials_at(
    url: str,
    *,
    client_id: str,
    client_secret: str,
    scope: str = "",
    clock: Clock,
    timeout_s: float = 10.0,
    ca_file: str | Path | None = None,
) -> ClientCredentials:
    """Client credentials at a token endpoint. Raises UsageError, LedgerUnreachable or PreflightFailed."""
    parts = urlsplit(url)
    transport = PooledTransport(f"{parts.scheme}://{parts.netloc}", timeout_s=timeout_s, ca_file=ca_file)
    return ClientCredentials(
        transport,
        target=urlunsplit(("", "", parts.path or "/", parts.query, "")),
        client_id=client_id,
        client_secret=client_secret,
        scope=scope,
        clock=clock,
    )


class Wishes(Protocol):
    """What is asked of settings; the whole of `config.Settings` has it."""

    @property
    def oauth_token_url(self) -> str | None: ...
    @property
    def oauth_client_id(self) -> str | None: ...
    @property
    def request_timeout_s(self) -> float: ...
    @property
    def ca_file(self) -> Path | None: ...

    def secret(self, name: str) -> str | None: ...


def token_of(settings: Wishes, clock: Clock) -> Token:
    """The bearer token, or what client credentials are exchanged for; None where the ledger wants none.

    Raises what `credentials_at` raises.
    """
    secret = settings.secret("oauth_client_secret")
    if settings.oauth_token_url and settings.oauth_client_id and secret:
        return credentials_at(
            settings.oauth_token_url,
            client_id=settings.oauth_client_id,
            client_secret=secret,
            clock=clock,
            timeout_s=settings.request_timeout_s,
            ca_file=settings.ca_file,
        )
    return settings.secret("token")


def current(token: Token) -> str:
    """The token of this moment; "" for none."""
    return (token() if callable(token) else token) or ""


def _in_a_thread(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="token renewal", daemon=True).start()
