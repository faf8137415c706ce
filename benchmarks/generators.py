"""Requests per CPU-second of the generator: ours, wrk, k6 and stock Locust against a server that does nothing.

    python benchmarks/generators.py [--rounds 3] [--seconds 4] [--only "ours, Locust" wrk] [--keep]

Each keeps 32 connections busy with POSTs of its own body and key, pinned to the first core, the server to the last.
The server's count of requests and the kernel's count of processor time are read twice, seconds apart, while it runs:
start-up costs nobody anything. Rounds are interleaved and medians shown; what is not installed is skipped. With --keep
the figures go to figures.json, from which publish.py makes the page.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib import metadata
from typing import NamedTuple

import figures
from ground import RIVALS, Ground, Run, free_port

CONNECTIONS = 32
PATH = "/v1/organizations/a/ledgers/b/transactions/json"
#: More than anybody here can do, so that no connection is ever idle.
TOO_MUCH_TPS = 90_000
#: The measurement of the schedule must lie before its oldest arrivals lose patience (10 s).
LASTS = "20s"


class Generator(NamedTuple):
    """A way to make load: `command` for a URL and a folder to write in, if `program` is installed."""

    name: str
    program: str
    note: str = ""

    def command(self, ground: Ground, folder: str, port: int) -> list[str]:
        url = ground.server.url
        locust = [sys.executable, "-m", "locust", "--headless", "--only-summary", "-f"]
        users = ["-u", str(CONNECTIONS), "-r", str(CONNECTIONS), "--host", url, "--loglevel", "ERROR"]
        k6 = ["k6", "run", "--quiet", "--no-summary", "--no-usage-report"]
        wrk = ["wrk", "-t1", f"-c{CONNECTIONS}", "-d120s"]
        ours = ["-u", CONNECTIONS, "-r", 100, "--max-connections", CONNECTIONS, "-t", LASTS, "--metrics-port", port]
        # The others know no DSL.
        ours += ["--transaction-format", "json"]
        commands = {
            "engine": lambda: [sys.executable, str(RIVALS / "engine_alone.py"), url, str(CONNECTIONS)],
            "ours": lambda: [sys.executable, str(RIVALS / "ours.py"), url, str(CONNECTIONS), folder, str(TOO_MUCH_TPS)],
            "ours, Locust": lambda: ground.command("--target-tps", TOO_MUCH_TPS, *ours),
            "ours, @task": lambda: ground.command("--target-tps", 1, *ours, locustfile="ours_tasks.py"),
            "wrk": lambda: [*wrk, "-H", "X-Idempotency: r-1-1", url + PATH],
            "wrk, Lua": lambda: [*wrk, "-s", str(RIVALS / "wrk.lua"), url],
            "wrk2, Lua": lambda: ["wrk2", *wrk[1:], "-R1000000", "-s", str(RIVALS / "wrk.lua"), url],
            "wrk, same": lambda: [*wrk, "-s", str(RIVALS / "wrk_same.lua"), url],
            "k6": lambda: [*k6, str(RIVALS / "k6.js")],
            "k6, same": lambda: [*k6, str(RIVALS / "k6_same.js")],
            "FastHttpUser": lambda: [*locust, str(RIVALS / "stock_locust.py"), "Fast", *users],
            "FastHttpUser, same": lambda: [*locust, str(RIVALS / "stock_same.py"), "Same", *users],
            "HttpUser": lambda: [*locust, str(RIVALS / "stock_locust.py"), "Plain", *users],
        }
        return commands[self.name]()


#: What the rivals do in their scripts of the same name as ours: like for like, but for the journal.
SAME = "accounts and amounts drawn, three patterns, refunds"

GENERATORS = (
    Generator("engine", "", "our pump and classification alone"),
    Generator("ours", "", "patterns, unique bodies and keys, journal, histograms"),
    Generator("ours, Locust", "", "the same under Locust, with its statistics, scraped by Prometheus each second"),
    Generator("ours, @task", "", "ordinary task code under Locust, unique bodies and keys"),
    Generator("wrk", "wrk", "GET, constant"),
    Generator("wrk, Lua", "wrk", "unique bodies and keys"),
    Generator("wrk2, Lua", "wrk2", "unique bodies and keys"),
    Generator("wrk, same", "wrk", f"{SAME}, outcomes"),
    Generator("k6", "k6", "unique bodies and keys"),
    Generator("k6, same", "k6", f"{SAME}, outcomes by pattern"),
    Generator("FastHttpUser", "", "Locust's own, unique bodies and keys"),
    Generator("FastHttpUser, same", "", f"{SAME}, outcomes by pattern, Prometheus"),
    Generator("HttpUser", "", "Locust's own, unique bodies and keys"),
)


class Sample(NamedTuple):
    requests_per_s: float
    requests_per_cpu_s: float
    kernel_us: float


def measure(generator: Generator, ground: Ground, *, core: int, seconds: float) -> Sample:
    """One generator for some seconds, after it has got going."""
    server, port = ground.server, free_port()
    os.environ["TARGET"] = server.url
    with tempfile.TemporaryDirectory(prefix="generator-") as folder:
        first = server.requests()
        run = Run(generator.command(ground, folder, port), cores={core}, metrics_port=port)
        try:
            # What comes before the load, preflight and funding, is a few dozen requests.
            run.wait_until(lambda: server.requests() > first + 500, every_s=0.1)
            time.sleep(1.5)
            began, requests, before = time.monotonic(), server.requests(), run.cpu_s()
            time.sleep(seconds)
            requests, after = server.requests() - requests, run.cpu_s()
            elapsed_s = time.monotonic() - began
        finally:
            run.kill()
    own_s, kernel_s = (late - early for early, late in zip(before, after, strict=True))
    return Sample(requests / elapsed_s, requests / (own_s + kernel_s), kernel_s / requests * 1e6)


def present(names: list[str]) -> Iterator[Generator]:
    for generator in GENERATORS:
        if names and generator.name not in names:
            continue
        if generator.program and shutil.which(generator.program) is None:
            print(f"skipped: {generator.name} ({generator.program} is not installed)")
        else:
            yield generator


def versions() -> dict[str, str]:
    """Who they are that are compared, as far as they are here."""
    asked = {"k6": ["k6", "version"], "wrk": ["wrk", "-v"], "nginx": ["nginx", "-v"]}
    told = {"Locust": metadata.version("locust")}
    for name, command in asked.items():
        if shutil.which(command[0]):
            answer = subprocess.run(command, capture_output=True, text=True, check=False)
            number = re.search(r"\d+\.\d+\.\d+", answer.stdout + answer.stderr)
            told[name] = number[0] if number else "of no known version"
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME")
    parser.add_argument("--keep", action="store_true")
    arguments = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    chosen = list(present(arguments.only))
    samples: dict[str, list[Sample]] = {generator.name: [] for generator in chosen}
    with Ground(core=cores[-1]) as ground:
        print(f"null server: {ground.server.kind}; {arguments.rounds} rounds of {arguments.seconds:g} s\n")
        for _ in range(arguments.rounds):
            for generator in chosen:
                samples[generator.name].append(measure(generator, ground, core=cores[0], seconds=arguments.seconds))
    rows = {}
    print(f"{'generator':20}{'requests/s':>12}{'per CPU-second':>16}{'µs CPU each':>13}{'kernel':>9}   what it does")
    for generator in chosen:
        rate, per_cpu_s, kernel_us = (
            statistics.median(column) for column in zip(*samples[generator.name], strict=True)
        )
        each = f"{rate:12,.0f}{per_cpu_s:16,.0f}{1e6 / per_cpu_s:13.1f}{kernel_us:9.1f}"
        print(f"{generator.name:20}{each}   {generator.note}")
        rows[generator.name] = {"rate": rate, "per_cpu_s": per_cpu_s, "kernel_us": kernel_us, "note": generator.note}
    if arguments.keep:
        how = {"rounds": arguments.rounds, "seconds": arguments.seconds, "versions": versions()}
        figures.keep("generators", how | {"rows": rows})


if __name__ == "__main__":
    main()
