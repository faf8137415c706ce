"""What each piece of one request costs by itself: CPU of one core, best of several rounds, caches warm.

    python benchmarks/pieces.py [--keep]

The sum is less than a request costs in a run: there every piece finds the caches full of the others.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from itertools import count, cycle
from pathlib import Path

import figures

from demogen.client.classify import classify
from demogen.client.engine.answers import whole_response
from demogen.client.engine.endpoint import Endpoint
from demogen.contract.transactions import Intent
from demogen.contract.wire import Renderer
from demogen.patterns import Dice, Stage, find_patterns
from demogen.record.journal import JournalWriter
from demogen.record.tally import Tally
from demogen.sandbox.null import transaction
from demogen.workload.calibrate import some_accounts
from demogen.workload.mix import Mix
from demogen.workload.player import Sending

CALLS, ROUNDS = 10_000, 7
MARK = "r20260101-000000-0000-1-123456"


def best_us(call: Callable[[], object]) -> float:
    return min(_round_us(call) for _ in range(ROUNDS))


def _round_us(call: Callable[[], object]) -> float:
    started = time.process_time_ns()
    for _ in range(CALLS):
        call()
    return (time.process_time_ns() - started) / CALLS / 1_000


def pieces(folder: Path) -> dict[str, Callable[[], object]]:
    """By name, in the order a request goes through them."""
    patterns = find_patterns()
    mix = Mix({name: patterns[name].weight for name in ("payment", "transfer", "split")}, patterns)
    stage, arrivals = Stage(some_accounts()), count()

    def script() -> Intent:
        dice = Dice(stage, seed=7, arrival=next(arrivals))
        step = next(mix.patterns[mix.draw(dice)].play(dice))
        assert isinstance(step, Intent)
        return step

    intents = cycle([script() for _ in range(1000)])
    renderer, letterhead = Renderer("json"), Endpoint("http://127.0.0.1", resolve=lambda *_: ()).letterhead("")
    journal, tally = JournalWriter(folder / "0.journal", header={}), Tally()

    def sending() -> Sending:
        return Sending(next(intents), MARK, number=5, generation=1, due_ns=1000)

    turns = cycle([*[False] * 15, True])

    def journalled() -> None:
        journal.intend(one)
        journal.settle(one, receipt, sent_ns=2_000, answered_ns=900_000)
        if next(turns):
            journal.flush()

    body = transaction("01980000-0000-7000-8000-000000000009").encode()
    head = b"HTTP/1.1 201 Created\r\nServer: nginx\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
    answer = head % len(body) + b"Connection: keep-alive\r\nX-Idempotency-Replayed: false\r\n\r\n" + body
    response, one = whole_response(answer), sending()
    assert response is not None
    receipt = classify(one.intent, response, mark=MARK)
    request, _ = renderer.render(one.intent, MARK)
    return {
        "draw a script, its accounts and its amount": script,
        "spell the body and the request": lambda: renderer.render(next(intents), MARK),
        "remember the attempt": sending,
        "frame the request": lambda: letterhead.frame(request),
        "read the answer": lambda: whole_response(answer),
        "classify it": lambda: classify(one.intent, response, mark=MARK),
        "journal intent and outcome": journalled,
        "count it in three histograms": lambda: tally.answer(one, receipt, sent_ns=2_000, answered_ns=900_000),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", action="store_true")
    keep = parser.parse_args().keep
    with tempfile.TemporaryDirectory() as folder:
        costs = {name: best_us(call) for name, call in pieces(Path(folder)).items()}
    for name, cost in costs.items():
        print(f"{name:<44}{cost:6.2f} µs")
    print(f"{'all of these':<44}{sum(costs.values()):6.2f} µs")
    if keep:
        figures.keep("pieces", costs)


if __name__ == "__main__":
    main()
