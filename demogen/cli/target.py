"""The ledger a verb works on: the one that was named, or an embedded sandbox; asked what it is before anything else.

May import: `client`, `sandbox`, `config`, `clock`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from demogen.client.auth import Token, token_of
from demogen.client.breaker import Breaker
from demogen.client.capabilities import Capabilities, detect
from demogen.client.crew import Crew
from demogen.client.engine import open_pump
from demogen.client.engine.tls import ClientCertificate
from demogen.client.metered import MeteredCarrier, Traffic
from demogen.client.pooled import PooledTransport
from demogen.client.retry import RetryPolicy
from demogen.client.transport import Carrier
from demogen.client.watched import watched
from demogen.clock import Clock
from demogen.config import Settings


class Target(NamedTuple):
    """A ledger that answered. `token` is the bearer token or tells the current one."""

    url: str
    capabilities: Capabilities
    token: Token
    embedded: bool


@contextmanager
def open_target(settings: Settings, *, database: Path, clock: Clock) -> Iterator[Target]:
    """The ledger to work on. Raises LedgerUnreachable or PreflightFailed where it cannot be.

    Without --host a sandbox is started on `database` and stopped at the end; what it holds stays there.
    """
    if settings.host is not None:
        yield _asked(settings, settings.host, clock, embedded=False)
        return
    from demogen.sandbox import Sandbox

    with Sandbox(db=str(database)) as sandbox:
        if not settings.quiet:
            sys.stderr.write(
                f"no --host: practising on the embedded sandbox at {sandbox.url}, its data in {database}\n"
            )
        yield _asked(settings, sandbox.url, clock, embedded=True)


def _asked(settings: Settings, url: str, clock: Clock, *, embedded: bool) -> Target:
    token = token_of(settings, clock)
    with PooledTransport(
        url,
        timeout_s=settings.request_timeout_s,
        token=token,
        ca_file=settings.ca_file,
        client_cert=certificate_of(settings),
    ) as transport:
        return Target(url, detect(transport), token, embedded)


def certificate_of(settings: Settings) -> ClientCertificate | None:
    return (settings.client_cert, settings.client_key) if settings.client_cert else None


def open_engine(
    settings: Settings, target: Target, *, clock: Clock, max_connections: int, eager: bool = True
) -> Carrier:
    """The engine towards the target, with the settings' TLS and token. Close it."""
    cert, key = settings.client_cert, settings.client_key
    pump = open_pump(
        target.url,
        clock=clock,
        max_connections=max_connections,
        eager=eager,
        token=target.token,
        ca_file=str(settings.ca_file) if settings.ca_file else None,
        client_cert=(str(cert), str(key or cert)) if cert else None,
    )
    return watched(pump, clock=clock, token=target.token)


@contextmanager
def open_crew(
    settings: Settings,
    target: Target,
    *,
    clock: Clock,
    note: Callable[[str], object],
    traffic: Traffic | None = None,
) -> Iterator[Crew]:
    """A crew as the settings want it; `note` is told what the circuit breaker does, `traffic` what goes to and fro."""
    concurrency = 1 if settings.mode == "sequential" else settings.concurrency
    breaker = Breaker(clock=clock, on_change=lambda state: note(f"circuit breaker {state}"))
    pump = open_engine(settings, target, clock=clock, max_connections=concurrency)
    try:
        yield Crew(
            pump if traffic is None else MeteredCarrier(pump, traffic, url=target.url, token=target.token),
            clock=clock,
            concurrency=concurrency,
            timeout_s=settings.request_timeout_s,
            rate_per_s=settings.max_rate,
            breaker=breaker if settings.circuit_breaker else None,
        )
    finally:
        pump.close()


def policy_of(settings: Settings) -> RetryPolicy:
    """How patiently requests are repeated."""
    first_ms = round(settings.retry_delay_s * 1000)
    return RetryPolicy(attempts=settings.retry_attempts + 1, first_ms=first_ms, longest_ms=max(1600, first_ms))
