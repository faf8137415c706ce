"""How much a run grows: resident memory of ours under Locust, everything on, over millions of requests.

    python benchmarks/memory.py [--requests 1000000] [--rate 12000] [--keep]

The first million is left out: until then buffers, connections and above all histograms take their size, which is
bounded by the number of buckets and not by that of the requests.
"""

from __future__ import annotations

import argparse
import os
import shutil

import figures
from ground import Ground, Run, free_port

WARM = 1_000_000
STEPS = 40


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--rate", type=int, default=12_000)
    parser.add_argument("--keep", action="store_true")
    arguments = parser.parse_args()
    if not shutil.which("nginx"):
        print("skipped: nginx is not installed (apt install nginx-light)")
        return
    cores = sorted(os.sched_getaffinity(0))
    with Ground(core=cores[-1]) as ground:
        port = free_port()
        seconds = (arguments.requests + WARM) // arguments.rate + 30
        words = ("--target-tps", arguments.rate, "-t", f"{seconds}s", "-u", 32, "-r", 100, "--metrics-port", port)
        run = Run(ground.command(*words), cores={cores[0]}, metrics_port=port)
        first = ground.server.requests()
        try:
            run.wait_until(lambda: ground.server.requests() > first + WARM, within_s=seconds, every_s=0.5)
            begun = ground.server.requests()
            points = [(begun, run.rss_mb())]
            for step in range(1, STEPS + 1):
                goal = begun + arguments.requests * step // STEPS
                run.wait_until(lambda goal=goal: ground.server.requests() >= goal, within_s=seconds, every_s=0.2)
                points.append((ground.server.requests(), run.rss_mb()))
                print(f"{points[-1][0] - begun:12,} requests  {points[-1][1]:8.1f} MB", flush=True)
        finally:
            run.kill()
    grown = points[-1][1] - points[0][1]
    requests = points[-1][0] - points[0][0]
    print(f"\ngrew by {grown:.1f} MB in {requests:,} requests, from {points[0][1]:.1f} MB")
    if arguments.keep:
        figures.keep("memory", {"requests": requests, "grown_mb": grown, "from_mb": points[0][1], "points": points})


if __name__ == "__main__":
    main()
