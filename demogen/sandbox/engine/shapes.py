"""The shapes of transaction bodies, for the general body rules (contract 4). Data only.

May import: demogen.sandbox.body.shape.
"""

from __future__ import annotations

from dataclasses import dataclass

from demogen.sandbox.body.shape import (
    FLAG,
    LOOSE_METADATA,
    METADATA,
    PLAIN_FLAG,
    Field,
    Kind,
    Shape,
    demanded,
    plain,
    reference,
    required,
    text,
)

_TRUE = Field(Kind.BOOL, drops_empty=True)
_DECIMAL = Field(Kind.DECIMAL)
_OWN = {
    "operation": text(),
    "transactionType": text(),
    "direction": text(),
    "routeValidationEnabled": _TRUE,
    "overdraftAmount": _DECIMAL,
}
_AMOUNT = Shape({"asset": demanded(), "value": _DECIMAL, **_OWN})
OVERWRITTEN = frozenset(_OWN)  # may be sent in an amount, and mean nothing: the ledger writes its own there
_RATE = Shape(
    {
        "from": required(),
        "to": required(),
        "value": _DECIMAL,
        "externalId": Field(Kind.TEXT, uuid=True, judged_absent=True, takes_null=False),
    }
)
_LEG = Shape(
    {
        "accountAlias": text(),
        "balanceKey": text(),
        "amount": Field(Kind.OBJECT, shape=_AMOUNT),
        "share": Field(
            Kind.OBJECT,
            shape=Shape({"percentage": Field(Kind.INT, required=True), "percentageOfPercentage": Field(Kind.INT)}),
        ),
        "remaining": text(),
        "rate": Field(Kind.OBJECT, shape=_RATE),
        "description": text(),
        "chartOfAccounts": plain(),
        "metadata": METADATA,
        "isFrom": _TRUE,
        "route": text(max_length=250),
        "routeId": reference(),
    },
    one_of=("amount", "share", "remaining"),
)


def _side(name: str) -> Field:
    legs = Field(Kind.LIST, required=True, drops_empty=True, item=Field(Kind.OBJECT, shape=_LEG))
    return Field(Kind.STRUCT, takes_null=False, shape=Shape({name: legs, "remaining": text()}))


_SOURCE, _TARGET = {"source": _side("from")}, {"distribute": _side("to")}
_MONEY = {"asset": demanded(), "value": _DECIMAL}
_HEAD = {
    "description": text(max_length=256),
    "code": text(max_length=100),
    "chartOfAccountsGroupName": text(max_length=256),
    "metadata": LOOSE_METADATA,
    "transactionDate": Field(Kind.MOMENT),
    "route": text(max_length=250),
    "routeId": reference(),
}
_PENDING = {"pending": PLAIN_FLAG}
_SKIP = {"skip": Field(Kind.OBJECT, shape=Shape({"fees": FLAG, "tracer": FLAG}))}


@dataclass(frozen=True, slots=True)
class OrderShape:
    """The shape of one kind of order, without and with the skips of newer versions (contract 13.3)."""

    plain: Shape
    with_skips: Shape


def _order(send: dict[str, Field], head: dict[str, Field]) -> OrderShape:
    fields = {**head, "send": Field(Kind.STRUCT, takes_null=False, shape=Shape({**_MONEY, **send}))}
    return OrderShape(Shape(fields), Shape({**fields, **_SKIP}))


_FULL = _order({**_SOURCE, **_TARGET}, {**_HEAD, **_PENDING})
SHAPES: dict[str, OrderShape] = {
    "json": _FULL,
    "annotation": _FULL,
    "block": _FULL,
    "unblock": _FULL,
    "inflow": _order(_TARGET, _HEAD),
    "outflow": _order(_SOURCE, {**_HEAD, **_PENDING}),
}
