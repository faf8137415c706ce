"""Is the schedule kept, and the truth told? Ours under Locust, everything on, at fixed rates and through a stall.

    python benchmarks/openloop.py [--rounds 3] [--only rates stall workers] [--keep]

Lags and percentiles are taken from the journal, record by record, so they also check what the run itself reports. In
the stall the server is stopped for one second of ten at 2,000 TPS: the true P99 is 900 ms (a tenth of all requests
waits between 0 and 1,000 ms, evenly), the true maximum 1,000 ms. k6 and stock Locust go through the same. After each
rate a bare loop keeps the same schedule on the same core (`bare_loop.py`): what it is late, the machine is.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import figures
import numpy as np
from ground import RIVALS, Ground, Run, free_port

from demogen.record.journal import JournalFile, Kind

#: The last two are half and four fifths of what one process does in a closed loop on the machine of figures.json.
RATES = (500, 2_000, 8_000, 16_000, 28_000, 40_000, 64_000)
SECONDS = 10
BARE = Path(__file__).parent / "bare_loop.py"
STALL_TPS = 2_000
STALL_AT_S, STALL_S = 4.0, 1.0

Figures = dict[str, Any]


def raw(run_dir: Path) -> tuple[Any, Any, Any]:
    """(due times in s, lags, response times in ms) of every write in all journals of a run."""
    dues, lags, responses = [], [], []
    for path in sorted((run_dir / "journal").glob("[0-9]*.journal")):
        intents, outcomes = [], []
        for chunk in JournalFile(path).chunks():
            intents.append(chunk[Kind.INTENT])
            outcomes.append(chunk[Kind.OUTCOME])
        intent, outcome = np.concatenate(intents), np.concatenate(outcomes)
        due = intent[np.argsort(intent["arrival"], kind="stable")]
        end = outcome[np.argsort(outcome["arrival"], kind="stable")]
        due = due[np.isin(due["arrival"], end["arrival"])]
        dues.append(due["due_ns"] / 1e9)
        lags.append((end["sent_ns"] - due["due_ns"]) / 1e6)
        responses.append((end["answered_ns"] - due["due_ns"]) / 1e6)
    return np.concatenate(dues), np.concatenate(lags), np.concatenate(responses)


def in_the_median_second(dues: Any, lags: Any) -> float:
    """The P99 of each second by itself, and of those the median: what a second is like that nothing odd befell."""
    seconds = (dues - dues.min()).astype(int)
    return statistics.median(at(np.sort(lags[seconds == second]), 0.99) for second in np.unique(seconds))


def at(ordered: Any, share: float) -> float:
    return float(ordered[max(0, -int(-share * len(ordered) // 1) - 1)])


def play(ground: Ground, rate: int, *words: object, cores: set[int], during: Callable[[float], None] | None) -> Figures:
    """One run of ours; `during` is told when the load began (monotonic seconds)."""
    port = free_port()
    command = ground.command(
        "--target-tps", rate, "-t", f"{SECONDS}s", "-u", 32, "-r", 100, "--metrics-port", port, *words
    )
    run = Run(command, cores=cores, metrics_port=port)
    journals = ground.run_dir / "journal"
    run.wait_until(lambda: any(path.stat().st_size > 4096 for path in journals.glob("[0-9]*.journal")), every_s=0.005)
    began = time.monotonic()
    if during is not None:
        during(began)
    told = run.measurement(ground.run_dir, within_s=SECONDS + 60)
    time.sleep(0.2)
    dues, lags, responses = raw(ground.run_dir)
    typical_ms = in_the_median_second(dues, lags)
    lags, responses = np.sort(lags), np.sort(responses)
    reported = told["latency_ms"]["response"]
    shutil.rmtree(ground.run_dir, ignore_errors=True)
    return {
        "first_request_s": began - run.began,
        "delivered": told["delivered_tps"] / rate,
        "sent": told["arrivals"]["sent"] / (rate * SECONDS),
        "lag_ms_p50": at(lags, 0.5),
        "lag_ms_p99": at(lags, 0.99),
        "lag_ms_p99_second": typical_ms,
        "cpu_us": told["generator"]["cpu_seconds"] / told["arrivals"]["sent"] * 1e6,
        "p99_ms": reported["p99"],
        "max_ms": reported["max"],
        "raw_p99_ms": at(responses, 0.99),
        "raw_max_ms": float(responses[-1]),
        # What the histogram cannot tell apart, a microsecond, is no difference.
        "worst_gap": max(
            max(0.0, abs(reported[name] - at(responses, share)) - 0.001) / at(responses, share)
            for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("p999", 0.999), ("max", 1.0))
        ),
    }


def with_bare_loop(row: Figures, rate: int, *, core: int) -> Figures:
    """The row, and what the lag of a loop without any generator is right after it."""
    words = ["--rate", rate, "--seconds", SECONDS, "--core", core]
    told = subprocess.run([sys.executable, BARE, *map(str, words)], capture_output=True, check=True).stdout
    return row | {f"bare_{name}": value for name, value in json.loads(told).items()}


def stall(ground: Ground) -> Callable[[float], None]:
    def during(began: float) -> None:
        time.sleep(max(0.0, began + STALL_AT_S - time.monotonic()))
        ground.server.freeze()
        time.sleep(STALL_S)
        ground.server.thaw()

    return during


def k6(ground: Ground, vus: int, *, core: int) -> Figures:
    """What k6 says of the same stall, with so many virtual users."""
    with tempfile.TemporaryDirectory() as folder:
        summary = Path(folder) / "summary.json"
        os.environ |= {"TARGET": ground.server.url, "VUS": str(vus), "RATE": str(STALL_TPS), "SECONDS": str(SECONDS)}
        words = ["--quiet", "--no-usage-report", "--summary-export", str(summary), "--summary-trend-stats", "p(99),max"]
        first = ground.server.requests()
        run = Run(["k6", "run", *words, str(RIVALS / "k6_open.js")], cores={core})
        run.wait_until(lambda: ground.server.requests() > first + 20)
        stall(ground)(time.monotonic())
        run.wait_until(summary.exists, within_s=60)
        time.sleep(0.5)
        told = json.loads(summary.read_text(encoding="utf-8"))["metrics"]
        run.kill()
    wanted = STALL_TPS * SECONDS
    return {
        "delivered": told["iterations"]["count"] / wanted,
        "p99_ms": told["http_req_duration"]["p(99)"],
        "max_ms": told["http_req_duration"]["max"],
    }


def stock(ground: Ground, *, core: int) -> Figures:
    """What stock Locust says of it: FastHttpUser, 50 users at a constant throughput."""
    with tempfile.TemporaryDirectory() as folder:
        base = [sys.executable, "-m", "locust", "-f", str(RIVALS / "stock_locust.py"), "Paced", "--headless"]
        base += ["-u", "50", "-r", "50", "-t", f"{SECONDS}s", "--host", ground.server.url, "--csv", f"{folder}/t"]
        first = ground.server.requests()
        run = Run([*base, "--only-summary", "--loglevel", "ERROR"], cores={core})
        run.wait_until(lambda: ground.server.requests() > first + 20)
        stall(ground)(time.monotonic())
        table = Path(folder) / "t_stats.csv"
        time.sleep(SECONDS - STALL_AT_S - STALL_S + 3)
        with table.open(encoding="utf-8") as file:
            total = list(csv.DictReader(file))[-1]
        run.kill()
    return {
        "delivered": int(total["Request Count"]) / (STALL_TPS * SECONDS),
        "p99_ms": float(total["99%"]),
        "max_ms": float(total["Max Response Time"]),
    }


def median(rounds: list[Figures]) -> Figures:
    return {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}


def measured(ground: Ground, cores: list[int], rounds: int, only: list[str]) -> dict[str, Figures]:
    """Every figure asked for, by name; rounds are interleaved."""
    mine = {cores[0]}
    todo: dict[str, Callable[[], Figures]] = {}
    if "rates" in only:
        for rate in RATES:
            todo[f"rate {rate}"] = lambda rate=rate: with_bare_loop(
                play(ground, rate, cores=mine, during=None), rate, core=cores[0]
            )
    if "stall" in only:
        todo["stall ours"] = lambda: play(ground, STALL_TPS, cores=mine, during=stall(ground))
        if shutil.which("k6"):
            todo["stall k6, 50 VUs"] = lambda: k6(ground, 50, core=cores[0])
            todo["stall k6, 2,500 VUs"] = lambda: k6(ground, 2_500, core=cores[0])
        todo["stall FastHttpUser"] = lambda: stock(ground, core=cores[0])
    if "workers" in only:
        # Workers, master and server share two cores here: only the processor time of a request can be compared, at
        # the same rate for each worker, since a wake-up costs more than a request.
        everywhere = set(cores)
        todo["workers 1"] = lambda: play(ground, 4_000, "--processes", 1, cores=everywhere, during=None)
        todo["workers 2"] = lambda: play(ground, 8_000, "--processes", 2, cores=everywhere, during=None)
    found: dict[str, list[Figures]] = {name: [] for name in todo}
    for _ in range(rounds):
        for name, measure in todo.items():
            found[name].append(measure())
            tell(name, found[name][-1])
    return {name: median(several) for name, several in found.items()}


def tell(name: str, row: Figures) -> None:
    print(f"{name:24}" + "  ".join(f"{key} {value:.4g}" for key, value in row.items()), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", nargs="*", default=["rates", "stall", "workers"])
    parser.add_argument("--keep", action="store_true")
    arguments = parser.parse_args()
    if not shutil.which("nginx"):
        print("skipped: nginx is not installed (apt install nginx-light)")
        return
    cores = sorted(os.sched_getaffinity(0))
    with Ground(core=cores[-1]) as ground:
        rows = measured(ground, cores, arguments.rounds, arguments.only)
    print("\nmedians")
    for name, row in rows.items():
        tell(name, row)
    if arguments.keep:
        again = {name.split()[0] for name in rows}
        known = figures.load().get("openloop", {}).get("values", {}).get("rows", {})
        kept = {name: row for name, row in known.items() if name.split()[0] not in again}
        figures.keep("openloop", {"rounds": arguments.rounds, "rows": kept | rows})


if __name__ == "__main__":
    main()
