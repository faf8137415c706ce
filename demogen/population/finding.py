"""Looks for what may already be there: by plan mark, by unique name or alias; transactions by a sweep of their ledger.

Entities have no idempotency (contract 6): what may have been sent before is looked for here before it is sent again.
Sub-generators of crew jobs; each returns the raw id or None. May import: client, contract, this room.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from random import Random
from typing import Any
from urllib.parse import quote
from uuid import UUID

import msgspec

from demogen.client.crew import Answer, Step
from demogen.client.retry import RetryPolicy, persist
from demogen.contract.exchange import Fault, Request, Response
from demogen.contract.routes import ROUTES
from demogen.contract.transactions import LedgerRef
from demogen.contract.wire import MARK
from demogen.errors import PreflightFailed
from demogen.population.kinds import Kind
from demogen.population.planned import Planned

PAGE = 100


class Listed(msgspec.Struct, rename="camel"):
    """What a search needs of a list item, of any kind."""

    id: UUID
    name: str | None = None
    alias: str | None = None
    code: str | None = None
    key_value: str | None = None
    legal_document: str = ""
    key: str | None = None
    parent_transaction_id: str | None = None
    metadata: dict[str, Any] | None = None

    @property
    def mark(self) -> str:
        mark = (self.metadata or {}).get(MARK)
        return mark if isinstance(mark, str) else ""


class _Page(msgspec.Struct):
    items: list[Listed] | None = None
    next_cursor: str | None = None


Search = Generator[Step, Answer, bytes | None]
_decode_page = msgspec.json.Decoder(_Page).decode
_decode_one = msgspec.json.Decoder(Listed).decode

_LISTS = {
    Kind.ORGANIZATION: "organization.list",
    Kind.LEDGER: "ledger.list",
    Kind.ASSET: "asset.list",
    Kind.ACCOUNT_TYPE: "account_type.list",
    Kind.OPERATION_ROUTE: "operation_route.list",
    Kind.TRANSACTION_ROUTE: "transaction_route.list",
    Kind.PORTFOLIO: "portfolio.list",
    Kind.SEGMENT: "segment.list",
    Kind.ACCOUNT: "account.list",
}
_CURSOR_LISTS = (Kind.OPERATION_ROUTE, Kind.TRANSACTION_ROUTE)
#: Kinds whose list can be searched for one metadata value (contract 2.3); the others are read through.
_MARK_SEARCH = (Kind.ORGANIZATION, Kind.LEDGER, Kind.ASSET, Kind.PORTFOLIO, Kind.SEGMENT)


class Unanswered(PreflightFailed):
    """A search could not be made: what is there stays unknown, and nothing may be sent on a guess."""

    def __init__(self, answer: Response | Fault) -> None:
        told = answer.label if isinstance(answer, Fault) else f"HTTP {answer.status}"
        hint = "run the same command again once it answers"
        if isinstance(answer, Response) and answer.status in (401, 403):
            hint = "it wants to know who asks: --token, or --oauth-token-url with client id and secret"
        super().__init__(f"the ledger does not say what it has already ({told})", hint=hint)
        self.answer = answer


class Finder:
    """Searches on one server."""

    def __init__(self, *, policy: RetryPolicy, dice: Random) -> None:
        self._policy = policy
        self._dice = dice

    def planned(self, planned: Planned, place: dict[str, str]) -> Search:
        """The id of an entity that carries the plan's mark or, where names are unique, its name. Raises Unanswered."""
        kind = planned.kind
        if kind is Kind.ACCOUNT:
            return (yield from self._by_alias(planned, place))
        if kind in _MARK_SEARCH:
            found = yield from self._search(kind, place, f"metadata.{MARK}={planned.mark}&limit=10", _marked(planned))
            if found is not None or kind not in (Kind.ORGANIZATION, Kind.LEDGER):
                return found
            # The mark may be lost where the server died between writing the entity and its metadata.
            field = "legal_name" if kind is Kind.ORGANIZATION else "name"
            name = planned.fields["legalName" if kind is Kind.ORGANIZATION else "name"]
            return (
                yield from self._search(kind, place, f"{field}={quote(name)}&limit={PAGE}", _unmarked_twin(planned))
            )
        return (yield from self.twin(planned, place))

    def twin(self, planned: Planned, place: dict[str, str]) -> Search:
        """The id of the entity that a create collided with: it has the same unique name. Raises Unanswered."""
        if planned.kind is Kind.ACCOUNT:
            return (yield from self._by_alias(planned, place))
        matches = _twin(planned)
        return next((item.id.bytes for item in (yield from self.listing(planned.kind, place)) if matches(item)), None)

    def listing(self, kind: Kind, place: dict[str, str]) -> Generator[Step, Answer, list[Listed]]:
        """Everything of a kind in a place. Raises Unanswered."""
        items: list[Listed] = []
        query, page = f"limit={PAGE}", 1
        while True:
            listed = yield from self._page(kind, place, query)
            items += listed.items or ()
            if kind in _CURSOR_LISTS:
                if not listed.next_cursor:
                    return items
                query = f"limit={PAGE}&cursor={quote(listed.next_cursor)}"
            elif len(listed.items or ()) < PAGE:
                return items
            else:
                page += 1
                query = f"limit={PAGE}&page={page}"

    def transactions(self, ledger: LedgerRef, *, since: str, until: str) -> Generator[Step, Answer, dict[str, bytes]]:
        """Every marked transaction of a ledger between two days: mark to id. Raises Unanswered.

        Reversals carry their original's mark and are left out.
        """
        found: dict[str, bytes] = {}
        dates = f"&start_date={since}&end_date={until}"
        query = f"limit={PAGE}{dates}"
        while True:
            listed = yield from self._get("transaction.list", query, o=ledger.organization_id, l=ledger.ledger_id)
            for item in listed.items or ():
                if item.mark and not item.parent_transaction_id:
                    found[item.mark] = item.id.bytes
            if not listed.next_cursor:
                return found
            query = f"limit={PAGE}&cursor={quote(listed.next_cursor)}{dates}"

    def balance(self, account_id: str, key: str, place: dict[str, str]) -> Search:
        """The id of one balance of an account. Raises Unanswered."""
        listed = yield from self._get("balance.of_account", f"limit={PAGE}", id=account_id, **place)
        return next((item.id.bytes for item in listed.items or () if item.key == key), None)

    def exists(self, organization: bytes) -> Generator[Step, Answer, bool]:
        """Whether the server has an organization of this id. Raises Unanswered."""
        answer = yield from self._ask("organization.get", "", id=str(UUID(bytes=organization)))
        return answer.status == 200

    def _search(self, kind: Kind, place: dict[str, str], query: str, matches: Callable[[Listed], bool]) -> Search:
        listed = yield from self._page(kind, place, query)
        return next((item.id.bytes for item in listed.items or () if matches(item)), None)

    def _by_alias(self, planned: Planned, place: dict[str, str]) -> Search:
        answer = yield from self._ask("account.by_alias", "", alias=planned.fields["alias"], **place)
        if answer.status == 404:
            return None
        try:
            return _decode_one(answer.body).id.bytes
        except msgspec.DecodeError as error:
            raise Unanswered(answer) from error

    def _page(self, kind: Kind, place: dict[str, str], query: str) -> Generator[Step, Answer, _Page]:
        return (yield from self._get(_LISTS[kind], query, **place))

    def _get(self, route: str, query: str, **ids: str) -> Generator[Step, Answer, _Page]:
        answer = yield from self._ask(route, query, **ids)
        # A metadata search without match is a 404 for most kinds (contract 2.3).
        if answer.status == 404:
            return _Page()
        try:
            return _decode_page(answer.body)
        except msgspec.DecodeError as error:
            raise Unanswered(answer) from error

    def _ask(self, route: str, query: str, **ids: str) -> Generator[Step, Answer, Response]:
        request = Request(b"GET", ROUTES[route].target(query, **ids).encode())
        answer = yield from persist(request, policy=self._policy, dice=self._dice)
        if isinstance(answer, Fault) or answer.status not in (200, 404):
            raise Unanswered(answer)
        return answer


