"""Makes a pump: reads the address, the TLS files and the descriptor limit; connects to nothing yet.

May import: the engine, `errors`, `clock`.
"""

from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

from demogen.client.engine.connection import Sockets
from demogen.client.engine.descriptors import RECV_BYTES
from demogen.client.engine.endpoint import Endpoint, Letters, Resolve
from demogen.client.engine.parser import BODY_BYTES_MAX
from demogen.client.engine.pump import Pump
from demogen.client.engine.tls import ClientCertificate, tls_context
from demogen.client.engine.watch import Poller, Wait
from demogen.clock import NS_PER_S, Clock
from demogen.errors import UsageError

MAX_CONNECTIONS = 4096
DESCRIPTORS_KEPT = 256  # for files, the journal, a web server, messages between processes


def open_pump(
    url: str,
    *,
    clock: Clock,
    max_connections: int = MAX_CONNECTIONS,
    connect_timeout_s: float = 5.0,
    eager: bool = True,
    answer_bytes_max: int = BODY_BYTES_MAX,
    token: str | Callable[[], str] | None = None,
    ca_file: str | Path | None = None,
    client_cert: ClientCertificate | None = None,
    sockets: Sockets | None = None,
    resolve: Resolve | None = None,
    poller: Callable[[], Poller] | None = None,
    wait: Wait | None = None,
) -> Pump:
    """A pump towards `url`. `max_connections` is capped by the descriptor limit, which is raised where it may be.

    An `eager` one opens a connection for each request that finds none free, any other where the loop has had to wait.

    `token` is the bearer token, or tells the one to use from now on. `sockets`, `resolve` (getaddrinfo) and `poller`
    (select.epoll) are the unpatched originals where gevent has replaced them, and `wait` parks the greenlet on a
    descriptor. Raises UsageError on an unusable address, TLS file or number.
    """
    if max_connections < 1 or connect_timeout_s <= 0 or answer_bytes_max < RECV_BYTES:
        raise UsageError(
            f"cannot run on {max_connections} connections, {connect_timeout_s} s to connect, {answer_bytes_max} bytes",
            hint=f"at least one connection, some time, and {RECV_BYTES} bytes for an answer",
        )
    module: Any = _socket_module() if sockets is None else sockets
    endpoint = Endpoint(url, resolve=resolve or module.getaddrinfo)
    context = tls_context(ca_file=ca_file, client_cert=client_cert) if endpoint.tls else None
    return Pump(
        endpoint,
        clock=clock,
        poller=(poller or _epoll())(),
        sockets=module,
        max_connections=min(max_connections, descriptors_for(max_connections)),
        connect_timeout_ns=round(connect_timeout_s * NS_PER_S),
        eager=eager,
        answer_bytes_max=answer_bytes_max,
        tls=context,
        letters=Letters(endpoint, token=_provider(token)),
        wait=wait,
    )


def descriptors_for(wanted: int) -> int:
    """How many of `wanted` connections this process may hold; raises its soft limit where that helps."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + DESCRIPTORS_KEPT
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        except (OSError, ValueError):
            soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if soft == resource.RLIM_INFINITY:
        return wanted
    return min(wanted, max(soft - DESCRIPTORS_KEPT, soft // 2))


def _provider(token: str | Callable[[], str] | None) -> Callable[[], str] | None:
    if isinstance(token, str):
        fixed = token
        return (lambda: fixed) if fixed else None
    return token


def _socket_module() -> Any:
    import socket

    return socket


def _epoll() -> Callable[[], Poller]:
    import select

    return select.epoll
