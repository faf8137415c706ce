"""Rent: a tenant pays the same landlord the same amount. Expects to be accepted."""

from demogen.patterns import recurring
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice


def play(dice: Dice) -> Script:
    return recurring.play(dice, kind="rent")


PATTERN = Pattern(name="rent", weight=1, play=play)
