"""The words a body's shape is written in: fields, their kinds and their rules (contract 2.1). Judges nothing.

May import: nothing from demogen.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field


class Kind(enum.Enum):
    """What JSON a field takes."""

    TEXT = "text"
    BOOL = "bool"
    INT = "int"
    DECIMAL = "decimal"  # a string that spells a number
    MOMENT = "moment"
    METADATA = "metadata"
    OBJECT = "object"  # judged when present
    STRUCT = "struct"  # judged even when absent, so its required fields are missing then
    LIST = "list"
    FREE = "free"  # anything; judged by its handler


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `drops_empty`: an empty value does not survive the round trip and so is unexpected."""

    kind: Kind
    required: bool = False
    max_length: int | None = None
    minimum: int | None = None
    uuid: bool = False
    drops_empty: bool = False
    pattern: re.Pattern[str] | None = None
    pattern_code: str = ""  # the special code of the pattern; 0047 where it has none
    forbids: str = ""  # a text it must not contain (0047)
    nulls: bool = False  # metadata of a merge patch: null removes a key
    shape: Shape | None = None
    item: Field | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """An object: its fields by name, and what else must hold for the whole of it."""

    fields: Mapping[str, Field] = field(default_factory=dict)
    one_of: tuple[str, ...] = ()  # exactly one of these may be present (0072)


def text(*, max_length: int | None = None, pattern: re.Pattern[str] | None = None, pattern_code: str = "") -> Field:
    """Optional text that must not be empty when sent."""
    return Field(Kind.TEXT, max_length=max_length, drops_empty=True, pattern=pattern, pattern_code=pattern_code)


def required(*, max_length: int | None = None, pattern: re.Pattern[str] | None = None, pattern_code: str = "") -> Field:
    """Text that must be there; empty counts as missing."""
    return Field(Kind.TEXT, required=True, max_length=max_length, pattern=pattern, pattern_code=pattern_code)


def nullable(*, max_length: int | None = None, pattern: re.Pattern[str] | None = None, pattern_code: str = "") -> Field:
    """Optional text that may be empty or null."""
    return Field(Kind.TEXT, max_length=max_length, pattern=pattern, pattern_code=pattern_code)


def reference() -> Field:
    """An optional UUID."""
    return Field(Kind.TEXT, uuid=True)


STATUS = Field(Kind.STRUCT, shape=Shape({"code": nullable(max_length=100), "description": nullable(max_length=256)}))
METADATA = Field(Kind.METADATA)
PATCHED_METADATA = Field(Kind.METADATA, nulls=True)
FLAG = Field(Kind.BOOL)
