"""Requests per CPU-second of the generator: ours, wrk, k6 and stock Locust against a server that does nothing.

    python benchmarks/generators.py [--rounds 3] [--seconds 4] [--only ours wrk]

Each keeps 32 connections busy with POSTs of its own body and key, pinned to the first core, the server to the last.
The server's count of requests and the kernel's count of processor time are read twice, seconds apart, while it runs:
start-up costs nobody anything. Rounds are interleaved and medians shown; what is not installed is skipped.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil
from null_server import NullServer

HERE = Path(__file__).parent
RIVALS = HERE / "rivals"
CONNECTIONS = 32
PATH = "/v1/organizations/a/ledgers/b/transactions/json"


class Generator(NamedTuple):
    """A way to make load: `command` for a URL and a folder to write in, if `program` is installed."""

    name: str
    program: str
    note: str = ""

    def command(self, url: str, folder: str) -> list[str]:
        locust = [sys.executable, "-m", "locust", "-f", str(RIVALS / "stock_locust.py"), "--headless", "--only-summary"]
        users = ["-u", str(CONNECTIONS), "-r", str(CONNECTIONS), "--host", url, "--loglevel", "ERROR"]
        wrk = ["wrk", "-t1", f"-c{CONNECTIONS}", "-d120s"]
        return {
            "engine": [sys.executable, str(RIVALS / "engine_alone.py"), url, str(CONNECTIONS)],
            "ours": [sys.executable, str(RIVALS / "ours.py"), url, str(CONNECTIONS), folder],
            "wrk": [*wrk, url + PATH],
            "wrk, Lua": [*wrk, "-s", str(RIVALS / "wrk.lua"), url],
            "k6": ["k6", "run", "--quiet", "--no-summary", "--no-usage-report", str(RIVALS / "k6.js")],
            "FastHttpUser": [*locust, "Fast", *users],
            "HttpUser": [*locust, "Plain", *users],
        }[self.name]


GENERATORS = (
    Generator("engine", "", "our pump and classification alone"),
    Generator("ours", "", "patterns, unique bodies and keys, journal, histograms"),
    Generator("wrk", "wrk", "GET, constant"),
    Generator("wrk, Lua", "wrk", "unique bodies and keys"),
    Generator("k6", "k6", "unique bodies and keys"),
    Generator("FastHttpUser", "", "Locust's own, unique bodies and keys"),
    Generator("HttpUser", "", "Locust's own, unique bodies and keys"),
)


class Sample(NamedTuple):
    requests_per_s: float
    requests_per_cpu_s: float


def measure(generator: Generator, server: NullServer, *, core: int, seconds: float) -> Sample:
    """One generator for some seconds, after it has got going."""
    with tempfile.TemporaryDirectory(prefix="generator-") as folder:
        process = subprocess.Popen(
            generator.command(server.url, folder),
            env=os.environ | {"TARGET": server.url},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )
        try:
            _until_going(process, server)
            began, requests, cpu_s = time.monotonic(), server.requests(), _cpu_s(process.pid)
            time.sleep(seconds)
            requests, cpu_s = server.requests() - requests, _cpu_s(process.pid) - cpu_s
            elapsed_s = time.monotonic() - began
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    return Sample(requests / elapsed_s, requests / cpu_s)


def _until_going(process: subprocess.Popen[bytes], server: NullServer) -> None:
    """Wait until it answers for itself and has warmed up."""
    first, end = server.requests(), time.monotonic() + 30
    while server.requests() < first + 200:
        if process.poll() is not None or time.monotonic() > end:
            assert process.stderr is not None
            raise SystemExit(f"it did not start: {process.stderr.read().decode()[-800:]}")
        time.sleep(0.1)
    time.sleep(1.5)


def _cpu_s(pid: int) -> float:
    """Processor time of a process and its children so far."""
    root = psutil.Process(pid)
    return float(sum(one.cpu_times().user + one.cpu_times().system for one in [root, *root.children(recursive=True)]))


def present(names: list[str]) -> Iterator[Generator]:
    for generator in GENERATORS:
        if names and generator.name not in names:
            continue
        if generator.program and shutil.which(generator.program) is None:
            print(f"skipped: {generator.name} ({generator.program} is not installed)")
        else:
            yield generator


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME")
    arguments = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    chosen = list(present(arguments.only))
    samples: dict[str, list[Sample]] = {generator.name: [] for generator in chosen}
    with NullServer(cores={cores[-1]}) as server:
        print(f"null server: {server.kind}; {arguments.rounds} rounds of {arguments.seconds:g} s\n")
        for _ in range(arguments.rounds):
            for generator in chosen:
                samples[generator.name].append(measure(generator, server, core=cores[0], seconds=arguments.seconds))
    print(f"{'generator':14}{'requests/s':>12}{'per CPU-second':>16}{'µs CPU each':>13}   what it does")
    for generator in chosen:
        rate, per_cpu_s = (statistics.median(column) for column in zip(*samples[generator.name], strict=True))
        print(f"{generator.name:14}{rate:12,.0f}{per_cpu_s:16,.0f}{1e6 / per_cpu_s:13.1f}   {generator.note}")


if __name__ == "__main__":
    main()
