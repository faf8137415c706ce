"""A small ledger made for a probe: an organization, ledgers, one asset, a few funded accounts. It may be left behind.

Speaks through a crew, so that it works over sockets and in memory. May import: `client`, `contract`, `errors`.
"""

from __future__ import annotations

import random
from collections.abc import Generator, Sequence
from typing import Any

import msgspec

from demogen.client.crew import Crew, Step
from demogen.client.retry import RetryPolicy, persist
from demogen.contract.exchange import Fault, Request, Response
from demogen.contract.money import units_text
from demogen.contract.routes import ROUTES
from demogen.contract.transactions import AccountRef, LedgerRef
from demogen.errors import PreflightFailed

ASSET = "USD"
SCALE = 2


class Workbench:
    """What probes share. `tag` sets what they make apart from anything else on that server."""

    def __init__(self, crew: Crew, *, tag: str, dice: random.Random, policy: RetryPolicy | None = None) -> None:
        self.crew = crew
        self.tag = tag
        self.dice = dice
        self._policy = policy or RetryPolicy()
        self._organization = ""

    def ledger(self, name: str, *, accounts: int, funds: int) -> tuple[LedgerRef, list[AccountRef]]:
        """A new ledger with its accounts, each holding `funds` minor units; the external account comes last.

        Raises PreflightFailed where the server refuses to make it.
        """
        ledger = self.bare_ledger(name)
        self.made("asset.create", {"name": "US dollar", "type": "currency", "code": ASSET}, ledger)
        found: list[AccountRef] = []
        for index in range(accounts):
            alias = f"@probe-{index}"
            made = self.made("account.create", {"assetCode": ASSET, "type": "deposit", "alias": alias}, ledger)
            found.append(AccountRef(index, made["id"], alias, ASSET, SCALE, ledger))
            self.fund(found[-1], funds)
        found.append(AccountRef(accounts, "", f"@external/{ASSET}", ASSET, SCALE, ledger, external=True))
        return ledger, found

    def bare_ledger(self, name: str) -> LedgerRef:
        """A new ledger with nothing in it."""
        if not self._organization:
            body = {"legalName": f"demogen probe {self.tag}", "legalDocument": "00000000000191"}
            self._organization = self.made("organization.create", body)["id"]
        made = self.made("ledger.create", {"name": f"{name} {self.tag}"}, o=self._organization)
        return LedgerRef(0, self._organization, made["id"])

    def fund(self, account: AccountRef, units: int) -> None:
        """Pay at least `units` minor units into an account, from outside; a faulty ledger is asked three times."""
        value = units_text(units, account.scale)
        to = [leg(account.alias, value, account.asset)]
        send = {"asset": account.asset, "value": value, "distribute": {"to": to}}
        for attempt in range(3):
            what = f"opening {account.alias} {attempt}"
            request = request_of(
                "transaction.inflow",
                {"description": what, "send": send},
                account.ledger,
                key=f"{self.tag}-{what}".replace(" ", "-"),
            )
            answer = self.ask(request, patiently=True)
            if isinstance(answer, Response) and answer.status == 201:
                return
        raise PreflightFailed(f"a probe cannot pay into {account.alias}", hint="see demogen doctor")

    def made(self, route: str, body: Any, ledger: LedgerRef | None = None, **ids: str) -> dict[str, Any]:
        """Create something; what the server answered. Raises PreflightFailed where it refuses."""
        answer = self.ask(request_of(route, body, ledger, **ids), patiently=True)
        if isinstance(answer, Fault) or answer.status != 201:
            told = answer.label if isinstance(answer, Fault) else f"HTTP {answer.status} {answer.body[:160]!r}"
            raise PreflightFailed(f"a probe needs {route}, and the ledger says {told}", hint="see demogen doctor")
        decoded: dict[str, Any] = msgspec.json.decode(answer.body)
        return decoded

    def ask(self, request: Request, *, patiently: bool = False) -> Response | Fault:
        """One request; `patiently` repeats it where that is safe."""
        return next(iter(self.crew.run([self._patient(request) if patiently else _single(request)])))

    def together(self, requests: Sequence[Request]) -> list[Response | Fault]:
        """All at once, each on a connection of its own; the answers in the order of the requests."""
        answers = dict(self.crew.run(_numbered(number, request) for number, request in enumerate(requests)))
        return [answers[number] for number in range(len(requests))]

    def booked(self, ledger: LedgerRef, description: str) -> list[dict[str, Any]]:
        """The transactions of that description, as the ledger lists them."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            target = ROUTES["transaction.list"].target(f"limit=100{cursor}", **_ids(ledger))
            answer = self.ask(Request(b"GET", target.encode()), patiently=True)
            if isinstance(answer, Fault) or answer.status != 200:
                raise PreflightFailed("the ledger does not list its transactions", hint="see demogen doctor")
            page = msgspec.json.decode(answer.body)
            found += [item for item in page["items"] or () if item["description"] == description]
            if not page.get("next_cursor"):
                return found
            cursor = f"&cursor={page['next_cursor']}"

    def available(self, account: AccountRef) -> str:
        """What the account's default balance has available, as the ledger writes it."""
        target = ROUTES["balance.by_alias"].target(alias=account.alias, **_ids(account.ledger))
        answer = self.ask(Request(b"GET", target.encode()), patiently=True)
        items = msgspec.json.decode(answer.body)["items"] if isinstance(answer, Response) else []
        return next((str(item["available"]) for item in items if item["key"] == "default"), "?")

    def _patient(self, request: Request) -> Generator[Step, Response | Fault | None, Response | Fault]:
        return (yield from persist(request, policy=self._policy, dice=self.dice))


def payment(payer: AccountRef, payee: AccountRef, value: str, description: str) -> dict[str, Any]:
    """The body of a payment."""
    source, target = leg(payer.alias, value), leg(payee.alias, value)
    send = {"asset": ASSET, "value": value, "source": {"from": [source]}, "distribute": {"to": [target]}}
    return {"description": description, "send": send}


def leg(alias: str, value: str, asset: str = ASSET) -> dict[str, Any]:
    return {"accountAlias": alias, "amount": {"asset": asset, "value": value}}


def request_of(
    route: str,
    body: Any = None,
    ledger: LedgerRef | None = None,
    *,
    key: str = "",
    headers: str = "",
    query: str = "",
    **ids: str,
) -> Request:
    """A request to a named route; `headers` are complete lines."""
    named = {**(_ids(ledger) if ledger else {}), **ids}
    target = ROUTES[route].target(query, **named).encode()
    raw = msgspec.json.encode(body) if body is not None else b""
    return Request(ROUTES[route].method.encode(), target, raw, key=key.encode(), headers=headers.encode())


def _ids(ledger: LedgerRef) -> dict[str, str]:
    return {"o": ledger.organization_id, "l": ledger.ledger_id}


def _single(request: Request) -> Generator[Step, Response | Fault | None, Response | Fault]:
    answer = yield request
    assert answer is not None
    return answer


def _numbered(number: int, request: Request) -> Generator[Step, Response | Fault | None, tuple[int, Response | Fault]]:
    answer = yield request
    assert answer is not None
    return number, answer
