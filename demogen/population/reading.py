"""Reads the transactions of a population back from the ledger, page by page, and hands each page on.

Nothing is kept: the memory is that of the pages under way. May import: client, contract, known.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from random import Random
from typing import Any
from urllib.parse import quote

import msgspec

from demogen.client.crew import Answer, Crew, Step
from demogen.client.retry import RetryPolicy, persist
from demogen.contract.exchange import Fault, Request
from demogen.contract.routes import ROUTES
from demogen.contract.transactions import LedgerRef
from demogen.contract.wire import MARK
from demogen.errors import PreflightFailed
from demogen.population.kinds import Kind
from demogen.population.known import Known
from demogen.population.manifest import Manifest, State

_PAGE = 100


class ReadAmount(msgspec.Struct, frozen=True):
    value: str = "0"


class ReadOperation(msgspec.Struct, rename="camel"):
    """One leg as the ledger tells it."""

    id: str
    type: str
    account_id: str
    account_alias: str = ""
    balance_key: str = "default"
    direction: str = ""
    asset_code: str = ""
    amount: ReadAmount = ReadAmount()


class _Status(msgspec.Struct, frozen=True):
    code: str = ""


class ReadTransaction(msgspec.Struct, rename="camel"):
    """One transaction as the ledger tells it."""

    id: str
    amount: str
    asset_code: str
    created_at: str
    description: str = ""
    status: _Status = _Status()
    parent_transaction_id: str | None = None
    metadata: dict[str, Any] | None = None
    operations: list[ReadOperation] | None = None

    @property
    def mark(self) -> str:
        return str((self.metadata or {}).get(MARK, ""))

    @property
    def pattern(self) -> str:
        return str((self.metadata or {}).get("pattern", ""))


class _Page(msgspec.Struct):
    items: list[ReadTransaction] | None = None
    next_cursor: str | None = None


_decode = msgspec.json.Decoder(_Page).decode

Take = Callable[[LedgerRef, list[ReadTransaction]], None]


def read_transactions(manifest: Manifest, crew: Crew, take: Take, *, policy: RetryPolicy | None = None) -> int:
    """Hand every transaction of the population's ledgers to `take`, a page at a time; how many there were.

    Raises PreflightFailed where the ledger does not tell.
    """
    known = Known(manifest)
    ledgers = [row.position for row in manifest.rows(Kind.LEDGER, states=(State.MADE, State.FOUND))]
    jobs = _jobs(known, ledgers, take, policy or RetryPolicy())
    return sum(crew.run(jobs))


def _jobs(known: Known, ledgers: list[int], take: Take, policy: RetryPolicy) -> Iterator[Generator[Step, Answer, int]]:
    dice = Random(0)  # for the jitter of retries only
    for position in ledgers:
        ledger = known.ledger(position)
        if ledger is not None:
            yield _ledger(ledger, take, policy, dice)


def _ledger(ledger: LedgerRef, take: Take, policy: RetryPolicy, dice: Random) -> Generator[Step, Answer, int]:
    # Without dates the list ends a few months ago (contract 2.3).
    dates = "start_date=1970-01-01&end_date=2999-12-31"
    query, total = f"limit={_PAGE}&{dates}", 0
    while True:
        target = ROUTES["transaction.list"].target(query, o=ledger.organization_id, l=ledger.ledger_id)
        answer = yield from persist(Request(b"GET", target.encode()), policy=policy, dice=dice)
        if isinstance(answer, Fault) or answer.status != 200:
            told = answer.label if isinstance(answer, Fault) else f"HTTP {answer.status}"
            raise PreflightFailed(f"the ledger does not tell its transactions ({told})", hint="run it again")
        page = _decode(answer.body)
        items = page.items or []
        take(ledger, items)
        total += len(items)
        if not page.next_cursor:
            return total
        query = f"limit={_PAGE}&cursor={quote(page.next_cursor)}&{dates}"
