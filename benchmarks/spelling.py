"""What it costs to spell an intent: CPU of one core, best of several rounds, for JSON and for the Gold DSL.

Two legs, a description, a pattern's name in the metadata: what the shipped patterns mostly send.
Usage: python benchmarks/spelling.py [--rounds 7]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

from demogen.contract import dsl
from demogen.contract.transactions import AccountRef, Intent, LedgerRef
from demogen.contract.wire import Renderer

LEDGER = LedgerRef(0, "0198a000-0000-7000-8000-000000000001", "0198a000-0000-7000-8000-000000000002")
PAYER = AccountRef(1, "a", "@customer-000123", "USD", 2, LEDGER)
PAYEE = AccountRef(2, "b", "@merchant-000456", "USD", 2, LEDGER)
WHOLE = Intent.move(12_300, PAYER, PAYEE, description="coffee at noon", metadata=(("pattern", "payment"),))
CENTS = Intent.move(12_345, PAYER, PAYEE, description="coffee at noon", metadata=(("pattern", "payment"),))
MARK = "r20260101-000000-abcd-1-123456"
CALLS = 50_000


def best_us(call: Callable[[], object], rounds: int) -> float:
    """Microseconds of CPU a call, in the fastest of `rounds` rounds: what is slower is the machine's doing."""
    return min(_round_us(call) for _ in range(rounds))


def _round_us(call: Callable[[], object]) -> float:
    started = time.process_time_ns()
    for _ in range(CALLS):
        call()
    return (time.process_time_ns() - started) / CALLS / 1_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    as_json, mixed, script = Renderer("json"), Renderer("mixed"), dsl.render(WHOLE, MARK)
    rows: dict[str, Callable[[], object]] = {
        "request as JSON": lambda: as_json.render(CENTS, MARK),
        "request as DSL": lambda: mixed.render(WHOLE, MARK),
        "request as JSON, after the DSL could not": lambda: mixed.render(CENTS, MARK),
        "DSL text alone": lambda: dsl.spell(WHOLE, MARK),
    }
    for name, call in rows.items():
        print(f"{name:<42} {best_us(call, rounds):6.2f} µs")
    started = time.process_time_ns()
    for _ in range(500):
        dsl.parse(script)
    print(f"{'DSL text read back':<42} {(time.process_time_ns() - started) / 500_000:6.1f} µs")


if __name__ == "__main__":
    main()
