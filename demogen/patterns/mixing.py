"""Scatters integers: SplitMix64, the one source of chance of the load (Steele, Lea, Flood 2014).

Numbers here are unsigned and 64 bits wide. Where a C compiler was at hand, `mixing.pyx` stands in for this file: the
same results, without Python's large integers. May import: nothing.
"""

from __future__ import annotations

MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15


def mix64(value: int) -> int:
    """A bijection of 64-bit integers that scatters neighbours."""
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK
    return value ^ (value >> 31)


def seeded(seed: int, number: int) -> int:
    """Where the stream of that number begins; `seed` may be any integer."""
    return mix64((seed * GOLDEN + number) & MASK)


def following(state: int) -> int:
    """The next state of a stream; its bits are `mix64` of it."""
    return (state + GOLDEN) & MASK


def scaled(bits: int, bound: int) -> int:
    """A place from 0 to `bound` − 1, from 64 uniform bits; `bound` (≥ 0) may be of any size."""
    return bits * bound >> 64


def place(bits: int, count: int) -> int:
    """What `scaled` is, for counts of what lies in memory."""
    return bits * count >> 64


def left_over(bits: int, bound: int) -> int:
    """What `scaled` leaves of its bits: as good as new for the next choice."""
    return bits * bound & MASK
