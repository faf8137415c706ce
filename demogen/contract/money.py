"""Money: an amount is an asset, a whole number of minor units, and the asset's scale. Never a float.

The server knows no scale (contract 1.5): shares are exact decimals there. The plan knows it, so amounts live
here as integers of minor units and travel as canonical decimal strings (contract 2.2). The journal stores
*atto units* (10⁻¹⁸), one common denominator for every asset. May import: `errors`.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context, Decimal, Inexact, InvalidOperation

import msgspec

from demogen.errors import UsageError

ATTO_SCALE = 18
SCALE_MAX = ATTO_SCALE

# The default context rounds to 28 digits without a word; this one holds 200 and raises where that is too few.
_EXACT = Context(prec=200, traps=[Inexact, InvalidOperation])
POWERS: tuple[int, ...] = tuple(10**exponent for exponent in range(ATTO_SCALE + 1))


class AssetMismatch(UsageError):
    """Two amounts of different assets, or different scales of one asset, met in one sum."""

    def __init__(self, left: str, right: str) -> None:
        super().__init__(f"cannot combine {left} with {right}", hint="exchange one into the other first")


class Amount(msgspec.Struct, frozen=True, order=False):
    """`units` minor units of `asset`; `scale` says how many decimal digits a unit stands for.

    Amount("USD", 1050, 2) is 10.50 dollars. 0 ≤ scale ≤ 18.
    """

    asset: str
    units: int
    scale: int

    @property
    def value(self) -> Decimal:
        """The exact decimal value."""
        return Decimal(self.units).scaleb(-self.scale, _EXACT)

    @property
    def text(self) -> str:
        """Canonical decimal text, as the server writes it back (contract 2.2)."""
        return units_text(self.units, self.scale)

    def __add__(self, other: Amount) -> Amount:
        self._same_kind(other)
        return Amount(self.asset, self.units + other.units, self.scale)

    def __sub__(self, other: Amount) -> Amount:
        self._same_kind(other)
        return Amount(self.asset, self.units - other.units, self.scale)

    def _same_kind(self, other: Amount) -> None:
        if (self.asset, self.scale) != (other.asset, other.scale):
            raise AssetMismatch(f"{self.asset}/{self.scale}", f"{other.asset}/{other.scale}")


def units_text(units: int, scale: int) -> str:
    """Canonical decimal text of `units` minor units: no trailing zeros, no exponent, no "-0". Hot path."""
    if scale == 0:
        return str(units)
    if units < 0:
        return f"-{units_text(-units, scale)}"
    text = str(units)
    if len(text) <= scale:
        text = text.rjust(scale + 1, "0")
    return f"{text[:-scale]}.{text[-scale:]}".rstrip("0").rstrip(".")


def parse_units(text: str, scale: int) -> int:
    """Minor units of a decimal text; raises UsageError where the text is finer than the scale."""
    scaled = Decimal(text).scaleb(scale, _EXACT)
    units = int(scaled)
    if units != scaled:
        raise UsageError(f"{text} is finer than {scale} decimal digits", hint="round it to the asset's scale")
    return units


def atto_of_text(text: str) -> int:
    """Atto units (10⁻¹⁸) of a decimal text; raises UsageError where it is finer than that."""
    whole, point, fraction = text.partition(".")
    if not point and whole.lstrip("-").isdigit():
        return int(whole) * POWERS[ATTO_SCALE]
    if fraction.isdigit() and len(fraction) <= ATTO_SCALE and whole.lstrip("-").isdigit():
        magnitude = abs(int(whole)) * POWERS[ATTO_SCALE] + int(fraction.ljust(ATTO_SCALE, "0"))
        return -magnitude if whole.startswith("-") else magnitude
    return parse_units(text, ATTO_SCALE)


def atto_of_units(units: int, scale: int) -> int:
    """Atto units of `units` minor units at `scale` (0 … 18)."""
    return units * POWERS[ATTO_SCALE - scale]


def split_even(units: int, ways: int) -> list[int]:
    """`units` in `ways` parts that differ by at most one; the remainder goes to the first parts."""
    if ways < 1:
        raise UsageError(f"cannot split into {ways} parts", hint="use one part or more")
    base, remainder = divmod(units, ways)
    return [base + (1 if index < remainder else 0) for index in range(ways)]


def split_shares(units: int, shares: Sequence[int]) -> list[int]:
    """`units` in proportion to `shares` (positive integers), every unit placed.

    Largest-remainder method; ties go to the earlier share, so the result is the same everywhere.
    """
    total = sum(shares)
    if not shares or min(shares) < 0 or total <= 0:
        raise UsageError(f"cannot split by shares {list(shares)}", hint="shares are non-negative, not all zero")
    parts, rests = [], []
    for share in shares:
        part, rest = divmod(units * share, total)
        parts.append(part)
        rests.append(rest)
    missing = units - sum(parts)
    if missing:
        # Sorting downwards leaves equals in their order.
        for index in sorted(range(len(rests)), key=rests.__getitem__, reverse=True)[:missing]:
            parts[index] += 1
    return parts
