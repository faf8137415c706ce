"""What is looked at before a run: the machine, then the ledger. Each check is a line: ok, warn or fail, with a hint.

Looks, writes one file and removes it, sends reads only. May import: `client`, `config`, `clock`, `record`.
"""

from __future__ import annotations

import os
import platform
import resource
import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Literal, NamedTuple

from demogen.cli.target import certificate_of
from demogen.client.auth import token_of
from demogen.client.capabilities import Capabilities, detect
from demogen.client.pooled import PooledTransport
from demogen.client.ports import port_trouble
from demogen.clock import NS_PER_S, Clock
from demogen.config import Settings
from demogen.contract.exchange import Request
from demogen.contract.routes import ROUTES
from demogen.errors import DemogenError
from demogen.population.tracking import memory_mb

Mark = Literal["ok", "warn", "fail"]

#: Descriptors besides connections: files, the journal, a web server.
_DESCRIPTORS_KEPT = 256
_DISK_WARN_GB, _DISK_FAIL_GB = 2.0, 0.1
_CLOCK_WARN_S = 5.0
_WEB_UI_PORT, _SANDBOX_PORT = 8089, 3002


class Check(NamedTuple):
    """One line of the doctor. `hint` says what to do where `mark` is not ok."""

    mark: Mark
    name: str
    says: str
    hint: str = ""


def machine_checks(settings: Settings, *, clock: Clock) -> Iterator[Check]:
    """Everything that needs no ledger."""
    yield _python()
    yield _libraries()
    yield _descriptors(settings.max_connections)
    yield _processors()
    folder = settings.run_dir or Path("runs")
    yield _writable(folder)
    yield _disk(folder)
    yield _timer(clock)
    yield from _ports(settings)


def ledger_checks(settings: Settings, *, clock: Clock) -> Iterator[Check]:
    """Everything about the ledger that was named; without one, that the sandbox will serve."""
    if settings.host is None:
        yield Check("ok", "ledger", "no --host: the embedded sandbox will be started")
        return
    try:
        token = token_of(settings, clock)
        with PooledTransport(
            settings.host,
            timeout_s=settings.request_timeout_s,
            token=token,
            ca_file=settings.ca_file,
            client_cert=certificate_of(settings),
        ) as transport:
            began_ns = clock.now_ns()
            capabilities = detect(transport)
            took_ms = (clock.now_ns() - began_ns) / 1e6
            yield Check("ok", "ledger", f"{settings.host} answers in {took_ms:.0f} ms: {capabilities.version}")
            yield _capabilities(capabilities)
            yield _permission(transport)
            yield _clocks(transport, clock)
    except DemogenError as error:
        yield Check("fail", "ledger", error.message, error.hint)


def _python() -> Check:
    """Older ones never get here: the package asks for 3.11."""
    build = "" if sys.flags.optimize == 0 else ", assertions off"
    return Check("ok", "python", f"{platform.python_version()} on {platform.system()} {platform.release()}{build}")


def _libraries() -> Check:
    """Every library demogen depends on, as its own metadata lists them."""
    try:
        asked = requires("demogen") or []
    except PackageNotFoundError:
        return Check("warn", "libraries", "demogen runs from a folder, not installed", "install it: pip install .")
    names = [line.split(";")[0] for line in asked if "extra ==" not in line]
    plain = [name.split(">")[0].split("=")[0].split("[")[0].strip() for name in names]
    missing = []
    for name in plain:
        try:
            version(name)
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        return Check("fail", "libraries", f"missing: {', '.join(missing)}", "install demogen again")
    return Check("ok", "libraries", f"all {len(plain)} are there, locust {version('locust')}")


def _descriptors(wanted: int) -> Check:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = float("inf") if hard == resource.RLIM_INFINITY else hard
    says = f"{soft:,}, may be raised to {'any number' if allowed == float('inf') else f'{hard:,}'}"
    if allowed < wanted + _DESCRIPTORS_KEPT:
        return Check("warn", "descriptors", f"{says}: too few for {wanted:,} connections", "raise ulimit -Hn")
    return Check("ok", "descriptors", says)


def _processors() -> Check:
    count = len(os.sched_getaffinity(0))
    load = os.getloadavg()[0]
    says = f"{count}, load {load:.1f}, {memory_mb():.0f} MB used by this command"
    if load > count:
        return Check("warn", "processors", says, "other work is running: it will show in the latencies")
    return Check("ok", "processors", says)


