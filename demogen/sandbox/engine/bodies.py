"""Reads a transaction body into an Order, by the body rules and the transaction's own first checks (contract 2.1, 4).

Well-formed bodies are recognised by a typed decoder; anything it does not take goes through the general rules, which
find the exact refusal. May import: demogen.sandbox.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from demogen.sandbox import exact, moments
from demogen.sandbox.body.check import check
from demogen.sandbox.body.shape import Kind, Shape
from demogen.sandbox.engine.order import Leg, Order
from demogen.sandbox.engine.shapes import OVERWRITTEN, SHAPES
from demogen.sandbox.query import blank
from demogen.sandbox.refusal import BodyMissing, Refusal
from demogen.sandbox.world import World

_Text = Annotated[str, msgspec.Meta(min_length=1)]
_Short = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
_Code = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
_Route = Annotated[str, msgspec.Meta(min_length=1, max_length=250)]
_Whole = Annotated[int, msgspec.Meta(ge=-(1 << 62), le=1 << 62)]
_CAREFREE_BYTES = 2000
_CAREFREE_KEYS = 20


class _Amount(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    asset: _Text
    value: str = "0"


class _Share(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    percentage: _Whole
    percentageOfPercentage: _Whole | None = None  # noqa: N815 - the field's name on the wire


class _Leg(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    accountAlias: _Text | None = None  # noqa: N815
    balanceKey: _Text | None = None  # noqa: N815
    amount: _Amount | None = None
    share: _Share | None = None
    remaining: _Text | None = None
    description: _Text | None = None
    chartOfAccounts: str = ""  # noqa: N815
    metadata: dict[str, Any] | None = None
    route: _Route | None = None
    routeId: str | None = None  # noqa: N815
    rate: dict[str, Any] | None = None
    isFrom: bool | None = None  # noqa: N815


_Legs = Annotated[list[_Leg], msgspec.Meta(min_length=1)]


class _From(msgspec.Struct, forbid_unknown_fields=True, rename={"legs": "from"}, gc=False):
    legs: _Legs
    remaining: _Text | None = None


class _To(msgspec.Struct, forbid_unknown_fields=True, rename={"legs": "to"}, gc=False):
    legs: _Legs
    remaining: _Text | None = None


class _Send(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    asset: _Text
    source: _From
    distribute: _To
    value: str = "0"


class _SendIn(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    asset: _Text
    distribute: _To
    value: str = "0"


class _SendOut(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    asset: _Text
    source: _From
    value: str = "0"


class _Head(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, gc=False):
    description: _Short | None = None
    code: _Code | None = None
    chartOfAccountsGroupName: _Short | None = None  # noqa: N815
    metadata: dict[str, Any] | None = None
    transactionDate: _Text | None = None  # noqa: N815
    route: _Route | None = None
    routeId: str | None = None  # noqa: N815
    skip: dict[str, bool | None] | None = None


class _Full(_Head, kw_only=True, gc=False):
    send: _Send
    pending: bool = False


class _Inflow(_Head, kw_only=True, gc=False):
    send: _SendIn


class _Outflow(_Head, kw_only=True, gc=False):
    send: _SendOut
    pending: bool = False


_TYPES: dict[str, type[_Full] | type[_Inflow] | type[_Outflow]] = {"inflow": _Inflow, "outflow": _Outflow}
_DECODERS = {kind: msgspec.json.Decoder(_TYPES.get(kind, _Full)) for kind in SHAPES}
_decode_any = msgspec.json.Decoder().decode


def read_order(world: World, raw: bytes, *, kind: str) -> Order:
    """The order behind a JSON body (contract 4)."""
    if not raw:
        raise BodyMissing
    try:
        body = _DECODERS[kind].decode(raw)
        sure = _is_carefree(body, raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        sure = False
    if not sure or (world.dialect.transaction_has_skips is False and body.skip is not None):
        body = _read_carefully(world, raw, kind)
    return _order(world, body, kind)


def _is_carefree(body: _Full | _Inflow | _Outflow, raw: bytes) -> bool:
    """Whether a decoded body breaks none of the rules its type does not express."""
    if len(raw) > _CAREFREE_BYTES or b"\\u0000" in raw:
        return False
    if body.routeId is not None or body.transactionDate is not None:
        return False
    metadata = body.metadata
    if metadata is not None and not _is_plain(metadata):
        return False
    legs: list[_Leg] = []
    send = body.send
    if not isinstance(send, _SendIn):
        legs += send.source.legs
    if not isinstance(send, _SendOut):
        legs += send.distribute.legs
    return all(_is_simple(leg) for leg in legs)


def _is_plain(metadata: dict[str, Any]) -> bool:
    if len(metadata) > _CAREFREE_KEYS:
        return False
    return all(len(key) <= 25 and type(value) in (str, int, bool, float) for key, value in metadata.items())


def _is_simple(leg: _Leg) -> bool:
    if leg.accountAlias is None or leg.metadata is not None or leg.routeId is not None or leg.isFrom is False:
        return False
    if leg.rate is not None:
        return False
    kinds = (leg.amount is not None) + (leg.share is not None) + (leg.remaining is not None)
    return kinds == 1 and (leg.share is None or leg.share.percentage > 0)


def _read_carefully(world: World, raw: bytes, kind: str) -> _Full | _Inflow | _Outflow:
    try:
        content = _decode_any(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal("0094") from error
    content = {} if content is None else content
    if not isinstance(content, dict):
        raise Refusal("0094")
    both = SHAPES[kind]
    shape = both.with_skips if world.dialect.transaction_has_skips else both.plain
    check(content, shape, false_passes=world.dialect.false_passes)
    body = msgspec.convert(_known(content, shape), _TYPES.get(kind, _Full))
    for leg in _all_legs(body):
        if leg.accountAlias is None:
            if world.quirks["missing-alias-breaks"]:
                raise Refusal("0046")
            raise Refusal("0009", fields={"accountAlias": "accountAlias is a required field"})
        if leg.share is not None and leg.share.percentage < 0 and not world.quirks["negative-shares"]:
            raise Refusal("0047", fields={"percentage": "share.percentage must be greater than zero"})
    return body


def _known(content: dict[str, Any], shape: Shape) -> dict[str, Any]:
    """What of a judged body means something: unknown zeros and nulls passed the comparison, and are dropped."""
    known: dict[str, Any] = {}
    for name, value in content.items():
        field = shape.fields.get(name)
        if field is None or value is None or name in OVERWRITTEN:
            continue
        if field.kind is Kind.DECIMAL:
            value = str(value)
        elif isinstance(value, dict) and field.shape is not None:
            value = _known(value, field.shape)
        elif isinstance(value, list) and field.item is not None and field.item.shape is not None:
            value = [_known(item, field.item.shape) for item in value]
        known[name] = value
    return known


def _all_legs(body: _Full | _Inflow | _Outflow) -> list[_Leg]:
    send = body.send
    legs = [] if isinstance(send, _SendIn) else list(send.source.legs)
    return legs if isinstance(send, _SendOut) else legs + send.distribute.legs


def _order(world: World, body: _Full | _Inflow | _Outflow, kind: str) -> Order:
    send = body.send
    try:
        value = exact.parse(send.value)
        external = [Leg(alias=f"@external/{send.asset}", amount=value)]
        sources = external if isinstance(send, _SendIn) else [_leg(leg, send.asset) for leg in send.source.legs]
        targets = external if isinstance(send, _SendOut) else [_leg(leg, send.asset) for leg in send.distribute.legs]
    except exact.MalformedAmount as error:
        raise Refusal("0094") from error
    asked = not isinstance(body, _Inflow) and body.pending
    pending = asked and kind not in ("annotation", "block", "unblock")
    skip = body.skip or {}
    return Order(
        kind=kind if kind in ("annotation", "block", "unblock") else "json",
        description=body.description or "",
        code=body.code or "",
        group_name=body.chartOfAccountsGroupName or "",
        pending=pending,
        metadata=body.metadata,
        date_us=_date(world, body.transactionDate, pending=pending),
        route=body.route or "",
        route_id=body.routeId,
        asset=send.asset,
        value=value,
        sources=sources,
        targets=targets,
        asked_pending=asked,
        skip_fees=bool(skip.get("fees")),
        skip_tracer=bool(skip.get("tracer")),
    )


def _leg(leg: _Leg, asset: str) -> Leg:
    share = leg.share
    amount = None if leg.amount is None else exact.parse(leg.amount.value)
    if leg.remaining is not None and blank(leg.remaining):
        amount = exact.ZERO
    return Leg(
        alias=leg.accountAlias or "",
        name=leg.balanceKey or "default",
        amount=amount,
        percentage=0 if share is None else share.percentage,
        of_percentage=100 if share is None else share.percentageOfPercentage or 100,
        description=leg.description or "",
        chart=leg.chartOfAccounts,
        metadata=leg.metadata,
        route=leg.route or "",
        route_id=leg.routeId,
        unused=_unused(leg, asset),
    )


def _unused(leg: _Leg, asset: str) -> list[object] | None:
    """What of a leg has no effect, but tells two bodies apart (contract 6)."""
    share = leg.share
    if (
        (leg.amount is None or leg.amount.asset == asset)
        and leg.rate is None
        and leg.remaining in (None, "remaining")
        and (share is None or share.percentageOfPercentage != 100)
    ):
        return None
    return [leg.amount and leg.amount.asset, leg.rate, leg.remaining, share and share.percentageOfPercentage]


def _date(world: World, text: str | None, *, pending: bool) -> int | None:
    """A transactionDate may lie in the past, and never on a hold (contract 4)."""
    if text is None:
        return None
    when = moments.parse(text).us
    if when > world.now_us():
        raise Refusal("0121", entity="Transaction")
    if pending:
        raise Refusal("0122", entity="Transaction")
    return when
