"""The field rules of a body and what they add up to: 0009, a special code, or 0047 (contract 2.1, 2.2).

May import: demogen.sandbox.ids, demogen.sandbox.refusal, demogen.sandbox.body.shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demogen.sandbox.body.shape import Field, Kind, Shape
from demogen.sandbox.ids import is_plain_uuid
from demogen.sandbox.refusal import Refusal

_MAX_KEY_BYTES = 100
_MAX_VALUE_BYTES = 2000


class Findings:
    """What the rules found; `conclude` raises the one refusal they amount to."""

    def __init__(self) -> None:
        self._special = ""
        self._missing: dict[str, str] = {}
        self._broken: dict[str, str] = {}

    def lacks(self, path: str) -> None:
        self._missing[path.rpartition(".")[2]] = f"{path} is a required field"

    def breaks(self, path: str, rule: str) -> None:
        self._broken[path.rpartition(".")[2]] = f"{path} {rule}"

    def marks(self, code: str) -> None:
        self._special = self._special or code

    def conclude(self) -> None:
        """A special code wins; where something is missing, only that is named."""
        if self._special:
            raise Refusal(self._special)
        if self._missing:
            raise Refusal("0009", fields=self._missing)
        if self._broken:
            raise Refusal("0047", fields=self._broken)


def judge(body: Mapping[str, Any], shape: Shape, *, path: str, findings: Findings) -> None:
    """Every field rule of a shape, absent structs included."""
    for name, field in shape.fields.items():
        _judge_field(body.get(name), field, path=f"{path}.{name}" if path else name, findings=findings)


def _judge_field(value: Any, field: Field, *, path: str, findings: Findings) -> None:
    if field.kind is Kind.STRUCT and field.shape is not None:
        judge(value or {}, field.shape, path=path, findings=findings)
        return
    if value is None and field.judged_absent:
        value = ""
    if value is None or (field.required and value in ("", 0, [])):
        if field.required:
            findings.lacks(path)
        return
    match field.kind:
        case Kind.TEXT:
            _judge_text(value, field, path=path, findings=findings)
        case Kind.INT:
            if field.minimum is not None and value < field.minimum:
                findings.breaks(path, f"must be {field.minimum} or greater")
        case Kind.METADATA:
            _judge_metadata(value, findings, zeros=field.zeros)
        case Kind.OBJECT:
            if field.shape is not None:
                judge(value, field.shape, path=path, findings=findings)
        case Kind.LIST:
            if field.item is not None:
                _judge_items(value, field.item, path=path, findings=findings)
        case _:
            pass


def _judge_items(items: list[Any], field: Field, *, path: str, findings: Findings) -> None:
    shape = field.shape
    if shape is not None and shape.one_of and not all(_is_one_of(item or {}, shape) for item in items):
        findings.marks("0072")  # judged for the whole list, whose items are then not looked at
        return
    for item in items:
        _judge_field(item, field, path=path, findings=findings)


def _is_one_of(body: Mapping[str, Any], shape: Shape) -> bool:
    return sum(1 for name in shape.one_of if body.get(name) is not None) == 1


def _judge_text(value: str, field: Field, *, path: str, findings: Findings) -> None:
    """The first rule that is broken counts."""
    if field.max_length is not None and len(value) > field.max_length:
        findings.breaks(path, f"must be at most {field.max_length} characters long")
    elif field.uuid and not is_plain_uuid(value):
        findings.breaks(path, "must be a UUID")
    elif field.forbids and field.forbids in value:
        findings.breaks(path, f"must not contain {field.forbids}")
    elif field.pattern is not None and field.pattern.fullmatch(value) is None:
        if field.pattern_code:
            findings.marks(field.pattern_code)
        else:
            findings.breaks(path, "has characters that are not allowed")


def _judge_metadata(metadata: Mapping[str, Any], findings: Findings, *, zeros: bool) -> None:
    for key, value in metadata.items():
        if len(key.encode("utf-8", "surrogatepass")) > _MAX_KEY_BYTES:
            findings.marks("0050")
        if value is None or isinstance(value, dict):
            if value is not None or not zeros:
                findings.marks("0067")
        elif isinstance(value, list) or _is_long(value):
            findings.marks("0051")


def _is_long(value: Any) -> bool:
    return isinstance(value, str) and len(value.encode("utf-8", "surrogatepass")) > _MAX_VALUE_BYTES
