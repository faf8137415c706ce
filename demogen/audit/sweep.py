"""How the ledger is read: jobs for a Crew, each a walk over one list, page by page. Sends nothing but GETs.

Transactions are walked by id, not by date: ids are UUIDv7 in the order of creation, while back-fill moves
dates (contract 2.2, 2.3, 4). A cursor may name any id, so a long window is cut into slices read side by side.
May import: `client`, `contract`, `errors`, `pages`.
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Generator
from typing import TypeAlias

import msgspec

from demogen.audit.pages import BalanceItem, Reader, TransactionItem
from demogen.client.crew import Step
from demogen.client.retry import RetryPolicy, persist
from demogen.contract.exchange import Fault, Request, Response
from demogen.contract.routes import ROUTES
from demogen.contract.transactions import LedgerRef
from demogen.errors import IntegrityUnknown, LedgerUnreachable

PAGE = 100
#: Wide enough for any back-fill and never refused (contract 2.3); ends a day ahead of a server whose clock is ahead.
_DATES = "start_date=1970-01-02&end_date={end}"

Walk: TypeAlias = Generator[Step, Response | Fault | None, int]
FIRST_ID = "00000000-0000-0000-0000-000000000000"


class Slice(msgspec.Struct, frozen=True):
    """The transactions of one ledger whose id is above `after` and at most `until` ("" for no end)."""

    ledger: LedgerRef
    after: str
    until: str = ""


class Sweeper:
    """Makes walks; `dice` spreads the pauses between tries of a request that failed."""

    def __init__(self, *, policy: RetryPolicy, dice: random.Random, end_date: str) -> None:
        self._policy = policy
        self._dice = dice
        self._reader = Reader()
        self._dates = _DATES.format(end=end_date)

    def balances(self, ledger: LedgerRef, take: Callable[[LedgerRef, list[BalanceItem]], None]) -> Walk:
        """Every balance of a ledger, handed over page by page; the result is how many."""
        cursor, count = "", 0
        while True:
            body = yield from self._get("balance.list", ledger, _query("", cursor))
            page = self._reader.balances(body)
            items = page.items or []
            count += len(items)
            take(ledger, items)
            if not page.next_cursor:
                return count
            cursor = page.next_cursor

    def transactions(self, part: Slice, take: Callable[[LedgerRef, list[TransactionItem]], None]) -> Walk:
        """Every transaction of a slice, oldest first, handed over page by page; the result is how many."""
        cursor, count = cursor_after(part.after) if part.after else "", 0
        while True:
            body = yield from self._get("transaction.list", part.ledger, _query(self._dates, cursor))
            page = self._reader.transactions(body)
            items = page.items or []
            within = [item for item in items if item.id <= part.until] if part.until else items
            count += len(within)
            take(part.ledger, within)
            if not page.next_cursor or len(within) < len(items):
                return count
            cursor = page.next_cursor

    def newest(self, ledger: LedgerRef, take: Callable[[LedgerRef, str], None]) -> Walk:
        """The id of the newest transaction of a ledger; "" where there is none."""
        query = f"{self._dates}&limit=1&sort_order=desc"
        body = yield from self._get("transaction.list", ledger, query)
        items = self._reader.transactions(body).items or []
        take(ledger, items[0].id if items else "")
        return len(items)

    def behind(self, ledger: LedgerRef, balance: BalanceItem) -> Walk:
        """By how many changes the account's list of operations is behind its balance: 0 where it has caught up."""
        query = f"{self._dates}&limit=20&sort_order=desc"
        target = _target("operation.list", ledger, query, id=balance.account_id)
        response = yield from persist(Request(b"GET", target), policy=self._policy, dice=self._dice)
        items = self._reader.operations(_body(response, target)).items or []
        seen = max((item.balance_after.version for item in items if item.balance_key == balance.key), default=0)
        return max(0, balance.version - seen)

    def one(
        self, ledger: LedgerRef, transaction_id: str, take: Callable[[LedgerRef, list[TransactionItem]], None]
    ) -> Walk:
        """One transaction by its id; nothing is handed over where the ledger does not know it.

        Without a limit the ledger would show ten of its operations only.
        """
        target = _target("transaction.get", ledger, f"limit={PAGE}", t=transaction_id)
        response = yield from persist(Request(b"GET", target), policy=self._policy, dice=self._dice)
        if isinstance(response, Response) and response.status == 404:
            return 0
        take(ledger, [self._reader.transaction(_body(response, target))])
        return 1

    def _get(self, route: str, ledger: LedgerRef, query: str) -> Generator[Step, Response | Fault | None, bytes]:
        target = _target(route, ledger, query)
        response = yield from persist(Request(b"GET", target), policy=self._policy, dice=self._dice)
        return _body(response, target)


def _body(response: Response | Fault, target: bytes) -> bytes:
    if isinstance(response, Fault):
        raise LedgerUnreachable(
            f"reading back failed: {response.label} at {target.decode()}", hint="is the ledger still running?"
        )
    if response.status != 200:
        raise IntegrityUnknown(
            f"reading back failed: HTTP {response.status} at {target.decode()}",
            hint=response.body[:200].decode("utf-8", "replace"),
        )
    return response.body


def _target(route: str, ledger: LedgerRef, query: str, **ids: str) -> bytes:
    return ROUTES[route].target(query, o=ledger.organization_id, l=ledger.ledger_id, **ids).encode()


def _query(dates: str, cursor: str) -> str:
    parts = [f"limit={PAGE}", dates, f"cursor={cursor}" if cursor else ""]
    return "&".join(part for part in parts if part)


def cursor_after(transaction_id: str) -> str:
    """The cursor of the page that begins after this id, as the ledger itself writes cursors (contract 2.3)."""
    text = json.dumps({"id": transaction_id, "direction": "next"}, separators=(",", ":"))
    return base64.b64encode(text.encode()).decode()


def id_at(unix_ms: int) -> str:
    """The smallest UUIDv7 of a moment: a place to cut between transactions."""
    digits = f"{unix_ms:012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-000000000000"


def before(transaction_id: str) -> str:
    """The id just below this one."""
    digits = f"{int(transaction_id.replace('-', ''), 16) - 1:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def moment_of(transaction_id: str) -> int:
    """Unix milliseconds of a UUIDv7."""
    return int(transaction_id.replace("-", "")[:12], 16)


def slices(ledger: LedgerRef, *, after: str, newest: str, parts: int) -> list[Slice]:
    """Cut what came after `after` into `parts` stretches of equal time; the last one has no end."""
    if parts < 2 or not newest:
        return [Slice(ledger, after)]
    first_ms = moment_of(after) if after else 0
    last_ms = moment_of(newest)
    if last_ms - first_ms < parts:
        return [Slice(ledger, after)]
    cuts = [id_at(first_ms + (last_ms - first_ms) * part // parts) for part in range(1, parts)]
    starts, ends = [after, *cuts], [*cuts, ""]
    return [Slice(ledger, start, end) for start, end in zip(starts, ends, strict=True)]
