"""Runs every invariant over a filled ground, and turns what it lists into verdicts, findings and doubts.

An invariant that lists nothing HOLDS; one that cannot run, or lacks what it needs, is UNKNOWN with the reason, never
HOLDS. May import: `ground`, `invariant`, `findings`, `verdict`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import duckdb
import msgspec

from demogen.audit.findings import Doubt, Finding
from demogen.audit.ground import TABLES, Ground
from demogen.audit.invariant import Invariant
from demogen.audit.verdict import Verdict


class Judgement(msgspec.Struct, frozen=True):
    """What came of all invariants together."""

    verdicts: dict[str, Verdict]
    findings: list[Finding]
    doubts: list[Doubt]


def prepare(ground: Ground) -> None:
    """Derive from what was loaded what the invariants are written in, a stretch of keys at a time: memory is flat."""
    ground.run_script(TABLES / "facts.sql")
    stretches = _stretches(ground)
    with ThreadPoolExecutor(max_workers=min(ground.threads, len(stretches))) as pool:
        # Each stretch is one long statement on few rows, which the database alone would run on one thread.
        for done in [pool.submit(_fill, ground, low, high) for low, high in stretches]:
            done.result()


def _fill(ground: Ground, low: int, high: int) -> None:
    with ground.another() as connection:
        for statement in (TABLES / "requests.sql").read_text(encoding="utf-8").split(";"):
            if statement.strip():
                used = {name: key for name, key in (("low", low), ("high", high)) if f"${name}" in statement}
                connection.execute(statement, used)


def _stretches(ground: Ground) -> list[tuple[int, int]]:
    """Ranges of keys that hold about half a million requests each, journal and book together."""
    blocks = ground.rows(_BLOCKS)
    stretches: list[tuple[int, int]] = []
    low, held = 0, 0
    for block, count in blocks:
        held += count
        if held >= _STRETCH:
            stretches.append((low, (block + 1) * _BLOCK))
            low, held = (block + 1) * _BLOCK, 0
    stretches.append((low, 1 << 63))
    return stretches


_BLOCK = 1 << 18
_STRETCH = 1 << 20
_BLOCKS = f"""
select (key_id // {_BLOCK})::bigint as block, count(*) from (
    select key_id from journal.attempts where action <= 6
    union all select key_id from book.transactions where key_id is not null)
group by block order by block"""


def judge(
    ground: Ground, claims: Sequence[Invariant], *, absent: Mapping[str, str] | None = None, unsettled: str = ""
) -> Judgement:
    """Judge `claims` on a prepared ground; `absent` maps what it lacks (a name of NEEDS) to why.

    `unsettled` is why the ledger may still move: then nothing that was read can be trusted to HOLD.
    """
    verdicts: dict[str, Verdict] = {}
    findings: list[Finding] = []
    doubts: list[Doubt] = []
    for claim in claims:
        found, reasons = _judge_one(ground, claim, absent or {})
        if unsettled:
            # What looks lost may only be late: a counter-example in a moving book is no finding.
            reasons.append(unsettled if found is None else f"{unsettled}; so far: {found.first}")
            found = None
        findings.extend([found] if found else [])
        doubts.extend(Doubt(invariant=claim.name, reason=reason) for reason in reasons)
        if found:
            verdicts[claim.name] = Verdict.VIOLATED
        else:
            verdicts[claim.name] = Verdict.UNKNOWN if reasons else Verdict.HOLDS
    return Judgement(verdicts, findings, doubts)


def _judge_one(ground: Ground, claim: Invariant, absent: Mapping[str, str]) -> tuple[Finding | None, list[str]]:
    missing = [absent[need] for need in claim.needs if need in absent]
    if missing:
        return None, missing
    try:
        reasons = [str(row[0]) for row in ground.rows(claim.doubts)] if claim.doubts else []
        return _finding(ground, claim), reasons
    except duckdb.Error as error:
        return None, [f"could not run: {str(error).splitlines()[0]}"]


def _finding(ground: Ground, claim: Invariant) -> Finding | None:
    query = (
        "select count(*), arg_min(words, row(at_ns, -size::double)), arg_max(words, row(size::double, -at_ns)) "
        f"from ({claim.query}) counter_examples"
    )
    count, first, worst = ground.rows(query)[0]
    if not count:
        return None
    return Finding(
        invariant=claim.name,
        count=count,
        first=first,
        worst=worst,
        explanation=_explanation(claim, count, first=first, worst=worst),
    )


def _explanation(claim: Invariant, count: int, *, first: str, worst: str) -> str:
    if count == 1:
        return f"{claim.sentence} One counter-example: {first}."
    worst_part = "" if worst == first else f" Worst: {worst}."
    return f"{claim.sentence} {count} counter-examples. First: {first}.{worst_part}"
