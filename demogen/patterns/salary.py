"""Salary: an employer pays one of its people what it always pays. Expects to be accepted."""

from demogen.patterns import recurring
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice


def play(dice: Dice) -> Script:
    return recurring.play(dice, kind="salary")


PATTERN = Pattern(name="salary", weight=1, play=play)
