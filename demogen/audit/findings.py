"""What an audit says: a verdict for each invariant, findings with witnesses, and doubts with reasons. As values.

Saved as `audit.json` and read back by the report; nothing is judged here. May import: `verdict`, `errors`.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from demogen.audit.verdict import Verdict, worst
from demogen.errors import RunFolderError


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Counter-examples of one invariant: how many, the earliest and the largest, each explained in words."""

    invariant: str
    count: int
    first: str
    worst: str
    explanation: str


class Doubt(msgspec.Struct, frozen=True, kw_only=True):
    """Why an invariant could not be judged, or not for everything."""

    invariant: str
    reason: str


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """What the verdict rests on. Counts; `settled_s` is how long the ledger took to become quiet."""

    journals: int = 0
    attempts: int = 0
    accepted: int = 0
    rejected: int = 0
    indeterminate: int = 0
    resolved_booked: int = 0
    resolved_absent: int = 0
    ledgers: int = 0
    balances: int = 0
    transactions: int = 0
    operations: int = 0
    settled_s: float = 0.0
    read_s: float = 0.0
    judged_s: float = 0.0


class AuditReport(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one audit; `invariants` maps a name (its .sql file's) to a verdict word.

    `unsettled` says why the ledger was still moving; "" where it was quiet.
    """

    run_id: str
    depth: str
    verdict: Verdict
    invariants: dict[str, Verdict]
    findings: tuple[Finding, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    coverage: Coverage = Coverage()
    unsettled: str = ""

    @property
    def violated(self) -> frozenset[str]:
        """Names of the invariants that have counter-examples."""
        return frozenset(name for name, verdict in self.invariants.items() if verdict is Verdict.VIOLATED)

    @property
    def exit_code(self) -> int:
        return self.verdict.exit_code


def report_of(
    run_id: str,
    *,
    depth: str,
    invariants: dict[str, Verdict],
    findings: list[Finding],
    doubts: list[Doubt],
    coverage: Coverage,
    unsettled: str = "",
) -> AuditReport:
    """Put the pieces together; the verdict is the worst of the invariants'."""
    return AuditReport(
        run_id=run_id,
        depth=depth,
        verdict=worst(invariants.values()),
        invariants=invariants,
        findings=tuple(findings),
        doubts=tuple(doubts),
        coverage=coverage,
        unsettled=unsettled,
    )


def unjudged(run_id: str, *, depth: str, names: list[str], reason: str) -> AuditReport:
    """The report of an audit that could not begin: every invariant UNKNOWN, for one reason."""
    return AuditReport(
        run_id=run_id,
        depth=depth,
        verdict=Verdict.UNKNOWN,
        invariants=dict.fromkeys(names, Verdict.UNKNOWN),
        doubts=(Doubt(invariant="*", reason=reason),),
    )


def dumps(report: AuditReport) -> str:
    """The text of `audit.json`; `RunFolder.write_text` puts it in place whole."""
    return msgspec.json.format(msgspec.json.encode(report), indent=1).decode()


def load(path: Path) -> AuditReport:
    """Read `audit.json`. Raises RunFolderError where it is absent, torn or not an audit."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=AuditReport)
    except OSError as error:
        raise RunFolderError(f"cannot read {path}: {error.strerror}", hint="audit it: demogen audit DIR") from error
    except msgspec.DecodeError as error:
        raise RunFolderError(f"{path} is not an audit: {error}", hint="audit it again: demogen audit DIR") from error
