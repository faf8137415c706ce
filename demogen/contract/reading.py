"""Reads a request back: which Intent does somebody's own JSON stand for, so that it can be journalled and judged?

The other direction of `wire`. What cannot be read for certain is None, never a guess: an account that is not in the
population, an amount finer than 10⁻¹⁸, a field we do not know how to book. May import: `money`, `transactions`,
`exchange`, `gold`, `errors`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from demogen.contract.exchange import Request
from demogen.contract.gold import MARK
from demogen.contract.money import ATTO_SCALE, POWERS, atto_of_text
from demogen.contract.transactions import AccountRef, Action, Intent, LedgerRef, Leg
from demogen.errors import UsageError

_CREATE = re.compile(
    rb"/v1/organizations/([^/?]+)/ledgers/([^/?]+)/transactions/(json|inflow|outflow|annotation|block|unblock)$"
)
_FOLLOW = re.compile(
    rb"/v1/organizations/([^/?]+)/ledgers/([^/?]+)/transactions/([^/?]+)/(commit|cancel|revert)$"
)  # fmt: skip
_ACTIONS = {
    b"json": Action.CREATE,
    b"inflow": Action.INFLOW,
    b"outflow": Action.OUTFLOW,
    b"annotation": Action.ANNOTATION,
    b"block": Action.BLOCK,
    b"unblock": Action.UNBLOCK,
    b"commit": Action.COMMIT,
    b"cancel": Action.CANCEL,
    b"revert": Action.REVERT,
}

_Place = tuple[str, str]


class Reader:
    """Reads requests about the ledgers of these accounts. Builds its index at the first transaction it meets."""

    def __init__(self, accounts: Iterable[AccountRef]) -> None:
        self._accounts = accounts
        self._by_alias: dict[_Place, dict[str, AccountRef]] | None = None

    def about_us(self, request: Request) -> bool:
        """Whether it asks one of our ledgers for a transaction, or to go on with one."""
        found = _CREATE.match(request.target) or _FOLLOW.match(request.target)
        return request.method == b"POST" and found is not None and self._place(found) in self._index()

    def intent(self, request: Request) -> Intent | None:
        """The intent of a request that is about us; None where it cannot be told for certain."""
        follow = _FOLLOW.match(request.target)
        if follow is not None:
            accounts = self._index()[self._place(follow)]
            return Intent(action=_ACTIONS[follow[4]], ledger=_ledger(accounts), subject=follow[3].decode("ascii"))
        create = _CREATE.match(request.target)
        if create is None:
            return None
        try:
            body = msgspec.json.decode(request.body)
            return _intent(_ACTIONS[create[3]], body, self._index()[self._place(create)])
        except (msgspec.DecodeError, UsageError, KeyError, TypeError, ValueError, ArithmeticError):
            return None

    def _place(self, found: re.Match[bytes]) -> _Place:
        return found[1].decode("ascii"), found[2].decode("ascii")

    def _index(self) -> dict[_Place, dict[str, AccountRef]]:
        if self._by_alias is None:
            index: dict[_Place, dict[str, AccountRef]] = {}
            for account in self._accounts:
                place = (account.ledger.organization_id, account.ledger.ledger_id)
                index.setdefault(place, {})[account.alias] = account
            self._by_alias = index
        return self._by_alias


def with_mark(request: Request, mark: str) -> Request:
    """The same request under a mark: as idempotency key, and in the metadata where it has a body."""
    body = request.body
    if body:
        fields = msgspec.json.decode(body)
        fields["metadata"] = {**(fields.get("metadata") or {}), MARK: mark}
        body = msgspec.json.encode(fields)
    return msgspec.structs.replace(request, body=body, key=mark.encode("ascii"))


def _intent(action: Action, body: Mapping[str, Any], accounts: Mapping[str, AccountRef]) -> Intent:
    send = body["send"]
    asset, total = send["asset"], atto_of_text(str(send["value"]))
    sources = [(accounts[leg["accountAlias"]], leg) for leg in (send.get("source") or {}).get("from", ())]
    targets = [(accounts[leg["accountAlias"]], leg) for leg in (send.get("distribute") or {}).get("to", ())]
    external = accounts[f"@external/{asset}"]
    if action is Action.INFLOW:
        sources = [(external, {"remaining": "remaining"})]
    elif action is Action.OUTFLOW:
        targets = [(external, {"remaining": "remaining"})]
    scale = _scale(total, [*sources, *targets])
    unit = POWERS[ATTO_SCALE - scale]
    return Intent(
        action=action,
        ledger=external.ledger,
        asset=asset,
        scale=scale,
        units=total // unit,
        sources=tuple(_leg(account, leg, asset, unit) for account, leg in sources),
        targets=tuple(_leg(account, leg, asset, unit) for account, leg in targets),
        pending=bool(body.get("pending", False)),
    )


def _scale(total: int, legs: Iterable[tuple[AccountRef, Mapping[str, Any]]]) -> int:
    """The accounts' own scale where it is fine enough for every amount, else the finest there is."""
    legs = list(legs)
    scale = max((account.scale for account, _ in legs), default=ATTO_SCALE)
    amounts = [total, *(atto_of_text(str(leg["amount"]["value"])) for _, leg in legs if "amount" in leg)]
    return scale if all(amount % POWERS[ATTO_SCALE - scale] == 0 for amount in amounts) else ATTO_SCALE


def _leg(account: AccountRef, leg: Mapping[str, Any], asset: str, unit: int) -> Leg:
    key = leg.get("balanceKey") or "default"
    if "amount" in leg:
        if leg["amount"].get("asset", asset) != asset:
            raise ValueError("a leg in another asset")
        return Leg(account, units=atto_of_text(str(leg["amount"]["value"])) // unit, balance_key=key)
    if "share" in leg:
        share = leg["share"]
        parts = (int(share["percentage"]), int(share.get("percentageOfPercentage") or 0))
        return Leg(account, share=parts, balance_key=key)
    if leg.get("remaining") == "remaining":
        return Leg(account, remaining=True, balance_key=key)
    raise ValueError("a leg without an amount")


def _ledger(accounts: Mapping[str, AccountRef]) -> LedgerRef:
    return next(iter(accounts.values())).ledger
