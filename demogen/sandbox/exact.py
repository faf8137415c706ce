"""Decides how amounts are read, added and written: exactly, with no scale and no rounding (contract 1.5, 2.2, 4).

The context traps every loss of digits, so a sum that could not be exact is an error and never a wrong cent. Refuses
floats. May import: nothing from demogen.
"""

from __future__ import annotations

import re
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, Inexact, InvalidOperation, Overflow, Rounded

_CONTEXT = Context(prec=4000, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[Inexact, Rounded, InvalidOperation, Overflow])
_SPELLING = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,9})?")
_PLAIN = re.compile(r"(?:0|[1-9][0-9]{0,400})(?:\.[0-9]{0,400}[1-9])?")
_MAX_DIGITS = 1500  # beyond any amount a ledger holds, and far inside the context

ZERO = Decimal(0)
_HUNDREDTH_OF_HUNDREDTH = -4

add = _CONTEXT.add
subtract = _CONTEXT.subtract


class MalformedAmount(ValueError):
    """The text is not a decimal number the ledger reads."""


def parse(text: str) -> Decimal:
    """The number behind a decimal string; MalformedAmount for anything else (contract 4, `send.value`)."""
    if _SPELLING.fullmatch(text) is None:
        raise MalformedAmount(text)
    number = Decimal(text)
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    if abs(exponent) > _MAX_DIGITS or len(text) > _MAX_DIGITS:
        raise MalformedAmount(text)
    return number


def text(number: Decimal) -> str:
    """Canonical spelling: no exponent, no trailing zeros, no negative zero."""
    plain = str(number)
    if _PLAIN.fullmatch(plain):
        return plain
    if not number:
        return "0"
    plain = format(number, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def share(total: Decimal, percentage: int, of_percentage: int) -> Decimal:
    """`percentage` % of `of_percentage` % of a total, exact (contract 4.1)."""
    return _CONTEXT.scaleb(_CONTEXT.multiply(total, Decimal(percentage * of_percentage)), _HUNDREDTH_OF_HUNDREDTH)
