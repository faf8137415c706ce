"""A ledger's own file is altered after the run, as nobody could through its API: each forgery is named by the invariant
whose promise it breaks.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

#: A direct payment of the run between two accounts, the last but thirty.
PAYMENT = """(select key from transactions where kind = 'json' and status = 'APPROVED' and parent is null
    and stepped is null and first_to - first_from = 1 and metadata like '%demogen_key%'
    and key not in (select transaction_key from operations where alias like '@external%')
    order by key desc limit 1 offset 30)"""
CREDIT = f"(select max(key) from operations where transaction_key = {PAYMENT})"
ITS_BALANCE = f"(select balance from operations where key = {CREDIT})"
ITS_LEDGER = f"(select ledger from transactions where key = {PAYMENT})"
OTHER_LEDGER = f"(select max(ledger) from balances where ledger <> {ITS_LEDGER})"
ELSEWHERE = f"""(select key from balances where ledger = {ITS_LEDGER}
    and asset = (select asset from operations where key = {CREDIT})
    and key not in (select balance from operations where transaction_key = {PAYMENT}) limit 1)"""
ELSE = f"(select account, key, alias from balances where key = {ELSEWHERE})"
BOTH = f"({ITS_BALANCE}, {ELSEWHERE})"
REVERSAL = "(select min(key) from transactions where parent is not null)"
CANCELLED = "(select max(key) from transactions where status = 'CANCELED')"
COPY = f"""create temp table copy as select * from transactions where key = {PAYMENT};
    update copy set key = (select max(key) from operations) + 64, first_from = null, first_to = null"""
EMPTY = """(select key from transactions t where kind = 'json'
    and not exists (select 1 from operations where transaction_key = t.key))"""
COMMITTED = "(select max(key) from transactions where status = 'APPROVED' and stepped is not null)"

#: What is done to the ledger's file, and who must name it.
FORGERIES = {
    "one unit more on a balance": (
        f"update balances set available = available + 1 where key = {ITS_BALANCE}",
        {"accounts-replay", "chain-unbroken", "conserved"},
    ),
    "one unit from one account to another": (
        f"update balances set available = available + shift(key = {ITS_BALANCE}) where key in {BOTH}",
        {"accounts-replay", "chain-unbroken"},
    ),
    "a hold that nobody asked for": (
        f"update balances set on_hold = '1' where key = {ITS_BALANCE}",
        {"holds-released", "accounts-replay", "conserved"},
    ),
    "another version of a balance": (
        f"update balances set version = version + 1 where key = {ITS_BALANCE}",
        {"chain-unbroken"},
    ),
    "a balance is gone": (
        f"update balances set deleted = updated where key = {ITS_BALANCE}",
        {"accounts-replay", "conserved", "references-resolve"},
    ),
    "an operation is gone": (
        f"delete from operations where key = {CREDIT}",
        {"legs-balance", "legs-as-intended", "chain-unbroken"},
    ),
    "a transaction without operations": (
        f"delete from operations where transaction_key = {PAYMENT}",
        {"references-resolve", "legs-as-intended", "chain-unbroken"},
    ),
    "a transaction is gone": (
        f"delete from operations where transaction_key = {PAYMENT}; delete from transactions where key = {EMPTY}",
        {"exactly-once", "chain-unbroken"},
    ),
    "a transaction twice": (
        f"{COPY}; insert into transactions select * from copy",
        {"exactly-once", "references-resolve"},
    ),
    "a transaction that nobody sent": (
        f"{COPY}, metadata = null; insert into transactions select * from copy",
        {"no-phantoms", "references-resolve"},
    ),
    "the mark is gone": (
        f"update transactions set metadata = null where key = {PAYMENT}",
        {"exactly-once", "no-phantoms"},
    ),
    "a mark that was never sent": (
        f"update transactions set metadata = replace(metadata, '-1-', '-7-') where key = {PAYMENT}",
        {"exactly-once", "no-phantoms"},
    ),
    "another status": (
        f"update transactions set status = 'CANCELED' where key = {PAYMENT}",
        {"exactly-once", "legs-as-intended"},
    ),
    "what was cancelled is approved": (
        f"update transactions set status = 'APPROVED' where key = {CANCELLED}",
        {"exactly-once", "legs-as-intended"},
    ),
    "what was committed is pending": (
        f"update transactions set status = 'PENDING' where key = {COMMITTED}",
        {"exactly-once", "holds-released"},
    ),
    "another amount in the head": (
        f"update transactions set amount = '0.37' where key = {PAYMENT}",
        {"legs-as-intended"},
    ),
    "another asset in the head": (
        f"update transactions set asset = 'XXX' where key = {PAYMENT}",
        {"references-resolve"},
    ),
    "in another ledger": (
        f"update transactions set ledger = {OTHER_LEDGER} where key = {PAYMENT}",
        {"references-resolve"},
    ),
    "another amount in an operation": (
        f"update operations set amount = amount + 1 where key = {CREDIT}",
        {"chain-unbroken"},
    ),
    "an operation leaves one unit more": (
        f"update operations set available_after = available_after + 1 where key = {CREDIT}",
        {"chain-unbroken", "legs-balance", "legs-as-intended"},
    ),
    "another version in an operation": (
        f"update operations set version_after = version_after + 1 where key = {CREDIT}",
        {"chain-unbroken"},
    ),
    "a credit is called a debit": (
        f"update operations set type = 'DEBIT', direction = 'debit' where key = {CREDIT}",
        {"chain-unbroken"},
    ),
    "an operation on another account": (
        f"update operations set (account, balance, alias) = {ELSE} where key = {CREDIT}",
        {"legs-as-intended", "chain-unbroken"},
    ),
    "another alias in an operation": (
        f"update operations set alias = '@nobody' where key = {CREDIT}",
        {"references-resolve"},
    ),
    "another asset in an operation": (
        f"update operations set asset = 'XXX' where key = {CREDIT}",
        {"references-resolve", "legs-balance"},
    ),
    "another balance key in an operation": (
        f"update operations set name = 'savings' where key = {CREDIT}",
        {"references-resolve"},
    ),
    "an operation that is said to move nothing": (
        f"update operations set affected = 0 where key = {CREDIT}",
        {"legs-balance", "chain-unbroken"},
    ),
    "a reversal of another": (
        f"update transactions set parent = {PAYMENT} where key = {REVERSAL}",
        {"reverts-linked", "exactly-once"},
    ),
    "a reversal of nothing": (
        f"update transactions set parent = null where key = {REVERSAL}",
        {"reverts-linked", "exactly-once"},
    ),
    "a reversal is gone": (
        f"delete from transactions where key = {REVERSAL}",
        {"reverts-linked", "exactly-once"},
    ),
}  # fmt: skip
#: Those that a change must pass; the others are of the same kinds.
QUICK = {
    "one unit more on a balance", "one unit from one account to another", "an operation is gone",
    "a transaction is gone", "a transaction twice", "a transaction that nobody sent", "the mark is gone",
    "another status", "another version in an operation", "a credit is called a debit",
    "an operation on another account", "a reversal of another",
}  # fmt: skip


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """A run on a ledger of its own that holds, with the ledger's file in its folder."""
    folder = tmp_path_factory.mktemp("played") / "run"
    words = ["run", "--target-tps", "150", "--duration", "5s", "--run-dir", str(folder), "--quiet"]
    code = subprocess.run([sys.executable, "-m", "demogen", *words], cwd=ROOT, check=False).returncode
    assert code in (0, 3, 6)
    return folder


def audited(folder):
    """What a new audit says, of the ledger as its file stands now."""
    words = ["audit", str(folder), "--quiet"]
    done = subprocess.run(
        [sys.executable, "-m", "demogen", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.returncode, json.loads((folder / "audit.json").read_text()), done.stderr


def forge(file, statements):
    with closing(sqlite3.connect(file)) as database:
        database.create_function("shift", 1, lambda yes: 1 if yes else -1)
        before = database.total_changes
        database.executescript(statements)
        assert database.total_changes > before
        database.commit()


def test_an_untouched_ledger_holds(played):
    assert audited(played)[:2][0] == 0


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow, id=name) for name in FORGERIES]
)
def test_a_forgery_is_named(played, tmp_path, name):
    statements, named_by = FORGERIES[name]
    folder = shutil.copytree(played, tmp_path / "run")
    forge(folder / "sandbox.sqlite", statements)
    code, report, err = audited(folder)
    violated = {name for name, verdict in report["invariants"].items() if verdict == "VIOLATED"}
    assert code == 4, err
    assert named_by <= violated
    for finding in report["findings"]:
        assert "?" not in finding["first"], finding
