"""Is reading the book back bound by the ledger alone? A hundred thousand transactions, read by the auditor and by wrk.

The sandbox is pinned to one core, the reader to another. The same pages are read twice: by the auditor's sweep, decoded
and put into its database, and by wrk, which throws them away. Usage: python benchmarks/readback.py [--transactions N]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

from figures import keep
from sandbox import drive, populate, transfer

from demogen.audit.command import sweeper_for
from demogen.audit.ground import Ground
from demogen.audit.pages import TransactionItem, store_transactions
from demogen.audit.sweep import PAGE, cursor_after, slices
from demogen.client.crew import Crew
from demogen.client.engine import open_pump
from demogen.clock import SystemClock
from demogen.contract.transactions import LedgerRef
from demogen.sandbox import Sandbox

ACCOUNTS = 1_000
READERS = 16
_BATCH = 4096
_LUA = """
local paths, at = {}, 0
for line in io.lines("%s") do paths[#paths + 1] = line end
function request() at = at %% #paths + 1; return wrk.format("GET", paths[at]) end
"""


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def read_back(url: str, ledger: LedgerRef, scratch: Path) -> list[str]:
    """What an audit does with a ledger's transactions; the ids in the order of their pages."""
    clock = SystemClock()
    ground = Ground(scratch / "book.duckdb")
    ground.connection.execute("insert into plan.run values ('r', 'run', 'v3.8')")
    pump = open_pump(url, clock=clock, max_connections=READERS)
    crew, sweeper = Crew(pump, clock=clock, concurrency=READERS), sweeper_for(clock)
    newest: list[str] = []
    for _count in crew.run([sweeper.newest(ledger, lambda _, id_: newest.append(id_))]):
        pass
    ids: list[str] = []
    batch: list[tuple[int, TransactionItem]] = []

    def take(ref: LedgerRef, items: list[TransactionItem]) -> None:
        ids.extend(item.id for item in items)
        batch.extend((ref.index, item) for item in items)
        if len(batch) >= _BATCH:
            store_transactions(ground, batch)
            batch.clear()

    oldest = _oldest(url, ledger)
    for _count in crew.run(
        sweeper.transactions(part, take) for part in slices(ledger, after=oldest, newest=newest[0], parts=READERS)
    ):
        pass
    store_transactions(ground, batch)
    pump.close()
    ground.close()
    return sorted(ids)


def _oldest(url: str, ledger: LedgerRef) -> str:
    """The first transaction, after which the pages begin: it is one of the deposits."""
    with urllib.request.urlopen(f"{url}{ledger.path}/transactions?limit=1&sort_order=asc") as answer:
        return str(json.load(answer)["items"][0]["id"])


def wrk(url: str, paths: list[str], scratch: Path, *, seconds: int) -> float:
    """Pages a second that wrk gets."""
    (scratch / "paths").write_text("\n".join(paths), encoding="utf-8")
    (scratch / "pages.lua").write_text(_LUA % (scratch / "paths"), encoding="utf-8")
    command = ["wrk", "-t1", f"-c{READERS}", f"-d{seconds}s", "-s", str(scratch / "pages.lua"), url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said:
        raise SystemExit(said)
    return float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])  # type: ignore[index]  # wrk always says it


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--transactions", type=int, default=100_000)
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        print("not measured: wrk is missing (apt install wrk)")
        return
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(prefix="demogen-bench-") as folder:
        scratch = Path(folder)
        with Sandbox(db=str(scratch / "ledger.sqlite")) as sandbox:
            os.sched_setaffinity(sandbox.pid, {cores[0]})
            os.sched_setaffinity(0, {cores[-1]})
            base, _ids = populate(sandbox.url, ACCOUNTS)
            render = transfer(base, ACCOUNTS, random.Random(7))
            drive(sandbox.url, render, connections=64, seconds=3600, first=0, most=options.transactions)
            keep("readback", told(sandbox, base, scratch))


def told(sandbox: Sandbox, base: str, scratch: Path) -> dict[str, float]:
    """Read twice, and say how long, and who was busy."""
    _, _, _, organization, _, ledger_id = base.split("/")
    ledger = LedgerRef(0, organization, ledger_id)
    server_cpu, own_cpu, began = cpu_seconds(sandbox.pid), time.process_time(), time.monotonic()
    ids = read_back(sandbox.url, ledger, scratch)
    took_s = time.monotonic() - began
    server_s, own_s = cpu_seconds(sandbox.pid) - server_cpu, time.process_time() - own_cpu
    dates = "start_date=1970-01-02&end_date=2099-01-01"
    starts = ids[::PAGE][:-1]
    paths = [f"{ledger.path}/transactions?limit={PAGE}&{dates}&cursor={cursor_after(one)}" for one in starts]
    pages = wrk(sandbox.url, paths, scratch, seconds=10)
    values = {
        "transactions": len(ids),
        "read_s": round(took_s, 2),
        "transactions_a_second": round(len(ids) / took_s),
        "server_cpu_share": round(server_s / took_s, 3),
        "reader_cpu_share": round(own_s / took_s, 3),
        "server_us_each": round(server_s / len(ids) * 1e6, 1),
        "reader_us_each": round(own_s / len(ids) * 1e6, 1),
        "wrk_transactions_a_second": round(pages * PAGE),
        "share_of_wrk": round(len(ids) / took_s / (pages * PAGE), 3),
    }
    for name, value in values.items():
        print(f"{name:<28} {value:>12,}")
    return values


if __name__ == "__main__":
    main()
