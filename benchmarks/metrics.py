"""What being watched costs: processor time of a request with somebody scraping each second, against nobody at all.

    python benchmarks/metrics.py [--rounds 5] [--rate 6000] [--keep]

Ours under Locust, one process; the rounds are interleaved, so that what else the machine does falls on both. Watched
means both paths (/metrics in OpenMetrics, /metrics/locust) once a second, which is five times what our Prometheus asks.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import threading
import time
import urllib.request
from http.client import HTTPException

import figures
from ground import Ground, Run, free_port

SECONDS = 8
OPENMETRICS = "application/openmetrics-text;version=1.0.0"


class Scraper:
    """Asks once a second while it is open; `took_ms` is how long each answer of /metrics was waited for."""

    def __init__(self, port: int) -> None:
        self.took_ms: list[float] = []
        self._url = f"http://127.0.0.1:{port}/metrics"
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._scrape)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join()

    def _scrape(self) -> None:
        while not self._over.wait(1.0):
            for path in ("", "/locust"):
                began = time.monotonic()
                request = urllib.request.Request(self._url + path, headers={"Accept": OPENMETRICS})
                try:
                    with urllib.request.urlopen(request, timeout=5) as answer:
                        answer.read()
                except (OSError, HTTPException):
                    continue
                if not path:
                    self.took_ms.append((time.monotonic() - began) * 1000)


def play(ground: Ground, rate: int, *, core: int, watched: bool) -> dict[str, float]:
    """One run: processor time of a request in µs, and the median scrape in ms."""
    port = free_port()
    words = ("--target-tps", rate, "-t", f"{SECONDS}s", "-u", 32, "-r", 100, "--metrics-port", port)
    run = Run(ground.command(*words), cores={core})
    scraper = Scraper(port) if watched else None
    told = run.measurement(ground.run_dir, within_s=SECONDS + 60)
    if scraper is not None:
        scraper.close()
    shutil.rmtree(ground.run_dir, ignore_errors=True)
    cost = {"cpu_us": told["generator"]["cpu_seconds"] / told["arrivals"]["sent"] * 1e6}
    return cost | ({"scrape_ms": statistics.median(scraper.took_ms)} if scraper is not None else {})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rate", type=int, default=6_000)
    parser.add_argument("--keep", action="store_true")
    arguments = parser.parse_args()
    if not shutil.which("nginx"):
        print("skipped: nginx is not installed (apt install nginx-light)")
        return
    cores = sorted(os.sched_getaffinity(0))
    off, on, scrapes = [], [], []
    with Ground(core=cores[-1]) as ground:
        for number in range(arguments.rounds):
            # First the one, then the other: a machine that warms up or slows down favours neither.
            for watched in (False, True) if number % 2 else (True, False):
                told = play(ground, arguments.rate, core=cores[0], watched=watched)
                (on if watched else off).append(told["cpu_us"])
                scrapes += [told["scrape_ms"]] if watched else []
            print(f"unwatched {off[-1]:6.2f} µs   watched {on[-1]:6.2f} µs   scrape {scrapes[-1]:5.1f} ms", flush=True)
    values = {
        "rate": arguments.rate,
        "unwatched_cpu_us": statistics.median(off),
        "watched_cpu_us": statistics.median(on),
        "scrape_ms": statistics.median(scrapes),
    }
    more_us = statistics.median(mine - theirs for mine, theirs in zip(on, off, strict=True))
    # What the scrapes take of a core is what a process that is at its limit delivers less.
    lost = more_us * arguments.rate / 1e6
    print(f"\n{more_us:+.2f} µs a request at {arguments.rate:,} TPS, median of {len(on)} pairs: {lost:.1%} of a core")
    if arguments.keep:
        figures.keep("metrics", values | {"lost": lost})


if __name__ == "__main__":
    main()
