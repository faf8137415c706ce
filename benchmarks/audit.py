"""How long the audit of a long run takes: journals in, facts derived, every invariant judged; and its peak memory.

A faultless run of payments is made first, in bulk, with the book that a ledger would show; answering the auditor's
reads is the ledger's work and is not measured here, taking the answers in is.

Usage: python benchmarks/audit.py [--attempts 10000000]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np

from demogen.audit.ground import Ground
from demogen.audit.history import journals_of, load_journals
from demogen.audit.invariant import Invariant, invariants
from demogen.audit.judge import judge, prepare
from demogen.audit.verdict import Verdict
from demogen.record.journal import INTENT_DTYPE, LEGS_DTYPE, OUTCOME_DTYPE, Kind, encode_header

ACCOUNTS = 2_000
LEDGERS = 4
RUN = "r20260101-000000-bnch"
CENT = 10**16
_FIRST_ID = 0x0198D00000000000
_CHUNK = 1 << 18
#: Taking in what was read back: a part of reading, which the ledger bounds.
INTAKE = "intake (not counted)"

# Money is whole cents; a ledger's ids rise with time.
_BOOK = """
create table transactions as select ({first} + i)::hugeint * 18446744073709551616 + 1 as id,
    (payer % {ledgers})::uinteger as ledger, null::hugeint as parent, 'APPROVED' as status,
    cents::decimal(20, 0) * {cent} as amount, 'USD' as asset, '{run}-0-' || i as mark, i::ubigint as key_id,
    (1700000000000000000 + i * 100000)::bigint as created_ns
from payments order by i;
create table sides as
select i, payer as account, -cents::bigint as change, 'DEBIT' as type, 'debit' as direction from payments
union all select i, payee, cents::bigint, 'CREDIT', 'credit' from payments;
create table operations as
with chained as (select *, sum(change) over link as running, row_number() over link as version
    from sides window link as (partition by account order by i))
select (({first} + i)::hugeint * 18446744073709551616 + 2 + (type = 'CREDIT')::int) as id,
    ({first} + i)::hugeint * 18446744073709551616 + 1 as transaction_id, (account % {ledgers})::uinteger as ledger,
    account::integer as account, (1000000 + account)::hugeint as account_id, '@a' || account as alias,
    (2000000 + account)::hugeint as balance_id, 'default' as balance_key, type, direction, 'USD' as asset,
    abs(change)::decimal(20, 0) * {cent} as amount,
    (10000000000 + running - change)::decimal(20, 0) * {cent} as available_before,
    0::decimal(38, 18) as on_hold_before, (version - 1)::bigint as version_before,
    (10000000000 + running)::decimal(20, 0) * {cent} as available_after,
    0::decimal(38, 18) as on_hold_after, version::bigint as version_after, true as moves_balance
from chained order by transaction_id;
create table balances as
select 2000000 + a as balance_id, (a % {ledgers})::uinteger as ledger, a::integer as account, 1000000 + a as account_id,
    '@a' || a as alias, 'default' as balance_key, 'USD' as asset,
    (10000000000 + coalesce(s.change, 0))::decimal(20, 0) * {cent} as available,
    0::decimal(38, 18) as on_hold, coalesce(s.version, 0) as version, 'credit' as direction, 'deposit' as account_type
