"""What it costs to choose and to render an intent: CPU of one core, best of several rounds, in the shipped scenarios.

Choosing is the mix's draw, the dice of an arrival and the pattern's script up to its intent, its receipts included;
rendering is the request in the spelling of the default. The time is spread over all intents, riders included.
Usage: python benchmarks/patterns.py [--rounds 5] [--scenario NAME] [--each]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

from demogen.contract.outcome import Outcome, Receipt
from demogen.contract.transactions import AccountRef, Intent, LedgerRef
from demogen.contract.wire import Renderer, check_spelling
from demogen.patterns import Dice, Pause, Stage, find_patterns
from demogen.workload.mix import Mix
from demogen.workload.scenario import shipped_scenarios

MARK = "r20260101-000000-abcd-1-123456"
#: A transaction's answer as the ledger gives it, cut down to what scripts read.
RECEIPT = Receipt(
    Outcome.ACCEPTED, 201, "", "0198a000-0000-7000-8000-00000000000f", False, True, MARK,
    b'{"id":"0198a000-0000-7000-8000-00000000000f","operations":[{"id":"0198a000-0000-7000-8000-00000000001f"}]}',
)  # fmt: skip
REFUSED = Receipt(Outcome.REJECTED, 422, "0018", "", False, True, MARK)
ROLES = ("customer",) * 12 + ("merchant",) * 4 + ("treasury", "fee", "settlement", "escrow", "revenue", "expense")
SCRIPTS = 20_000
LIMIT_US = 9.0


def stage() -> Stage:
    """Two ledgers with three assets each, as many accounts as a medium population has."""
    accounts: list[AccountRef] = []
    for number in range(2):
        ledger = LedgerRef(
            number, f"0198a000-0000-7000-8000-00000000000{number}", "0198a000-0000-7000-8000-0000000000aa"
        )
        for asset, scale in (("USD", 2), ("BRL", 2), ("JPY", 0)):
            for role in (*ROLES, "external"):
                external, index = role == "external", len(accounts)
                alias = f"@external/{asset}" if external else f"@{role}-{index:06d}"
                account_id = f"0198a000-0000-7000-8000-{index:012x}"
                accounts.append(AccountRef(index, account_id, alias, asset, scale, ledger, role, external=external))
    return Stage(accounts)


def play(mix: Mix, on: Stage, render: Callable[[Intent, str], object], first: int) -> int:
    """Plays so many scripts; how many intents that was."""
    intents = 0
    for number in range(first, first + SCRIPTS):
        dice = Dice(on, seed=7, arrival=number)
        script = mix.patterns[mix.draw(dice)].play(dice)
        try:
            step = next(script)
            while True:
                if isinstance(step, Pause):
                    step = script.send(RECEIPT)
                    continue
                intents += 1
                render(step, MARK)
                step = script.send(REFUSED if step.refused_with else RECEIPT)
        except StopIteration:
            pass
    return intents


def best_us(mix: Mix, on: Stage, *, spelling: str, rounds: int) -> float:
    """Microseconds of CPU an intent, in the fastest round: what is slower is the machine's doing."""
    render: Callable[[Intent, str], object] = (
        Renderer(check_spelling(spelling)).render if spelling else lambda _intent, _mark: None
    )
    times = []
    for number in range(rounds):
        started = time.process_time_ns()
        intents = play(mix, on, render, number * SCRIPTS)
        times.append((time.process_time_ns() - started) / 1000 / intents)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scenario", default="")
    parser.add_argument("--each", action="store_true", help="each pattern by itself")
    asked = parser.parse_args()
    on, patterns, costs = stage(), find_patterns(), []
    mixes = {name: scenario.mix for name, scenario in shipped_scenarios().items() if asked.scenario in ("", name)}
    if asked.each:
        mixes = {name: {name: 1.0} | ({"transfer": 1e-9} if one.reads_only else {}) for name, one in patterns.items()}
    print(f"{'':<16} {'choosing':>9} {'JSON':>8} {'mixed':>8}   µs an intent")
    for name, weights in mixes.items():
        mix = Mix(weights, patterns)
        chosen, as_json, mixed = (
            best_us(mix, on, spelling=spelling, rounds=asked.rounds) for spelling in ("", "json", "mixed")
        )
        costs.append(mixed)
        print(f"{name:<16} {chosen:9.2f} {as_json:8.2f} {mixed:8.2f}")
    print(f"choosing and rendering, on average: {sum(costs) / len(costs):.2f} µs (to be reached: {LIMIT_US} µs)")


if __name__ == "__main__":
    main()
