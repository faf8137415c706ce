"""`demogen calibrate`: the highest rate that this machine drives from one process, what bounds it, how many to start.

Half a minute at most, on loopback only; leaves nothing behind. May import: `workload`, `client`, `config`, `clock`.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import typer

from demogen.cli.options import takes
from demogen.cli.screen import VerbCommand
from demogen.client.engine import open_pump
from demogen.clock import SystemClock
from demogen.config import Settings
from demogen.contract.wire import check_spelling
from demogen.errors import PreflightFailed
from demogen.workload.calibrate import HEADROOM, Calibration, Probe, Workbench, search

app = typer.Typer()

_WITHIN_S = 24.0
_CONNECTIONS = 32


@app.command(cls=VerbCommand)
@takes(Calibrate=("target_tps", "transaction_format", "max_connections", "quiet", "json_output"))
def calibrate(settings: Settings) -> None:
    """Find what this machine can drive: ever higher rates on a server that does nothing, until one is not kept.

    A rate is kept where 99.8 % of it is answered in time and arrivals leave no later than 1 ms at P99. Everything is
    on as in a run: unique keys, patterns, journal, histograms.
    """
    silent = settings.quiet or settings.json_output
    clock = SystemClock()
    with _null_server() as url, tempfile.TemporaryDirectory(prefix="demogen-calibrate-") as folder:
        pump = open_pump(url, clock=clock, max_connections=settings.max_connections)
        pump.open(_CONNECTIONS)
        bench = Workbench(pump, folder=Path(folder), clock=clock, spelling=check_spelling(settings.transaction_format))
        bench.probe(500.0, seconds=0.3)
        gc.collect()
        gc.freeze()
        found = search(bench.probe, clock=clock, within_s=_WITHIN_S, told=lambda probe: _tell(probe, silent=silent))
        gc.unfreeze()
        pump.close()
    cores = len(os.sched_getaffinity(0))
    target_tps = settings.target_tps if settings.origin("target_tps") != "default" else None
    if settings.json_output:
        typer.echo(json.dumps(_as_json(found, cores, target_tps)))
    else:
        typer.echo("\n".join(_lines(found, cores, target_tps)))


@contextmanager
def _null_server() -> Iterator[str]:
    """A ledger that does nothing, as a child; where there is a core to spare, on a core of its own."""
    child = subprocess.Popen(
        [sys.executable, "-m", "demogen.sandbox.null"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    own = os.sched_getaffinity(0)
    try:
        if len(own) > 1:
            last = max(own)
            os.sched_setaffinity(child.pid, {last})
            os.sched_setaffinity(0, own - {last})
        assert child.stdout is not None
        line = child.stdout.readline()
        if "http://" not in line:
            raise PreflightFailed("the null server did not start", hint="try: python -m demogen.sandbox.null")
        yield line.split()[-1]
    finally:
        os.sched_setaffinity(0, own)
        child.terminate()
        child.communicate()


def _tell(probe: Probe, *, silent: bool) -> None:
    if not silent:
        typer.echo(
            f"{probe.rate_tps:9,.0f}/s  {probe.delivered:6.1%} in time, lag P99 {probe.lag_ms_p99:.2f} ms, "
            f"{probe.cpu_us:.0f} µs each, {probe.busy:.0%} of a core",
            err=True,
        )


def _lines(found: Calibration, cores: int, target_tps: float | None) -> Iterator[str]:
    best = found.kept
    if best is None:
        yield "this machine keeps none of the rates tried: it is busy with something else"
        yield f"bound by: {found.bound_by}"
        return
    yield (
        f"one process drives {best.rate_tps:,.0f} transactions a second here: {best.delivered:.2%} in time, "
        f"lag P99 {best.lag_ms_p99:.2f} ms, {best.cpu_us:.0f} µs of processor each"
    )
    yield f"bound by: {found.bound_by}"
    if found.disturbed:
        yield (
            f"this machine is busy with other things: arrivals left up to {found.lag_ms_max / 2:.1f} ms late even when "
            "next to nothing was asked for, so twice that was let pass; try again when it is quiet"
        )
    yield (
        f"workers: 1 for up to {HEADROOM * best.rate_tps:,.0f} a second, and one more for each further "
        f"{HEADROOM * best.rate_tps:,.0f}; there are {cores} cores, and a ledger here needs some of them"
    )
    if target_tps is not None:
        workers = found.workers_for(target_tps)
        how = "one process is enough" if workers == 1 else f"locust … --processes {workers}"
        more = f", but there are only {cores} cores here: add machines" if workers > cores else ""
        yield f"for --target-tps {target_tps:g}: {how}{more}"


def _as_json(found: Calibration, cores: int, target_tps: float | None) -> dict[str, object]:
    told: dict[str, object] = {
        "drives_tps": found.drives_tps,
        "bound_by": found.bound_by,
        "cores": cores,
        "lag_ms_max": found.lag_ms_max,
        "probes": [msgspec.to_builtins(probe) | {"kept": probe.kept(found.lag_ms_max)} for probe in found.probes],
    }
    if target_tps is not None:
        told["workers"] = found.workers_for(target_tps)
    return told
