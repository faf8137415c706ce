"""Judges a body against its shape, in the contract's order (contract 2.1); changes nothing.

JSON and types (0094) → unexpected or not round-tripping fields (0053) → null bytes, depth, key count (0047, 0144,
0145) → field rules (the special codes, else 0009 if one is missing, else 0047). Business rules are the handlers'.
May import: demogen.sandbox.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from demogen.sandbox import exact, moments
from demogen.sandbox.body.rules import Findings, judge
from demogen.sandbox.body.shape import Field, Kind, Shape
from demogen.sandbox.http import Call
from demogen.sandbox.ids import is_plain_uuid, is_uuid
from demogen.sandbox.refusal import BodyMissing, Refusal

_MAX_KEYS = 100
_MAX_DEPTH = 10
_decode = msgspec.json.Decoder().decode
_SAME: Any = object()


def read(call: Call, shape: Shape) -> dict[str, Any]:
    """The body as an object that keeps every rule of its shape; a Refusal otherwise."""
    if not call.body:
        raise BodyMissing
    try:
        body = _decode(call.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal("0094") from error
    if body is None:
        body = {}
    if not isinstance(body, dict):
        raise Refusal("0094")
    check(body, shape, false_passes=call.false_passes)
    return body


def check(body: Mapping[str, Any], shape: Shape, *, false_passes: bool) -> None:
    """All four stages over a decoded body."""
    _types(body, shape)
    echo = _unexpected(body, shape, false_passes=false_passes)
    if echo is not _SAME:
        raise Refusal("0053", echo=echo)
    bounds = _Bounds()
    bounds.struct(body, shape)
    bounds.conclude()
    findings = Findings()
    judge(body, shape, path="", findings=findings)
    findings.conclude()


def _types(body: Mapping[str, Any], shape: Shape) -> None:
    for name, field in shape.fields.items():
        value = body.get(name)
        if value is not None:
            _type(value, field)


def _type(value: Any, field: Field) -> None:
    match field.kind:
        case Kind.TEXT:
            fits = isinstance(value, str)
        case Kind.BOOL:
            fits = isinstance(value, bool)
        case Kind.INT:
            fits = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 63
        case Kind.DECIMAL:
            fits = _is_decimal(value)
        case Kind.MOMENT:
            fits = isinstance(value, str) and (not value or _is_moment(value))
        case Kind.UUID:
            fits = isinstance(value, str) and is_uuid(value)
        case Kind.METADATA:
            fits = isinstance(value, dict)
        case Kind.OBJECT | Kind.STRUCT:
            fits = isinstance(value, dict)
            if fits and field.shape is not None:
                _types(value, field.shape)
        case Kind.LIST:
            fits = isinstance(value, list)
            if fits and field.item is not None:
                for item in value:
                    if item is not None:
                        _type(item, field.item)
        case Kind.FREE:
            fits = True
    if not fits:
        raise Refusal("0094")


def _is_decimal(value: Any) -> bool:
    if isinstance(value, str):
        try:
            exact.parse(value)
        except exact.MalformedAmount:
            return False
        return True
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_moment(value: str) -> bool:
    try:
        moments.parse(value)
    except moments.MalformedMoment:
        return False
    return " " not in value


def _unexpected(body: Mapping[str, Any], shape: Shape, *, false_passes: bool) -> Any:
    """What of the body would not come back if the parsed body were written again; a zero always comes through."""
    echo: dict[str, Any] = {}
    for name, value in body.items():
        field = shape.fields.get(name)
        if isinstance(value, int | float) and not value and (false_passes or value is not False):
            continue  # a zero passes, even under a name that does not exist
        if field is None:
            part = _SAME if value is None else value
        else:
            part = _lost(value, field, false_passes=false_passes)
        if part is not _SAME:
            echo[name] = part
    return echo or _SAME


def _lost(value: Any, field: Field, *, false_passes: bool) -> Any:
    if value is None:
        return _SAME if field.takes_null and field.kind is not Kind.DECIMAL else None
    if field.drops_empty and (value in ("", []) or value is False):
        return value
    if field.kind is Kind.DECIMAL:
        return _SAME if isinstance(value, str) else value
    if field.kind is Kind.UUID:
        return _SAME if is_plain_uuid(value) else value
    if field.kind is Kind.MOMENT:
        return _SAME if value and moments.is_to_the_millisecond(value) else value
    if field.kind in (Kind.OBJECT, Kind.STRUCT) and field.shape is not None:
        return _unexpected(value, field.shape, false_passes=false_passes)
    if field.kind is Kind.LIST and field.item is not None:
        item_field = field.item
        lost = (None if item is None else _lost(item, item_field, false_passes=false_passes) for item in value)
        parts = [part for part in lost if part is not _SAME]
        return parts or _SAME
    return _SAME


class _Bounds:
    """Walks a body for null bytes, and counts the keys and depth of its free-form maps."""

    def __init__(self) -> None:
        self.keys = 0
        self.too_deep = False
        self.broken: dict[str, str] = {}

    def struct(self, body: Mapping[str, Any], shape: Shape) -> None:
        for name, field in shape.fields.items():
            self._field(body.get(name), field, name)

    def _field(self, value: Any, field: Field, name: str) -> None:
        if isinstance(value, dict) and field.shape is not None:
            self.struct(value, field.shape)
        elif isinstance(value, list) and field.item is not None:
            for item in value:
                self._field(item, field.item, name)
        else:
            self.free(value, name, depth=0)

    def free(self, value: Any, path: str, *, depth: int) -> None:
        if depth > _MAX_DEPTH:
            self.too_deep = True
        elif isinstance(value, str):
            if "\x00" in value:
                self.broken[path] = f"{path} must not contain null bytes"
        elif isinstance(value, list):
            for item in value:
                self.free(item, path, depth=depth)
        elif isinstance(value, dict):
            self.keys += len(value)
            for key, item in value.items():
                place = f"{path}.{key}" if path else key
                if "\x00" in key:
                    self.broken[place] = "names must not contain null bytes"
                self.free(item, place, depth=depth + 1)

    def conclude(self) -> None:
        if self.too_deep:
            raise Refusal("0144", entity="request")
        if self.keys > _MAX_KEYS:
            raise Refusal("0145", entity="request")
        if self.broken:
            raise Refusal("0047", fields=self.broken)


def check_free(body: Mapping[str, Any]) -> None:
    """The bounds of a body that has no shape of its own: the settings of a ledger."""
    bounds = _Bounds()
    bounds.free(body, "", depth=0)
    bounds.conclude()
