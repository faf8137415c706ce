"""What the engine costs: CPU per exchange, how late an open loop is, the truth about a stall. No ledger, no journal.

    python benchmarks/engine.py [--rounds 5] [--exchanges 50000] [--server nginx|python]

The generator is pinned to the first core, a null server to the last. CPU per exchange is the figure that holds on a
noisy machine; each line is the median of interleaved rounds.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import sys
from collections.abc import Callable, Iterator
from itertools import count
from typing import NamedTuple

from null_server import NullServer

from demogen.client.engine import Pump, open_pump
from demogen.clock import NS_PER_MS, NS_PER_S, SystemClock
from demogen.contract.exchange import Request, Response

CLOCK = SystemClock()
TARGET = (
    b"/v1/organizations/01980000-0000-7000-8000-000000000004/ledgers/01980000-0000-7000-8000-000000000005"
    b"/transactions/json"
)
BODY = b'{"metadata":{"demogen_key":"r20260101-000000-0000-1-%d"},"send":{"asset":"USD","value":"10.5"}}' + b" " * 380
DEADLINE_NS = 60 * NS_PER_S


def requests() -> Iterator[Request]:
    """Each with its own body of about 500 bytes and its own key."""
    for number in count():
        yield Request(b"POST", TARGET, BODY % number, key=b"r20260101-000000-0000-1-%d" % number)


class Closed(NamedTuple):
    """One closed-loop round: rate, and CPU in microseconds an exchange."""

    rate: float
    cpu_us: float
    system_us: float


def closed_loop(pump: Pump, connections: int, exchanges: int) -> Closed:
    """Keep `connections` requests in flight until `exchanges` have been answered."""
    spell = requests().__next__
    began_ns, cpu_ns, before = CLOCK.now_ns(), CLOCK.cpu_ns(), resource.getrusage(resource.RUSAGE_SELF)
    deadline_ns = began_ns + DEADLINE_NS
    left = exchanges - connections
    for _ in range(connections):
        pump.offer(spell(), None, deadline_ns)
    pump.launch()
    answered = 0
    while answered < exchanges:
        deliveries = pump.collect(CLOCK.now_ns() + NS_PER_S)
        for _, result, _, _ in deliveries:
            if type(result) is not Response:
                raise SystemExit(f"an exchange failed: {result!r}")
            if left > 0:
                left -= 1
                pump.offer(spell(), None, deadline_ns)
        answered += len(deliveries)
        pump.launch()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return Closed(
        exchanges * NS_PER_S / (CLOCK.now_ns() - began_ns),
        (CLOCK.cpu_ns() - cpu_ns) / exchanges / 1000,
        (after.ru_stime - before.ru_stime) / exchanges * 1e6,
    )


class Open(NamedTuple):
    """One open-loop round; times in ms."""

    lag_p50: float
    lag_p99: float
    response_p50: float
    response_p99: float
    response_max: float
    connections: int
    cpu_us: float


def open_loop(pump: Pump, *, rate: int, seconds: float, at: dict[int, Callable[[], None]] | None = None) -> Open:
    """Send on schedule whatever comes back; `at` maps ns from the start to things to do then."""
    spell = requests().__next__
    total = round(rate * seconds)
    plan = sorted((at or {}).items())
    lags: list[int] = []
    responses: list[int] = []
    sent = 0
    cpu_ns, start_ns = CLOCK.cpu_ns(), CLOCK.now_ns() + NS_PER_MS
    while len(lags) < total:
        now_ns = CLOCK.now_ns()
        while plan and start_ns + plan[0][0] <= now_ns:
            plan.pop(0)[1]()
        wake_ns = start_ns + sent * NS_PER_S // rate if sent < total else now_ns + 100 * NS_PER_MS
        if plan:
            wake_ns = min(wake_ns, start_ns + plan[0][0])
        for due_ns, result, sent_ns, answered_ns in pump.collect(wake_ns):
            if type(result) is not Response or not isinstance(due_ns, int):
                raise SystemExit(f"an exchange failed: {result!r}")
            lags.append(sent_ns - due_ns)
            responses.append(answered_ns - due_ns)
        now_ns = CLOCK.now_ns()
        while sent < total and (due_ns := start_ns + sent * NS_PER_S // rate) <= now_ns:
            if not pump.offer(spell(), due_ns, now_ns + DEADLINE_NS):
                break
            sent += 1
        pump.launch()
    lags.sort()
    responses.sort()
    return Open(
        _ms(lags, 0.50),
        _ms(lags, 0.99),
        _ms(responses, 0.50),
        _ms(responses, 0.99),
        responses[-1] / NS_PER_MS,
        pump.connections,
        (CLOCK.cpu_ns() - cpu_ns) / total / 1000,
    )


def _ms(ordered: list[int], share: float) -> float:
    return ordered[int(len(ordered) * share)] / float(NS_PER_MS)


def _median(rounds: list[Closed]) -> Closed:
    return Closed(*(statistics.median(column) for column in zip(*rounds, strict=True)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--exchanges", type=int, default=50_000)
    parser.add_argument("--server", choices=("nginx", "python"), default="")
    arguments = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[0]})
    with NullServer(cores={cores[-1]}, kind=arguments.server) as server:
        print(f"null server: {server.kind}; cores {cores[0]} and {cores[-1]}; python {sys.version.split()[0]}\n")
        _closed(server, arguments.rounds, arguments.exchanges)
        _open(server)


def _closed(server: NullServer, rounds: int, exchanges: int) -> None:
    print("closed loop     connections   exchanges/s   CPU µs each   of it in the kernel")
    sizes = (1, 32, 512)
    results: dict[int, list[Closed]] = {size: [] for size in sizes}
    pumps = {size: open_pump(server.url, clock=CLOCK) for size in sizes}
    for size in sizes:
        closed_loop(pumps[size], size, 2000)
    for _ in range(rounds):
        for size in sizes:
            results[size].append(closed_loop(pumps[size], size, exchanges if size > 1 else exchanges // 10))
    for size in sizes:
        pumps[size].close()
        row = _median(results[size])
        print(f"{size:27,}{row.rate:14,.0f}{row.cpu_us:14.1f}{row.system_us:22.1f}")


def _open(server: NullServer) -> None:
    print("\nopen loop, ms     rate/s   lag P50     P99   response P50     P99      max   connections   CPU µs each")
    for rate in (500, 2_000, 10_000, 30_000):
        pump = open_pump(server.url, clock=CLOCK)
        open_loop(pump, rate=rate, seconds=0.5)
        _row(f"{rate:24,}", open_loop(pump, rate=rate, seconds=3))
        pump.close()
    pump = open_pump(server.url, clock=CLOCK)
    at = {3 * NS_PER_S: server.freeze, 4 * NS_PER_S: server.thaw}
    _row("server stalls 1 s of 10", open_loop(pump, rate=2_000, seconds=10, at=at))
    pump.close()
    print("\nat 2,000/s a stall of 1 s in 10 s makes the true P99 900 ms and the true maximum 1,000 ms")


def _row(label: str, row: Open) -> None:
    print(
        f"{label:24}{row.lag_p50:10.2f}{row.lag_p99:8.2f}{row.response_p50:15.2f}{row.response_p99:8.2f}"
        f"{row.response_max:9.2f}{row.connections:14,}{row.cpu_us:14.1f}"
    )


if __name__ == "__main__":
    main()
