"""What an audit has at hand: which invariants its depth can judge, and what the run folder lacks for them, and why.

May import: `record`, `invariant`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Literal, TypeAlias

from demogen.audit.invariant import Invariant, invariants
from demogen.record.folder import RunFolder

Depth: TypeAlias = Literal["balances", "run", "all"]

_AT_HAND = {
    "balances": {"journal", "opening", "balances"},
    "run": {"journal", "opening", "balances", "transactions"},
    "all": {"journal", "opening", "balances", "transactions"},
}


def claims_at(depth: str) -> list[Invariant]:
    """The invariants that a depth reads enough for."""
    return [claim for claim in invariants() if set(claim.needs) <= _AT_HAND[depth]]


def absences(folder: RunFolder, *, added: Collection[str] = ()) -> dict[str, str]:
    """What the folder lacks of what invariants need (a name of NEEDS), and why.

    `added` names load processes whose journals were brought in by hand: what was missing of them is there now.
    """
    absent: dict[str, str] = {}
    if not folder.opening.exists():
        absent["opening"] = "the balances before the load were not saved"
    missing = [reason for reason in _incomplete(folder) if _process_of(reason) not in added]
    if missing:
        absent["journal"] = "; ".join(missing)
    return absent


def _incomplete(folder: RunFolder) -> list[str]:
    if not folder.incomplete.exists():
        return []
    try:
        told = json.loads(folder.incomplete.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ["a part of the journals is missing, and what is said of it cannot be read"]
    return [str(reason) for reason in told] if isinstance(told, list) else ["a part of the journals is missing"]


def _process_of(reason: str) -> str | None:
    found = re.search(r"load process (\w+)", reason)
    return found.group(1) if found else None
