"""What the machine itself does to a schedule: an open loop that does nothing but some work for each arrival.

    python benchmarks/bare_loop.py --rate 16000 --cost-us 12.7 --seconds 10 --core 0

Prints lags as JSON. It never sleeps, so no generator on that core can be more punctual: where it is late, the processor
was slow or elsewhere (a virtual machine's neighbours take it without saying so).
"""

from __future__ import annotations

import argparse
import json
import time
from itertools import repeat

import numpy as np
from ground import take_place

_TRIALS = 500
_NS = time.perf_counter_ns


def work(rounds: int) -> None:
    for _ in repeat(None, rounds):  # not a range: its numbers past 256 are made anew, at twice the cost of the others
        pass


def rounds_for(cost_us: float) -> int:
    """How many rounds of work cost that much, as a rule."""
    probe = 2000
    took = []
    for _ in range(_TRIALS):
        began = _NS()
        work(probe)
        took.append(_NS() - began)
    return max(1, round(probe * cost_us * 1000 / float(np.median(took))))


def lags_ns(rate: int, cost_us: float, seconds: float) -> np.ndarray:
    """By arrival, how long after its due time its work began."""
    rounds, lags = rounds_for(cost_us), np.zeros(round(rate * seconds), np.int64)
    start = _NS() + 1_000_000
    for arrival in range(len(lags)):
        due = start + arrival * 1_000_000_000 // rate
        while _NS() < due:
            pass  # not asleep: to wake up costs more than the work does
        lags[arrival] = _NS() - due
        work(rounds)
    return lags


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=16_000)
    parser.add_argument("--cost-us", type=float, default=12.7, help="what a request costs ours at capacity")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--core", type=int, default=0)
    arguments = parser.parse_args()
    take_place(0, {arguments.core})
    lags = lags_ns(arguments.rate, arguments.cost_us, arguments.seconds) / 1e6
    print(json.dumps({f"lag_ms_p{share:g}": round(float(np.percentile(lags, share)), 3) for share in (50, 99, 99.9)}))


if __name__ == "__main__":
    main()
