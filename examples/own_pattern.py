"""A pattern of one's own: a guest tips the waiter after the bill; run: locust -f examples/own_pattern.py"""

from demogen.contract.transactions import Intent
from demogen.drive import LedgerUser, tasks_for
from demogen.patterns import Dice, Pattern, Pause, Script, register


def play(dice: Dice) -> Script:
    guest, restaurant = dice.pair("customer", "merchant")
    bill = dice.amount(guest, dollars=60)
    paid = yield Intent.move(bill, guest, restaurant, description="dinner")
    if paid.accepted:
        yield Pause(0.5)
        whole = 10**guest.scale
        yield Intent.move(max(whole, bill // 10 // whole * whole), guest, restaurant, description="tip")


register(Pattern(name="tip", weight=0, play=play))


class Guest(LedgerUser):
    tasks = tasks_for(tip=1, payment=3)
