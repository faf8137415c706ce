"""One request at a time over a pooled session: preflight, doctor and tokens, where speed does not matter.

Targets go out exactly as spelled, since the ledger does not percent-decode paths (contract 2). Proxies of the
environment are not used: the load does not use them either, and a preflight must see what the load will see. Never
retries. May import: `transport`, `pairs`, the engine's address and TLS parts, `contract.exchange`, `errors`.
"""

from __future__ import annotations

import logging
import re
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from demogen.client.engine.endpoint import base_url
from demogen.client.engine.tls import ClientCertificate, tls_context
from demogen.client.pairs import tell, wanted
from demogen.clock import NS_PER_S
from demogen.contract.exchange import Request, Response
from demogen.errors import LedgerUnreachable


class PooledTransport:
    """A Transport over `requests`. Use as a context manager, or call `close`.

    `timeout_s` bounds connecting and each wait for bytes. `token` is the bearer token, or tells the current one.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float = 10.0,
        token: str | Callable[[], str] | None = None,
        ca_file: str | Path | None = None,
        client_cert: ClientCertificate | None = None,
    ) -> None:
        """Raises UsageError on an unusable address or TLS file."""
        self.url = base_url(url)
        self._timeout_s = timeout_s
        self._token = token
        self._session = requests.Session()
        self._session.trust_env = False
        # It logs a traceback where half a header comes; what is wrong we say ourselves, in one line.
        logging.getLogger("urllib3").setLevel(logging.ERROR)
        if self.url.startswith("https:"):
            self._session.mount("https://", _TlsAdapter(tls_context(ca_file=ca_file, client_cert=client_cert)))

    def __enter__(self) -> PooledTransport:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._session.close()

    def send(self, request: Request) -> Response:
        prepared = requests.Request(request.method.decode("ascii"), self.url, headers=self._headers(request)).prepare()
        prepared.url = self.url + request.target.decode("ascii")
        if request.body:
            prepared.body = request.body
            prepared.headers["Content-Length"] = str(len(request.body))
        try:
            answer = self._session.send(prepared, timeout=self._timeout_s, allow_redirects=False)
        except requests.RequestException as error:
            raise _unreachable(self.url, error, self._timeout_s) from error
        lines = (f"{name}: {value}" for name, value in answer.raw.headers.items())
        response = Response(answer.status_code, "\r\n".join(lines).encode("latin-1", "replace"), answer.content)
        if wanted():
            took_ns = round(answer.elapsed.total_seconds() * NS_PER_S)
            tell(request, response, took_ns=took_ns, secrets=(self._current_token(),))
        return response

    def _current_token(self) -> str:
        return (self._token() if callable(self._token) else self._token) or ""

    def _headers(self, request: Request) -> dict[str, str]:
        headers = {"User-Agent": "demogen", "Accept": "application/json", "Accept-Encoding": "identity"}
        if token := self._current_token():
            headers["Authorization"] = f"Bearer {token}"
        if request.body:
            headers["Content-Type"] = request.content_type.decode("ascii")
        if request.key:
            headers["X-Idempotency"] = request.key.decode("ascii")
        for line in request.headers.decode("latin-1").splitlines():
            name, _, value = line.partition(":")
            headers[name.strip()] = value.strip()
        return headers


class _TlsAdapter(HTTPAdapter):
    """Trusts what the engine trusts, by the very same rules."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Nothing to add: the context checks already, and the default would load another authority."""


def _unreachable(url: str, error: requests.RequestException, timeout_s: float) -> LedgerUnreachable:
    text = str(error)
    if "WRONG_VERSION_NUMBER" in text:
        plain = url.replace("https:", "http:", 1)
        return LedgerUnreachable(f"what listens at {url} does not speak TLS", hint=f"try --host {plain}")
    if isinstance(error, requests.exceptions.SSLError):
        return LedgerUnreachable(f"no TLS with {url}: {_reason(text)}", hint="check --ca-file and the host name")
    if isinstance(error, requests.Timeout):
        return LedgerUnreachable(f"{url} did not answer within {timeout_s:g} s", hint="is it overloaded or filtered?")
    if "resolve" in text or "getaddrinfo" in text:
        return LedgerUnreachable(f"the host of {url} has no address", hint="check the spelling of --host")
    if "refused" in text:
        return LedgerUnreachable(f"no ledger at {url}", hint="start one: demogen sandbox")
    return LedgerUnreachable(f"no answer from {url}: {_reason(text)}", hint="is it a ledger, and is it still running?")


def _reason(text: str) -> str:
    """The innermost cause of a chain of wrapped errors."""
    if tls := re.search(r"\[SSL: [A-Z0-9_]+\] ([^(']+)", text):
        return tls[1].strip()
    return text.rsplit("Caused by ", 1)[-1].strip("()").replace("\n", " ")[:200]
