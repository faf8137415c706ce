"""The engine and the classification of answers, nothing else.

Usage: engine_alone.py URL CONNECTIONS (runs until ended)
"""

from __future__ import annotations

import sys

from demogen.client.classify import classify
from demogen.client.engine import open_pump
from demogen.clock import NS_PER_S, SystemClock
from demogen.contract.exchange import Request
from demogen.contract.transactions import Action, Intent, LedgerRef

LEDGER = LedgerRef(0, "01980000-0000-7000-8000-000000000004", "01980000-0000-7000-8000-000000000005")
TARGET = f"{LEDGER.path}/transactions/json".encode()
BODY = b'{"metadata":{"demogen_key":"%b"},"send":{"asset":"USD","value":"10.5"}}' + b" " * 380


def main(url: str, connections: int) -> None:
    clock = SystemClock()
    pump = open_pump(url, clock=clock)
    intent = Intent(action=Action.CREATE, ledger=LEDGER)
    number, room = 0, connections
    while True:
        deadline_ns = clock.now_ns() + 30 * NS_PER_S
        for _ in range(room):
            number += 1
            key = b"r20260101-000000-0000-1-%d" % number
            pump.offer(Request(b"POST", TARGET, BODY % key, key=key), key, deadline_ns)
        pump.launch()
        deliveries = pump.collect(clock.now_ns() + NS_PER_S)
        room = len(deliveries)
        for _, result, _, _ in deliveries:
            if not classify(intent, result, mark="").accepted:
                raise SystemExit(f"not accepted: {result!r}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
