"""What `demogen sandbox` does once its flags are read: open, announce, serve, close.

May import: demogen.clock, demogen.errors, demogen.sandbox.
"""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from demogen.clock import SystemClock
from demogen.errors import UsageError
from demogen.sandbox.app import SandboxApp
from demogen.sandbox.controls.gate import Controls, Gate
from demogen.sandbox.controls.panel import Panel
from demogen.sandbox.dialect import DIALECTS
from demogen.sandbox.server import Server

_PR_SET_PDEATHSIG = 1
_LAST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Options:
    """The flags of the command."""

    host: str = "127.0.0.1"
    port: int = 3002
    db: str = ":memory:"
    dialect: str = "v3.8"
    quirks: str = "all"
    defects: Sequence[str] = ()
    controls: Controls = field(default_factory=Controls)
    control_panel: bool = False
    die_with_parent: bool = False


def run(options: Options, *, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT."""
    if options.dialect not in DIALECTS:
        raise UsageError(f"no dialect {options.dialect}", hint="known: " + ", ".join(DIALECTS))
    if not 0 <= options.port <= _LAST_PORT:
        raise UsageError(f"no port {options.port}", hint="name one from 1 to 65535, or 0 for a free one")
    if options.die_with_parent:
        _tie_to_parent()
    app = SandboxApp(db=options.db, dialect=options.dialect, quirks=options.quirks, defects=options.defects)
    clock = SystemClock()
    gate = Gate(options.controls, clock=clock, rng=Random(clock.wall_ns()), routes=app.route_names)
    app.world.lag_us = gate.lag_us
    panel = Panel(app, gate) if options.control_panel else None
    server = Server(app, gate=gate, clock=clock, host=options.host, port=options.port, panel=panel)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: server.stop())
    announce(_announcement(options, server.url))
    server.serve()
    app.close()


def _announcement(options: Options, url: str) -> str:
    store = "in memory" if options.db == ":memory:" else options.db
    planted = f", defects: {', '.join(options.defects)}" if options.defects else ""
    example = f"curl -s {url}/v1/organizations"
    return f"sandbox {options.dialect} ready at {url} ({store}{planted}) - try: {example}"


def _tie_to_parent() -> None:
    """Ask the kernel for SIGTERM when the parent ends; if it has ended already, end now."""
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit(0)
