"""How fast and how small is the sandbox: durable two-leg transactions and reads a second, on one core.

    python benchmarks/sandbox.py [--seconds 10] [--connections 64] [--accounts 1000] [--dialect v3.8] [--db FILE]
    python benchmarks/sandbox.py --transactions 5000000     memory over a long history (slow)

The sandbox is pinned to one core and the generator to another; every create has its own key, as a load test's must.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import select
import socket
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parent.parent))

from demogen.sandbox import Sandbox


def post(url: str, body: object) -> dict[str, str]:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        found: dict[str, str] = json.load(answer)
    return found


def populate(url: str, accounts: int) -> tuple[str, list[str]]:
    """A ledger with funded accounts; its path, and the account ids."""
    organization = post(f"{url}/v1/organizations", {"legalName": "Bench", "legalDocument": "1"})
    base = f"/v1/organizations/{organization['id']}"
    ledger = post(f"{url}{base}/ledgers", {"name": "Main"})
    base = f"{base}/ledgers/{ledger['id']}"
    post(f"{url}{base}/assets", {"name": "Dollar", "type": "currency", "code": "USD"})
    ids = []
    for number in range(accounts):
        account = post(f"{url}{base}/accounts", {"assetCode": "USD", "type": "deposit", "alias": f"@a{number}"})
        ids.append(account["id"])
    for start in range(0, accounts, 100):
        targets = [
            {"accountAlias": f"@a{number}", "amount": {"asset": "USD", "value": "1000000"}}
            for number in range(start, min(start + 100, accounts))
        ]
        value = str(1000000 * len(targets))
        post(
            f"{url}{base}/transactions/inflow",
            {"send": {"asset": "USD", "value": value, "distribute": {"to": targets}}},
        )
    return base, ids


def transfer(base: str, accounts: int, rng: random.Random) -> Callable[[int], bytes]:
    """Renders the n-th two-leg transaction."""
    head = f"POST {base}/transactions/json HTTP/1.1\r\nHost: sandbox\r\nContent-Type: application/json\r\n"

    def render(number: int) -> bytes:
        payer, payee = rng.sample(range(accounts), 2)
        cents = f"{number % 90 + 10}.{number % 100:02d}"
        body = (
            f'{{"description":"payment {number}","metadata":{{"demogen_key":"run-1-{number}"}},'
            f'"send":{{"asset":"USD","value":"{cents}","source":{{"from":[{{"accountAlias":"@a{payer}",'
            f'"amount":{{"asset":"USD","value":"{cents}"}}}}]}},"distribute":{{"to":[{{"accountAlias":"@a{payee}",'
            f'"amount":{{"asset":"USD","value":"{cents}"}}}}]}}}}}}'
        )
        return f"{head}X-Idempotency: run-1-{number}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()

    return render


def reading(base: str, accounts: list[str], rng: random.Random) -> Callable[[int], bytes]:
    """Renders a read of one account's balances."""

    def render(number: int) -> bytes:  # noqa: ARG001 - the renderers' shape
        return f"GET {base}/accounts/{rng.choice(accounts)}/balances HTTP/1.1\r\nHost: sandbox\r\n\r\n".encode()

    return render


def drive(url: str, render: Callable[[int], bytes], *, connections: int, seconds: float, first: int, most: int) -> int:
    """Keep every connection busy; how many answers came. Anything but 200 or 201 is fatal."""
    parts = urlsplit(url)
    poll = select.epoll()
    sockets, buffers = {}, {}
    number = first
    for _ in range(connections):
        sock = socket.create_connection((parts.hostname, parts.port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sockets[sock.fileno()], buffers[sock.fileno()] = sock, b""
        poll.register(sock.fileno(), select.EPOLLIN)
        sock.send(render(number))
        number += 1
    done, end = 0, time.monotonic() + seconds
    while done < most and time.monotonic() < end:
        for fd, _ in poll.poll(1):
            data = buffers[fd] + sockets[fd].recv(262_144)
            split = data.find(b"\r\n\r\n")
            length = data.find(b"content-length: ")
            if split < 0 or len(data) < split + 4 + int(data[length + 16 : data.find(b"\r", length)]):
                buffers[fd] = data
                continue
            if data[9:11] != b"20":
                raise SystemExit(f"unexpected answer: {data[:600]!r}")
            buffers[fd] = b""
            done += 1
            sockets[fd].send(render(number))
            number += 1
    for sock in sockets.values():
        sock.close()
    return done


def resident_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("the sandbox is gone")


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(name: str, ledger: Sandbox, run: Callable[[], int]) -> int:
    """Run once and print a line: rate on the clock, and what a second of the sandbox's own CPU would carry."""
    started, used = time.monotonic(), cpu_seconds(ledger.pid)
    done = run()
    elapsed, used = time.monotonic() - started, cpu_seconds(ledger.pid) - used
    each = used / max(done, 1) * 1e6
    print(
        f"{name:<28} {done / elapsed:>9,.0f} /s   {each:>6.0f} us CPU each ({1e6 / max(each, 1):,.0f} /s of CPU)"
        f"   {resident_mib(ledger.pid):>5.0f} MiB resident",
        flush=True,
    )
    return done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--accounts", type=int, default=1000)
    parser.add_argument("--transactions", type=int, default=0, help="book so many and watch memory")
    parser.add_argument("--dialect", default="v3.8")
    parser.add_argument("--db", default="")
    options = parser.parse_args()
    rng = random.Random(7)
    with tempfile.TemporaryDirectory() as folder:
        ledger = Sandbox(db=options.db or f"{folder}/bench.db", dialect=options.dialect)
        with ledger:
            cores = sorted(os.sched_getaffinity(0))
            os.sched_setaffinity(ledger.pid, {cores[0]})
            os.sched_setaffinity(0, {cores[-1]})
            base, ids = populate(ledger.url, options.accounts)
            writes, reads = transfer(base, options.accounts, rng), reading(base, ids, rng)
            settings = {"connections": options.connections, "most": options.transactions or sys.maxsize}
            if options.transactions:
                number = 0
                while number < options.transactions:
                    settings["most"] = min(250_000, options.transactions - number)
                    run = lambda: drive(ledger.url, writes, seconds=1e9, first=number * 2, **settings)  # noqa: B023, E731
                    number += measure(f"after {number:,}", ledger, run)
                return
            first = measure(
                "durable transactions", ledger,
                lambda: drive(ledger.url, writes, seconds=options.seconds, first=0, **settings),
            )  # fmt: skip
            measure("reads of balances", ledger,
                    lambda: drive(ledger.url, reads, seconds=options.seconds, first=first, **settings))  # fmt: skip


if __name__ == "__main__":
    main()