from range({accounts}) accounts(a)
left join (select account, sum(change) as change, count(*) as version from sides group by account) s on s.account = a;
drop table sides;
"""
_COPY = """
create or replace temp table fresh_operations as
from source.operations where transaction_id >= $low and transaction_id < $high;
insert into book.operations from fresh_operations;
insert into book.transactions
select t.*, operations, residue, held, print, coalesce(mixed or done.asset <> t.asset, false)
from source.transactions t left join (from footprints('fresh_operations')) done on done.transaction_id = t.id
where t.id >= $low and t.id < $high
"""


def make_journal(path: Path, attempts: int, dice: np.random.Generator) -> dict[str, np.ndarray]:
    """Write INTENT, LEGS and OUTCOME of every payment, as the load would; the payments themselves."""
    payer = dice.integers(0, ACCOUNTS, attempts, dtype=np.int64)
    payee = (payer + LEDGERS * dice.integers(1, ACCOUNTS // LEDGERS, attempts, dtype=np.int64)) % ACCOUNTS
    cents = dice.integers(1, 100_000, attempts, dtype=np.int64)
    with path.open("wb") as file:
        file.write(encode_header({"run_id": RUN, "wall_offset_ns": 1_700_000_000 * 10**9, "balance_keys": ["default"]}))
        for start in range(0, attempts, _CHUNK):
            stop = min(start + _CHUNK, attempts)
            part = slice(start, stop)
            file.write(_records(np.arange(start, stop), payer[part], payee[part], cents[part]).tobytes())
    return {"i": np.arange(attempts), "payer": payer, "payee": payee, "cents": cents}


def _records(index: np.ndarray, payer: np.ndarray, payee: np.ndarray, cents: np.ndarray) -> np.ndarray:
    size = index.size
    intents, legs, outcomes = (np.zeros(size, dtype=d) for d in (INTENT_DTYPE, LEGS_DTYPE, OUTCOME_DTYPE))
    intents["kind"], intents["action"], intents["leg_count"] = Kind.INTENT, 1, 2
    intents["arrival"] = intents["key_arrival"] = index
    intents["due_ns"], intents["ledger"] = index * 100_000, payer % LEDGERS
    legs["kind"], legs["count"], legs["arrival"] = Kind.LEGS, 2, index
    legs["account_a"], legs["account_b"], legs["side_b"] = payer, payee, 1
    amounts = cents.astype(object) * CENT
    legs["lo_a"] = legs["lo_b"] = np.array(amounts & (2**64 - 1), dtype=np.uint64)
    legs["hi_a"] = legs["hi_b"] = np.array(amounts >> 64, dtype=np.int64)
    outcomes["kind"], outcomes["outcome"], outcomes["status"], outcomes["arrival"] = Kind.OUTCOME, 1, 201, index
    outcomes["sent_ns"], outcomes["answered_ns"] = index * 100_000 + 1, index * 100_000 + 2
    outcomes["transaction_hi"], outcomes["transaction_lo"] = _FIRST_ID + index, 1
    rows = np.zeros((size, 3, 64), dtype=np.uint8)
    for place, part in enumerate((intents, legs, outcomes)):
        rows[:, place] = part.view(np.uint8).reshape(size, 64)
    return rows


def make(folder: Path, attempts: int) -> None:
    """The journal and the book of one run."""
    payments = make_journal(folder / "0.journal", attempts, np.random.default_rng(7))
    book = duckdb.connect(str(folder / "book-source.duckdb"), config={"memory_limit": "3GB", "threads": 2})
    book.register("payments", payments)
    book.execute(
        _BOOK.format(
            first=_FIRST_ID, ledgers=LEDGERS, run=RUN, accounts=ACCOUNTS, cent="0.010000000000000000::decimal(18, 18)"
        )
    )
    book.close()


def measure(folder: Path, attempts: int) -> dict[str, object]:
    """Audit it, phase by phase: seconds, processor seconds and peak resident memory."""
    ground = Ground(folder / "book.duckdb")
    phases: dict[str, tuple[float, float, int]] = {}
    verdicts: dict[str, Verdict] = {}

    def timed(name: str, work: Callable[[], object]) -> None:
        _forget_peak()
        wall, cpu = time.monotonic(), time.process_time()
        work()
        phases[name] = (round(time.monotonic() - wall, 2), round(time.process_time() - cpu, 2), _peak_mib())

    timed("journal", lambda: load_journals(ground, journals_of([folder / "0.journal"])))
    timed(INTAKE, lambda: _copy_book(ground, folder, attempts))
    timed("facts", lambda: prepare(ground))
    for claim in invariants():
        timed(claim.name, lambda claim=claim: verdicts.update(_judged(ground, claim)))  # type: ignore[misc]
    audited = ground.value("select count(*) from journal.attempts")
    ground.close()
    judged = [wall for name, (wall, _, _) in phases.items() if name != INTAKE]
    return {
        "attempts": audited,
        "phases": {name: f"{wall:7.2f} s  {cpu:7.2f} s cpu  {mib:5d} MiB" for name, (wall, cpu, mib) in phases.items()},
        "audited_s": round(sum(judged), 1),
        "peak_mib": max(mib for _, _, mib in phases.values()),
        "verdicts": sorted(set(verdicts.values())),
    }


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def _peak_mib() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def _judged(ground: Ground, claim: Invariant) -> dict[str, Verdict]:
    judged = judge(ground, [claim])
    for told in (*judged.doubts, *judged.findings):
        print(told, file=sys.stderr)
    return judged.verdicts


def _copy_book(ground: Ground, folder: Path, attempts: int) -> None:
    """What reading back would leave: the tables, and the sums that are taken batch by batch on the way in."""
    execute = ground.connection.execute
    account = f"select i, 1000000 + i, '@a' || i, 'USD', i % {LEDGERS}, false from range({ACCOUNTS}) t(i)"
    newest = f"select i, {_FIRST_ID - 1}::hugeint * 18446744073709551616, 0 from range({LEDGERS}) t(i)"
    execute("insert into plan.run values (?, 'run', 'v3.8')", [RUN])
    execute(f"insert into plan.ledgers select i, 'o', 'l' || i, true from range({LEDGERS}) t(i)")
    execute(f"insert into plan.accounts {account}")
    execute(f"insert into opening.ledgers {newest}")
    execute(f"attach '{folder / 'book-source.duckdb'}' as source (read_only)")
    execute(
        "insert into opening.balances"
        " select * replace ('100000000'::money as available, 0 as version) from source.balances"
    )
    execute("insert into book.balances from source.balances")
    for start in range(0, attempts, _CHUNK):
        bounds = {"low": (_FIRST_ID + start) << 64, "high": (_FIRST_ID + start + _CHUNK) << 64}
        for statement in _COPY.split(";"):
            execute(statement, bounds if "$low" in statement else {})
    execute("detach source")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--attempts", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--stage", choices=("make", "measure"))
    options = parser.parse_args()
    if options.stage == "make":
        make(options.folder, options.attempts)
        return
    if options.stage == "measure":
        print(json.dumps(measure(options.folder, options.attempts), indent=1))
        return
    with tempfile.TemporaryDirectory(prefix="demogen-bench-") as scratch:
        # Two processes: the maker's memory is not the auditor's.
        for stage in ("make", "measure"):
            command = [
                sys.executable,
                __file__,
                "--stage",
                stage,
                "--folder",
                scratch,
                "--attempts",
                str(options.attempts),
            ]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