def _marked(planned: Planned) -> Callable[[Listed], bool]:
    return lambda item: item.mark == planned.mark


def _twin(planned: Planned) -> Callable[[Listed], bool]:
    """Whether a list item has the name that the server keeps unique, or our mark where it keeps none."""
    fields, kind = planned.fields, planned.kind
    if kind is Kind.ASSET:
        return lambda item: item.code == fields["code"]
    if kind is Kind.ACCOUNT_TYPE:
        return lambda item: (item.key_value or "").lower() == fields["keyValue"].lower()
    if kind is Kind.LEDGER:
        return lambda item: (item.name or "").lower() == fields["name"].lower()
    if kind is Kind.SEGMENT:
        return lambda item: item.name == fields["name"]
    return _marked(planned)


def _unmarked_twin(planned: Planned) -> Callable[[Listed], bool]:
    fields = planned.fields
    if planned.kind is Kind.ORGANIZATION:
        return lambda item: not item.metadata and item.legal_document == fields["legalDocument"]
    return lambda item: (item.name or "").lower() == fields["name"].lower()


def marks_of(plan_id: str, found: dict[str, bytes], letter: str) -> Iterator[tuple[int, bytes]]:
    """(index, id) of those marks that belong to one kind of one plan."""
    start = f"{plan_id}-{letter}"
    for mark, raw in found.items():
        if mark.startswith(start) and mark[len(start) :].isdigit():
            yield int(mark[len(start) :]), raw
