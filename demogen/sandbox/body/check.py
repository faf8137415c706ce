"""Judges a body against its shape, in the contract's order (contract 2.1); changes nothing.

JSON and types (0094) → unexpected or not round-tripping fields (0053) → null bytes, depth, key count (0047, 0144,
0145) → field rules (0009 if one is missing, else the special codes, else 0047). Business rules are the handlers'.
May import: demogen.sandbox.exact, demogen.sandbox.moments, demogen.sandbox.refusal, demogen.sandbox.body.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from demogen.sandbox import exact, moments
from demogen.sandbox.body.rules import Findings, judge
from demogen.sandbox.body.shape import Field, Kind, Shape
from demogen.sandbox.refusal import BodyMissing, Refusal

_MAX_KEYS = 100
_MAX_DEPTH = 10
_decode = msgspec.json.Decoder().decode
_SAME: Any = object()


def read(raw: bytes, shape: Shape) -> dict[str, Any]:
    """The body as an object that keeps every rule of its shape; a Refusal otherwise."""
    if not raw:
        raise BodyMissing
    try:
        body = _decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal("0094") from error
    if body is None:
        body = {}
    if not isinstance(body, dict):
        raise Refusal("0094")
    check(body, shape)
    return body


def check(body: Mapping[str, Any], shape: Shape) -> None:
    """All four stages over a decoded body."""
    _types(body, shape)
    echo = _unexpected(body, shape)
    if echo is not _SAME:
        raise Refusal("0053", echo=echo)
    _bounds(body)
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
            fits = isinstance(value, str) and _is_moment(value)
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


def _unexpected(body: Mapping[str, Any], shape: Shape) -> Any:
    """What of the body would not come back if the parsed body were written again."""
    echo: dict[str, Any] = {}
    for name, value in body.items():
        field = shape.fields.get(name)
        part = value if field is None else _lost(value, field)
        if part is not _SAME:
            echo[name] = part
    return echo or _SAME


def _lost(value: Any, field: Field) -> Any:
    if value is None:
        return None if field.kind is Kind.DECIMAL else _SAME
    if field.drops_empty and (value in ("", []) or value is False):
        return value
    if field.kind is Kind.DECIMAL:
        return _SAME if isinstance(value, str) else value
    if field.kind in (Kind.OBJECT, Kind.STRUCT) and field.shape is not None:
        return _unexpected(value, field.shape)
    if field.kind is Kind.LIST and field.item is not None:
        item_field = field.item
        lost = (None if item is None else _lost(item, item_field) for item in value)
        parts = [part for part in lost if part is not _SAME]
        return parts or _SAME
    return _SAME


def _bounds(body: Mapping[str, Any]) -> None:
    keys = _walk(body, depth=1, inside_map=False)
    if keys > _MAX_KEYS:
        raise Refusal("0145", entity="request")


def _walk(node: Any, *, depth: int, inside_map: bool) -> int:
    """How many keys the free-form maps have together; null bytes and depth are refused on the way."""
    if isinstance(node, str):
        if "\x00" in node:
            raise Refusal("0047", fields={"body": "text must not contain null bytes"})
        return 0
    if not isinstance(node, dict | list):
        return 0
    if depth > _MAX_DEPTH and isinstance(node, dict):
        raise Refusal("0144", entity="request")
    if isinstance(node, list):
        return sum(_walk(item, depth=depth + 1, inside_map=inside_map) for item in node)
    keys = len(node) if inside_map else 0
    for name, value in node.items():
        if "\x00" in name:
            raise Refusal("0047", fields={"body": "names must not contain null bytes"})
        keys += _walk(value, depth=depth + 1, inside_map=inside_map or name == "metadata")
    return keys
