"""The settlement lens: how long after its 201 a transaction shows, in each way of looking, seen from outside.

A sample pays, then looks by id, in the list, in the account's operations and at its balance, round after round, until
all show it; then a few times more, for what was seen must stay. May import: `client`, `contract`, `clock`, `workbench`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any

import msgspec

from demogen.audit.probes.workbench import Workbench, payment, request_of
from demogen.audit.sweep import before, cursor_after
from demogen.client.crew import Step, Wait
from demogen.clock import NS_PER_MS, NS_PER_S, Clock
from demogen.contract.exchange import Fault, Request, Response
from demogen.contract.transactions import AccountRef, LedgerRef

VIEWS = ("by id", "in the list", "in the operations", "in the balance")
_PAUSE_S = 0.001
_LOOKS_AFTER = 5


class View(msgspec.Struct, frozen=True):
    """One way of looking. Lags in milliseconds from the 201 to the first look that shows it.

    `unread` counts samples whose first look did not show it (no read-your-writes), `undone` those where a later look
    no longer did (no monotonic reads), `never` those that did not show it in time.
    """

    name: str
    samples: int
    unread: int
    undone: int
    never: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    max_ms: float | None


class _Seen:
    """One view of one sample."""

    def __init__(self) -> None:
        self.looks = 0
        self.lag_ns: int | None = None
        self.undone = False
        self._missed_ns = 0

    def look(self, shows: bool, *, sent_ns: int, answered_ns: int, accepted_ns: int) -> None:  # noqa: FBT001
        """A look left and came back; what it saw was true somewhere between."""
        self.looks += 1
        if shows and self.lag_ns is None:
            since = self._missed_ns or accepted_ns
            self.lag_ns = max(0, (since + answered_ns) // 2 - accepted_ns) if self._missed_ns else 0
        elif not shows and self.lag_ns is not None:
            self.undone = True
        elif not shows:
            self._missed_ns = sent_ns


class Lens:
    """Takes samples on a ledger of its own."""

    def __init__(self, work: Workbench, *, clock: Clock, patience_s: float = 30.0) -> None:
        self._work = work
        self._clock = clock
        self._patience_ns = round(patience_s * NS_PER_S)
        self._ledger, accounts = work.ledger("settlement", accounts=8, funds=10_000_000)
        self._accounts = accounts[:-1]

    def measure(self, samples: int) -> list[View]:
        """Take that many samples, a few at a time; a line for each way of looking."""
        taken = [seen for seen in self._work.crew.run(self._sample(number) for number in range(samples)) if seen]
        return [_view(name, [seen[place] for seen in taken]) for place, name in enumerate(VIEWS)]

    def _sample(self, number: int) -> Generator[Step, Response | Fault | None, list[_Seen] | None]:
        payer = self._accounts[2 * number % len(self._accounts)]
        payee = self._accounts[(2 * number + 1) % len(self._accounts)]
        body = payment(payer, payee, "1", f"sample {self._work.tag} {number}")
        request = request_of("transaction.json", body, self._ledger, key=f"{self._work.tag}-{number}")
        answer = yield request
        accepted_ns = self._clock.now_ns()
        if not isinstance(answer, Response) or answer.status != 201:
            return None
        looks = _looks(self._ledger, payer, msgspec.json.decode(answer.body))
        seen = [_Seen() for _ in VIEWS]
        while self._clock.now_ns() - accepted_ns < self._patience_ns:
            yield from self._look(looks, seen, accepted_ns)
            if all(view.lag_ns is not None for view in seen):
                break
            yield Wait(_PAUSE_S)
        for _ in range(_LOOKS_AFTER):
            yield from self._look(looks, seen, accepted_ns)
        return seen

    def _look(
        self, looks: Sequence[_Look], seen: Sequence[_Seen], accepted_ns: int
    ) -> Generator[Step, Response | Fault | None, None]:
        for (request, shows), view in zip(looks, seen, strict=True):
            sent_ns = self._clock.now_ns()
            answer = yield request
            shown = isinstance(answer, Response) and answer.status == 200 and shows(msgspec.json.decode(answer.body))
            view.look(shown, sent_ns=sent_ns, answered_ns=self._clock.now_ns(), accepted_ns=accepted_ns)


_Look = tuple[Request, Callable[[Any], bool]]


def _looks(ledger: LedgerRef, payer: AccountRef, made: dict[str, Any]) -> list[_Look]:
    """How to look for a transaction in each view, in the order of VIEWS."""
    id_ = str(made["id"])
    version = max(int(o["balanceAfter"]["version"]) for o in made["operations"] if o["accountAlias"] == payer.alias)
    just_before = f"limit=1&cursor={cursor_after(before(id_))}"
    return [
        (request_of("transaction.get", None, ledger, t=id_), lambda body: body["id"] == id_),
        (
            request_of("transaction.list", None, ledger, query=just_before),
            lambda body: any(item["id"] == id_ for item in body["items"] or ()),
        ),
        (
            request_of("operation.list", None, ledger, id=payer.account_id, query="limit=20&sort_order=desc"),
            lambda body: any(item["transactionId"] == id_ for item in body["items"] or ()),
        ),
        (
            request_of("balance.of_account", None, ledger, id=payer.account_id),
            lambda body: any(item["key"] == "default" and int(item["version"]) >= version for item in body["items"]),
        ),
    ]


def _view(name: str, seen: Sequence[_Seen]) -> View:
    lags = sorted(view.lag_ns for view in seen if view.lag_ns is not None)
    return View(
        name=name,
        samples=len(seen),
        unread=sum(view.lag_ns is None or view.lag_ns > 0 for view in seen),
        undone=sum(view.undone for view in seen),
        never=len(seen) - len(lags),
        p50_ms=_quantile(lags, 0.50),
        p95_ms=_quantile(lags, 0.95),
        p99_ms=_quantile(lags, 0.99),
        max_ms=lags[-1] / NS_PER_MS if lags else None,
    )


def _quantile(ordered: Sequence[int], share: float) -> float | None:
    """The smallest value that `share` of them do not exceed, in milliseconds."""
    if not ordered:
        return None
    place = max(0, -(-len(ordered) * round(share * 100) // 100) - 1)
    return ordered[place] / NS_PER_MS
