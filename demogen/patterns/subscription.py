"""Subscription: a customer pays what it pays every month, to the same merchant. Expects to be accepted."""

from demogen.patterns import recurring
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice


def play(dice: Dice) -> Script:
    return recurring.play(dice, kind="subscription")


PATTERN = Pattern(name="subscription", weight=2, play=play)
