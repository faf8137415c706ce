"""Evidence checked without the ledger: unpack, compare hashes, judge again, and see whether the verdict is the same.

May import: `bundle`, `record`, `errors`, the rest of this room.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec

from demogen.audit.evidence.bundle import Chain, Damage, flat, open_bundle
from demogen.audit.findings import AuditReport, load
from demogen.audit.ground import Ground
from demogen.audit.history import journals_of, load_journals
from demogen.audit.judge import Judgement, judge, prepare
from demogen.audit.opening import load_opening
from demogen.audit.scope import absences, claims_at
from demogen.audit.verdict import Verdict, worst
from demogen.errors import DemogenError
from demogen.record.folder import RunFolder

_FILL = """
insert into plan.run from {run};
insert into plan.ledgers from {ledgers};
insert into plan.accounts select account, id_of(account_id), alias, asset, ledger, external from {accounts};
insert into book.balances select * replace (id_of(balance_id) as balance_id, id_of(account_id) as account_id)
    from {balances};
insert into book.operations select * replace (id_of(id) as id, id_of(transaction_id) as transaction_id,
    id_of(account_id) as account_id, id_of(balance_id) as balance_id) from {operations};
insert into book.transactions
    select id_of(t.id), ledger, id_of(parent), status, amount, t.asset, mark,
        key_of_mark(mark, (select run_id from plan.run)), created_ns,
        operations, residue, held, print, coalesce(mixed or done.asset <> t.asset, false)
    from {transactions} t left join (from footprints('book.operations')) done on done.transaction_id = id_of(t.id)
"""


class Verification(msgspec.Struct, frozen=True):
    """What came of checking a bundle. `differs` names invariants whose verdict is another one now, with both."""

    run_id: str
    root: str
    damages: tuple[Damage, ...]
    recorded: AuditReport | None
    verdicts: dict[str, Verdict]
    differs: tuple[str, ...]
    failure: str = ""

    @property
    def verdict(self) -> Verdict:
        """What judging it again says."""
        return worst(self.verdicts.values())

    @property
    def holds(self) -> bool:
        """Whether the evidence is what it was and says what it said."""
        return not self.damages and not self.differs and not self.failure


def verify(path: Path) -> Verification:
    """Check a bundle offline. Raises UsageError where the file is none."""
    with open_bundle(path) as (scratch, chain, damages):
        recorded, verdicts, failure = None, {}, ""
        try:
            recorded = load(scratch / "audit.json")
            verdicts = _judged(scratch, recorded).verdicts
        except (DemogenError, OSError, ValueError) as error:
            failure = str(error).splitlines()[0]
        except _database_errors() as error:
            failure = f"its books cannot be read: {str(error).splitlines()[0]}"
        return _compared(chain, damages, recorded, verdicts, failure)


def _database_errors() -> type[Exception]:
    import duckdb

    return duckdb.Error


def _compared(
    chain: Chain, damages: list[Damage], recorded: AuditReport | None, verdicts: dict[str, Verdict], failure: str
) -> Verification:
    told = recorded.invariants if recorded else {}
    differs = [
        f"{name}: recorded {told.get(name, 'nothing')}, now {verdicts.get(name, 'nothing')}"
        for name in sorted(told.keys() | verdicts.keys())
        if not failure and told.get(name) != verdicts.get(name)
    ]
    return Verification(
        run_id=chain.run_id,
        root=chain.root,
        damages=tuple(damages),
        recorded=recorded,
        verdicts=verdicts,
        differs=tuple(differs),
        failure=failure,
    )


def _judged(scratch: Path, recorded: AuditReport) -> Judgement:
    folder = RunFolder(scratch)
    with tempfile.TemporaryDirectory(prefix="demogen-judge-") as work:
        ground = Ground(Path(work) / "judge.duckdb")
        try:
            load_journals(ground, journals_of(folder.journal_files()))
            names = ("run", "ledgers", "accounts", "balances", "operations", "transactions")
            files = {name: flat(scratch / _folder_of(name) / f"{name}.parquet") for name in names}
            ground.connection.execute(_FILL.format(**files))
            absent = absences(folder)
            if "opening" not in absent:
                load_opening(ground, folder.opening)
            prepare(ground)
            return judge(ground, claims_at(recorded.depth), absent=absent, unsettled=recorded.unsettled)
        finally:
            ground.close()


def _folder_of(name: str) -> str:
    return "plan" if name in ("run", "ledgers", "accounts") else "book"
