"""Is provisioning bound by the server: our accounts a second against what wrk posts of the same requests.

    python benchmarks/provisioning.py [--rounds 3] [--accounts 20000]

Sandbox on the last core, generator on the first; rounds are interleaved, each on a ledger of its own, and the median
ratio is what counts. wrk (Debian's package) reads the very bodies of a plan from a file and posts each once.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from demogen.client.crew import Crew
from demogen.client.engine import open_pump
from demogen.clock import NS_PER_S, SystemClock
from demogen.population.directory import Population
from demogen.population.kinds import Kind
from demogen.population.plan import PopulationPlan, plan
from demogen.population.provision import provision
from demogen.population.spec import PopulationSpec
from demogen.sandbox import Sandbox

HERE = Path(__file__).parent
CLOCK = SystemClock()
CONNECTIONS = 96


class Stopwatch:
    """Notes when accounts begin and end; ignores the rest of what provisioning tells."""

    def __init__(self) -> None:
        self.began_ns = self.ended_ns = 0

    def started(self, kind: str, total: int) -> None:  # noqa: ARG002  (the protocol's shape)
        if kind == Kind.ACCOUNT.label:
            self.began_ns = self.began_ns or CLOCK.now_ns()

    def done(self, kind: str, *, ok: bool, elapsed_ns: int) -> None:  # noqa: ARG002  (the protocol's shape)
        if kind == Kind.ACCOUNT.label:
            self.ended_ns = CLOCK.now_ns()

    def finished(self, kind: str) -> None:
        """Nothing to note."""

    def note(self, text: str) -> None:
        print(text)


def bare(accounts: int, name: str) -> PopulationPlan:
    """One ledger with that many accounts and nothing that an account refers to."""
    spec = PopulationSpec(
        accounts_per_ledger=accounts, portfolios_per_ledger=0, segments_per_ledger=0, parent_accounts=False,
        routes=False, asset_rates=False, overdraft=False, extra_balances=False, type_validation="off", name=name,
    )  # fmt: skip
    return plan(spec, 7)


def ours(url: str, folder: Path, *, accounts: int, name: str) -> float:
    """Accounts a second through `provision`."""
    watch, pump = Stopwatch(), open_pump(url, clock=CLOCK, max_connections=CONNECTIONS)
    try:
        crew = Crew(pump, clock=CLOCK, concurrency=CONNECTIONS)
        report = provision(
            bare(accounts, name), crew, manifest=folder / f"{name}.sqlite", progress=watch, clock=CLOCK, url=url
        )
    finally:
        pump.close()
    report.require_complete()
    return accounts / ((watch.ended_ns - watch.began_ns) / NS_PER_S)


def wrks(url: str, folder: Path, *, accounts: int, name: str) -> float:
    """Accounts a second through wrk, which posts the bodies of a plan to a ledger of its own."""
    smallest = bare(3, f"{name}-x")
    pump = open_pump(url, clock=CLOCK, max_connections=1)
    provision(smallest, Crew(pump, clock=CLOCK), manifest=folder / f"{name}.sqlite", clock=CLOCK, url=url)
    pump.close()
    ledger = Population.open(folder / f"{name}.sqlite").ledgers[0]
    bodies = folder / f"{name}.jsonl"
    bodies.write_text(
        "".join(json.dumps(one.fields) + "\n" for one in bare(accounts, name).walk(account_stage(accounts, name)))
    )
    command = [
        "taskset", "-c", "0", "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{2 + accounts // 1500}s",
        "-s", str(HERE / "rivals" / "accounts.lua"), url, "--", f"{ledger.path}/accounts", str(bodies), str(accounts),
    ]  # fmt: skip
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"posted (\d+) in ([\d.]+) s, (\d+) refused", told)
    # Requests overlap at the end: as many as there are connections may be second copies.
    if found is None or int(found.group(3)) > CONNECTIONS:
        raise SystemExit(f"wrk did not post them all:\n{told}")
    return int(found.group(1)) / float(found.group(2))


def account_stage(accounts: int, name: str):  # type: ignore[no-untyped-def]
    return next(stage for stage in bare(accounts, name).stages() if stage.kind is Kind.ACCOUNT)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--accounts", type=int, default=20_000)
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        print("skipped: wrk is not installed (Debian: apt install wrk)")
        return
    ratios = []
    with tempfile.TemporaryDirectory() as scratch, Sandbox(db=f"{scratch}/ledger.sqlite") as ledger:
        folder = Path(scratch)
        os.sched_setaffinity(ledger.pid, {max(os.sched_getaffinity(0))})
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        for round_ in range(options.rounds):
            rates = []
            for way in (ours, wrks):
                rates.append(way(ledger.url, folder, accounts=options.accounts, name=f"{way.__name__}{round_}"))
                time.sleep(1)
            ratios.append(rates[0] / rates[1])
            print(f"round {round_}: ours {rates[0]:,.0f}/s, wrk {rates[1]:,.0f}/s, ratio {ratios[-1]:.2f}")
    print(f"median ratio {statistics.median(ratios):.2f} (aim: 0.95)")


if __name__ == "__main__":
    main()
