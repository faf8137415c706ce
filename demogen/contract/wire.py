"""Intents to requests: the only file that knows how the ledger's JSON spells its fields (contract 4).

On the hot path a body is pieced together from texts that are fixed per account and per ledger; only what an
intent changes is rendered. Amounts are JSON strings (contract 1.2); optional fields are absent, never empty
(contract 2.1, code 0053). May import: contract.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from demogen.contract import dsl
from demogen.contract.bodies import everyday_body
from demogen.contract.exchange import JSON, Request
from demogen.contract.money import units_text
from demogen.contract.routes import ROUTES
from demogen.contract.transactions import Action, Intent, LedgerRef, Leg
from demogen.errors import CannotSpell

Spelling = Literal["json", "dsl", "mixed"]

MARK = "demogen_key"

_BOUNDARY = b"demogen-7e3a91c5d2"
_DSL_TYPE = b"multipart/form-data; boundary=" + _BOUNDARY
_DSL_HEAD = (
    b"--" + _BOUNDARY + b'\r\nContent-Disposition: form-data; name="dsl"; filename="demogen.gold"\r\n'
    b"Content-Type: text/plain\r\n\r\n"
)
_DSL_TAIL = b"\r\n--" + _BOUNDARY + b"--\r\n"

# Plain numbers for the hot path: looking a member up costs as much as a comparison.
_LAST_CREATE, _INFLOW, _OUTFLOW = int(Action.UNBLOCK), int(Action.INFLOW), int(Action.OUTFLOW)
_REVERT, _FIRST_READ, _ENTITY = int(Action.REVERT), int(Action.READ_TRANSACTION), int(Action.ENTITY)

#: Places of what is kept by ledger and action: a tuple with an action in it is slow to hash. Action 0 is the DSL.
_ACTION_BITS = 6

#: Stands for a transaction's id while a path is cut in two.
_HERE = "~"
#: Descriptions kept in their JSON spelling; scripts use few, users' own may use many.
_TEXTS_MAX = 1024
#: Sides of this many legs and more are kept too, so many of them.
_MANY_LEGS = 8
_SIDES_MAX = 1024

_ROUTE_OF = {
    Action.CREATE: "transaction.json",
    Action.INFLOW: "transaction.inflow",
    Action.OUTFLOW: "transaction.outflow",
    Action.ANNOTATION: "transaction.annotation",
    Action.BLOCK: "transaction.block",
    Action.UNBLOCK: "transaction.unblock",
    Action.COMMIT: "transaction.commit",
    Action.CANCEL: "transaction.cancel",
    Action.REVERT: "transaction.revert",
    Action.READ_TRANSACTION: "transaction.get",
    Action.READ_BALANCES: "balance.of_account",
    Action.READ_STATEMENT: "operation.list",
    Action.LIST_TRANSACTIONS: "transaction.list",
    Action.LIST_ACCOUNTS: "account.list",
    Action.COUNT_TRANSACTIONS: "transaction.count",
}


class Renderer:
    """Renders intents for one run; keeps the fixed texts of the accounts and ledgers it has met.

    Memory: a few hundred bytes for each account met.
    """

    def __init__(self, spelling: Spelling = "mixed") -> None:
        self._spelling = spelling
        self._targets: dict[int, bytes] = {}
        self._around: dict[int, tuple[bytes, bytes]] = {}
        self._heads: dict[int, str] = {}
        self._texts: dict[str, str] = {}
        self._sides: dict[int, tuple[tuple[Leg, ...], str]] = {}

    def render(self, intent: Intent, mark: str) -> tuple[Request, bool]:
        """The request that says `intent` under `mark`, and whether it is spelled in the DSL.

        With the spelling "dsl" or "mixed" whatever the DSL can say goes out as DSL, the rest as JSON.
        """
        action = intent.action
        if action <= _LAST_CREATE:
            text = dsl.spell(intent, mark) if self._spelling != "json" else None
            if text is not None:
                return self._dsl(intent, text, mark), True
            body = everyday_body(intent, mark, self._heads, self._texts) or self._body(intent, mark)
            return Request(b"POST", self._target(intent), body, JSON, mark.encode()), False
        if action == _REVERT:
            return Request(b"POST", self._subject_target(intent), key=mark.encode()), False
        if action < _FIRST_READ:
            return Request(b"POST", self._subject_target(intent)), False
        return (_entity(intent) if action == _ENTITY else self._read(intent)), False

    def _target(self, intent: Intent) -> bytes:
        place = intent.ledger.index << _ACTION_BITS | intent.action
        target = self._targets.get(place)
        if target is None:
            target = _target(_ROUTE_OF[intent.action], intent.ledger)
            self._targets[place] = target
        return target

    def _subject_target(self, intent: Intent) -> bytes:
        """The path of a commit, cancel or revert: what stands before and after the transaction's id is kept."""
        place = intent.ledger.index << _ACTION_BITS | intent.action
        around = self._around.get(place)
        if around is None:
            before, _, after = _target(_ROUTE_OF[intent.action], intent.ledger, t=_HERE).partition(_HERE.encode())
            around = self._around[place] = (before, after)
        return around[0] + intent.subject.encode() + around[1]

    def _read(self, intent: Intent) -> Request:
        name = _ROUTE_OF[intent.action]
        entity = intent.account.account_id if intent.account else ""
        target = _target(name, intent.ledger, t=intent.subject, id=entity, query=intent.query)
        return Request(ROUTES[name].method.encode(), target)

    def _dsl(self, intent: Intent, text: str, mark: str) -> Request:
        place = intent.ledger.index << _ACTION_BITS
        target = self._targets.get(place)
        if target is None:
            target = self._targets[place] = _target("transaction.dsl", intent.ledger)
        body = _DSL_HEAD + text.encode() + _DSL_TAIL
        return Request(b"POST", target, body, content_type=_DSL_TYPE, key=mark.encode())

    def _body(self, intent: Intent, mark: str) -> bytes:
        action, value = intent.action, units_text(intent.units, intent.scale)
        sources = self._legs(intent, intent.sources, value) if action != _INFLOW else ""
        targets = self._legs(intent, intent.targets, value) if action != _OUTFLOW else ""
        source = f',"source":{{"from":[{sources}]}}' if sources else ""
        distribute = f',"distribute":{{"to":[{targets}]}}' if targets else ""
        return (
            f'{{{self._optional(intent)}"metadata":{_metadata(intent, mark)},"send":{{"asset":"{intent.asset}",'
            f'"value":"{value}"{source}{distribute}}}}}'
        ).encode()

    def _legs(self, intent: Intent, legs: tuple[Leg, ...], value: str) -> str:
        """One side; `value` is the text of the whole amount, which is that of many legs too."""
        if len(legs) < _MANY_LEGS:
            return ",".join(self._leg_texts(intent, legs, value))
        # Many legs that come again are the same object each time: an employer's people with their salaries.
        kept = self._sides.get(id(legs))
        if kept is not None and kept[0] is legs:
            return kept[1]
        text = ",".join(self._leg_texts(intent, legs, value))
        if len(self._sides) >= _SIDES_MAX:
            self._sides.clear()
        self._sides[id(legs)] = (legs, text)
        return text

    def _leg_texts(self, intent: Intent, legs: tuple[Leg, ...], value: str) -> list[str]:
        texts, heads, asset, whole, scale = [], self._heads, intent.asset, intent.units, intent.scale
        for leg in legs:
            account, units = leg.account, leg.units
            head = heads.get(account.index)
            if head is None:
                head = heads[account.index] = f'{{"accountAlias":{_quoted(account.alias)},'
            if units is not None:
                part = value if units == whole else units_text(units, scale)
                how = f'"amount":{{"asset":"{asset}","value":"{part}"}}'
            elif leg.share is not None:
                percentage, of_percentage = leg.share
                of = f',"percentageOfPercentage":{of_percentage}' if of_percentage else ""
                how = f'"share":{{"percentage":{percentage}{of}}}'
            else:
                how = '"remaining":"remaining"'
            if leg.description or leg.chart_of_accounts or leg.route_id or leg.balance_key != "default":
                how += _leg_options(leg)
            texts.append(f"{head}{how}}}")
        return texts

    def _optional(self, intent: Intent) -> str:
        options, description = "", intent.description
        if description:
            text = self._texts.get(description)
            if text is None:
                text = f'"description":{_quoted(description)},'
                if len(self._texts) < _TEXTS_MAX:
                    self._texts[description] = text
            options = text
        if intent.code:
            options += f'"code":{_quoted(intent.code)},'
        if intent.group:
            options += f'"chartOfAccountsGroupName":{_quoted(intent.group)},'
        if intent.pending:
            options += '"pending":true,'
        if intent.transaction_date:
            options += f'"transactionDate":"{intent.transaction_date}",'
        if intent.route_id:
            options += f'"routeId":"{intent.route_id}",'
        return options


