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
    UUID = "uuid"  # any spelling of one can be read (0094), only the usual one comes back (0053)
    METADATA = "metadata"
    OBJECT = "object"  # judged when present
    STRUCT = "struct"  # judged even when absent, so its required fields are missing then
    LIST = "list"
    FREE = "free"  # anything; judged by its handler


@dataclass(frozen=True, slots=True)
class Field:
    """One field.

    What does not survive the ledger's round trip is unexpected (0053): an empty value where `drops_empty`, a null where
    the ledger has no null for it (not `takes_null`).
    """

    kind: Kind
    required: bool = False
    max_length: int | None = None
    minimum: int | None = None
    uuid: bool = False  # in its usual spelling, lower case
    drops_empty: bool = False
    takes_null: bool = True
    judged_absent: bool = False  # its form is judged even where it is not sent
    pattern: re.Pattern[str] | None = None
    pattern_code: str = ""  # the special code of the pattern; 0047 where it has none
    forbids: str = ""  # a text it must not contain (0047)
    zeros: bool = False  # metadata in which null, 0, false and "" are not judged
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
    """Text that must be there; empty counts as missing, null as unexpected."""
    return Field(
        Kind.TEXT, required=True, max_length=max_length, pattern=pattern, pattern_code=pattern_code, takes_null=False
    )


def demanded(*, max_length: int | None = None) -> Field:
    """Text that must be there; null counts as missing, empty as unexpected."""
    return Field(Kind.TEXT, required=True, max_length=max_length, drops_empty=True)


def plain(*, max_length: int | None = None) -> Field:
    """Optional text that may be empty, but not null."""
    return Field(Kind.TEXT, max_length=max_length, takes_null=False)


def nullable(*, max_length: int | None = None) -> Field:
    """Optional text that may be empty or null."""
    return Field(Kind.TEXT, max_length=max_length)


def reference() -> Field:
    """An optional UUID."""
    return Field(Kind.TEXT, uuid=True)


STATUS = Field(
    Kind.STRUCT,
    takes_null=False,
    shape=Shape({"code": plain(max_length=100), "description": nullable(max_length=256)}),
)
METADATA = Field(Kind.METADATA)
LOOSE_METADATA = Field(Kind.METADATA, zeros=True)  # of merge patches, where null removes a key, and of transactions
FLAG = Field(Kind.BOOL)
PLAIN_FLAG = Field(Kind.BOOL, takes_null=False)