def _writable(folder: Path) -> Check:
    folder, there = folder.absolute(), _nearest(folder)
    probe = folder / f".doctor-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"x" * 4096)
        probe.unlink()
    except OSError as error:
        return Check("fail", "run folder", f"cannot write {folder}: {error.strerror}", "name a writable --run-dir")
    finally:
        _remove_empty(folder, down_to=there)
    return Check("ok", "run folder", f"{there} is writable")


def _remove_empty(folder: Path, *, down_to: Path) -> None:
    """Looking must leave nothing behind."""
    while folder != down_to and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def _nearest(path: Path) -> Path:
    """The path, or the first folder above it that exists."""
    path = path.absolute()
    return next(folder for folder in (path, *path.parents) if folder.exists())


def _disk(folder: Path) -> Check:
    free_gb = shutil.disk_usage(_nearest(folder)).free / 1e9
    says = f"{free_gb:,.1f} GB free"
    if free_gb < _DISK_FAIL_GB:
        return Check("fail", "disk", says, "free some space: a journal takes about 250 bytes a transaction")
    if free_gb < _DISK_WARN_GB:
        return Check("warn", "disk", says, "enough for a few million transactions only")
    return Check("ok", "disk", says)


def _timer(clock: Clock) -> Check:
    """How late this machine wakes up: the floor under every due time."""
    late_ms = []
    for _ in range(20):
        began_ns = clock.now_ns()
        clock.sleep(0.001)
        late_ms.append((clock.now_ns() - began_ns) / 1e6 - 1.0)
    worst = max(late_ms)
    says = f"wakes up at most {worst:.1f} ms late"
    if worst > 20:
        return Check("warn", "timer", says, "the machine is busy: latencies will include its own")
    return Check("ok", "timer", says)


def _ports(settings: Settings) -> Iterator[Check]:
    wanted = [(_WEB_UI_PORT, "Locust's web UI", "--web-port"), (_SANDBOX_PORT, "demogen sandbox", "--port")]
    if settings.metrics_port:
        wanted.append((settings.metrics_port, "metrics", "--metrics-port"))
    for port, whose, flag in wanted:
        trouble = port_trouble(port)
        if trouble:
            yield Check("warn", f"port {port}", f"{whose}: {trouble}", f"name another with {flag}, or free it")
        else:
            yield Check("ok", f"port {port}", f"free for {whose}")


def _capabilities(capabilities: Capabilities) -> Check:
    has = [name for name in ("dsl", "routes", "asset_rates") if getattr(capabilities, name)]
    says = f"speaks as {capabilities.dialect}, has {', '.join(has).replace('_', ' ')}"
    if not capabilities.recorded:
        hint = "this very version was not recorded: read a surprise twice"
        return Check("warn", "capabilities", says, hint)
    return Check("ok", "capabilities", says)


def _permission(transport: PooledTransport) -> Check:
    """Whether a plain read is allowed: a token that is missing or expired shows here."""
    answer = transport.send(Request(b"GET", ROUTES["organization.list"].path.encode() + b"?limit=1"))
    if answer.status in (401, 403):
        return Check("fail", "permission", f"reading is refused with {answer.status}", "name a --token")
    if answer.status >= 500:
        return Check("fail", "permission", f"reading fails with {answer.status}", "see the ledger's own log")
    return Check("ok", "permission", "reading is allowed")


def _clocks(transport: PooledTransport, clock: Clock) -> Check:
    """The audit's window is in the ledger's dates: a clock that is far off is worth a word."""
    answer = transport.send(Request(b"GET", ROUTES["version"].path.encode()))
    dated = answer.header(b"date")
    if dated is None:
        return Check("ok", "clocks", "the ledger does not tell the time")
    theirs = parsedate_to_datetime(dated.decode("latin-1"))
    ahead_s = (theirs - datetime.fromtimestamp(clock.wall_ns() / NS_PER_S, UTC)).total_seconds()
    says = f"the ledger's is {abs(ahead_s):.0f} s {'ahead' if ahead_s > 0 else 'behind'}"
    if abs(ahead_s) > _CLOCK_WARN_S:
        return Check("warn", "clocks", says, "set both by NTP")
    return Check("ok", "clocks", says)
