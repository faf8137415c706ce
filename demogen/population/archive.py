"""Backs a population up into one file, with what its accounts hold; `recorded` reads it back for a restore.

The file is a manifest with an index and a table of balances. May import: client, clock, contract, manifest, known.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import Random

import msgspec

from demogen.client.crew import Answer, Crew, Job, Step
from demogen.client.retry import RetryPolicy, persist
from demogen.clock import NS_PER_S, Clock
from demogen.contract.exchange import Fault, Request
from demogen.contract.routes import ROUTES
from demogen.errors import PreflightFailed, UsageError
from demogen.population.kinds import Kind
from demogen.population.known import Known
from demogen.population.manifest import Manifest, State

_EXISTS = (State.MADE, State.FOUND)


class _Balance(msgspec.Struct, rename="camel"):
    account_id: str
    available: Decimal
    on_hold: Decimal
    direction: str = "credit"


class _Balances(msgspec.Struct):
    items: list[_Balance] | None = None
    next_cursor: str | None = None


_decode = msgspec.json.Decoder(_Balances).decode


def back_up(source: Path, target: Path, *, crew: Crew, clock: Clock, policy: RetryPolicy | None = None) -> int:
    """Write a backup of the population in `source` to `target`; how many balances it holds.

    What stands on credit-direction balances of an account, available and on hold, is one sum. Raises UsageError where
    `target` exists, PreflightFailed where the server does not tell the balances.
    """
    if target.exists():
        raise UsageError(f"{target} exists", hint="name another file, or remove that one")
    original = Manifest(source, read_only=True)
    try:
        original.copy_to(target)
    finally:
        original.close()
    copy = Manifest(target)
    try:
        known = Known(copy)
        ledgers = [row.position for row in copy.rows(Kind.LEDGER, states=_EXISTS)]
        held = 0
        for sums in crew.run(_jobs(known, ledgers, policy or RetryPolicy(), Random(0))):
            copy.hold(sums)
            held += len(sums)
        copy.index_ids()
        moment = datetime.fromtimestamp(clock.wall_ns() / NS_PER_S, UTC)
        copy.describe(backup=moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
    except BaseException:
        copy.close()
        target.unlink(missing_ok=True)
        raise
    copy.close()
    return held


def _jobs(known: Known, ledgers: list[int], policy: RetryPolicy, dice: Random) -> Iterator[Job[dict[str, str]]]:
    for position in ledgers:
        ledger = known.ledger(position)
        if ledger is not None:
            yield _balances(ledger.organization_id, ledger.ledger_id, policy, dice)


def _balances(
    organization: str, ledger: str, policy: RetryPolicy, dice: Random
) -> Generator[Step, Answer, dict[str, str]]:
    """What each account of a ledger holds: id to decimal text."""
    sums: dict[str, Decimal] = {}
    query = "limit=100"
    while True:
        request = Request(b"GET", ROUTES["balance.list"].target(query, o=organization, l=ledger).encode())
        answer = yield from persist(request, policy=policy, dice=dice)
        if isinstance(answer, Fault) or answer.status != 200:
            told = answer.label if isinstance(answer, Fault) else f"HTTP {answer.status}"
            raise PreflightFailed(f"the ledger does not tell its balances ({told})", hint="run it again")
        page = _decode(answer.body)
        for balance in page.items or ():
            if balance.direction == "credit":
                key = balance.account_id
                sums[key] = sums.get(key, Decimal(0)) + balance.available + balance.on_hold
        if not page.next_cursor:
            return {account: format(amount, "f") for account, amount in sums.items()}
        query = f"limit=100&cursor={page.next_cursor}"
