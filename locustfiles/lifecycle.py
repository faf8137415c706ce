"""Lifecycle: holds are captured, cancelled, reverted; orders go all the way; what comes too often is refused."""

from demogen.drive import LedgerUser, tasks_for


class Shop(LedgerUser):
    """Authorises, captures, settles, takes back."""

    weight = 7
    tasks = tasks_for(hold=4, order=4, refund=2, compensate=1, marketplace=2)


class Muddler(LedgerUser):
    """Does a thing twice, or too early."""

    weight = 3
    tasks = tasks_for(double_commit=2, double_cancel=2, double_revert=2, early_revert=2, duplicate=3)