def _entity(intent: Intent) -> Request:
    """A write outside /transactions: nothing is kept of it, since its place may be new."""
    route, subject = ROUTES[intent.route], intent.subject
    target = _target(intent.route, intent.ledger, t=subject, id=intent.item or subject)
    body = intent.entity.encode() if intent.entity is not None else b""
    return Request(route.method.encode(), target, body)


def _target(name: str, ledger: LedgerRef, query: str = "", **ids: str) -> bytes:
    return ROUTES[name].target(query, o=ledger.organization_id, l=ledger.ledger_id, **ids).encode()


def _leg_options(leg: Leg) -> str:
    options = ""
    if leg.balance_key != "default":
        options += f',"balanceKey":{_quoted(leg.balance_key)}'
    if leg.description:
        options += f',"description":{_quoted(leg.description)}'
    if leg.chart_of_accounts:
        options += f',"chartOfAccounts":{_quoted(leg.chart_of_accounts)}'
    if leg.route_id:
        options += f',"routeId":"{leg.route_id}"'
    return options


def _metadata(intent: Intent, mark: str) -> str:
    if not intent.metadata:
        return f'{{"{MARK}":"{mark}"}}'
    extra = "".join([f',"{key}":{_quoted(value)}' for key, value in intent.metadata])
    return f'{{"{MARK}":"{mark}"{extra}}}'


def _quoted(text: str) -> str:
    # Most texts are words, marks and ids: nothing in them needs escaping.
    if text.replace("-", "").isalnum():
        return f'"{text}"'
    return msgspec.json.encode(text).decode()


def check_spelling(spelling: str) -> Spelling:
    """The spelling of that name; raises CannotSpell where there is none."""
    if spelling in ("json", "dsl", "mixed"):
        return spelling  # type: ignore[return-value]
    raise CannotSpell(f"unknown transaction format {spelling!r}", hint="use json, dsl or mixed")
