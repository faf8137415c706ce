"""One request at a time over `requests`: for preflight, doctor and tokens, where clarity matters and speed does not.

May import: requests, `transport`, `contract`, `errors`.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import requests

from demogen.contract.exchange import Request, Response
from demogen.errors import LedgerUnreachable


class PooledTransport:
    """A Transport over a pooled session. Use as a context manager, or call `close`."""

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float = 10.0,
        token: str = "",
        ca_file: Path | None = None,
        client_cert: tuple[str, str] | None = None,
    ) -> None:
        self._url = url.rstrip("/")
        self._timeout_s = timeout_s
        self._session = requests.Session()
        # Proxies and netrc of this machine are not part of what was asked for.
        self._session.trust_env = False
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"
        if ca_file is not None:
            self._session.verify = str(ca_file)
        if client_cert is not None:
            self._session.cert = client_cert

    def send(self, request: Request) -> Response:
        """Raises LedgerUnreachable where no answer came."""
        headers = {"Content-Type": request.content_type.decode()} if request.body else {}
        if request.key:
            headers["X-Idempotency"] = request.key.decode()
        try:
            answer = self._session.request(
                request.method.decode(),
                self._url + request.target.decode(),
                data=request.body or None,
                headers=headers,
                timeout=self._timeout_s,
                allow_redirects=False,
            )
        except requests.exceptions.SSLError as error:
            raise LedgerUnreachable(
                f"{self._url} is not trusted: {error}", hint="name its authority with --ca-file"
            ) from error
        except requests.exceptions.Timeout as error:
            raise LedgerUnreachable(
                f"{self._url} did not answer within {self._timeout_s:g} s", hint="is it up, and the right address?"
            ) from error
        except requests.exceptions.RequestException as error:
            raise LedgerUnreachable(
                f"no ledger answers at {self._url}", hint="start one: demogen sandbox; or correct --host"
            ) from error
        head = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items()).encode("latin-1")
        return Response(answer.status_code, head, answer.content)

    def close(self) -> None:
        self._session.close()

    def __enter__(self) -> PooledTransport:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
