"""Mixed: a whole economy: households, merchants, employers, a marketplace, and people who ask for too much."""

from demogen.drive import LedgerUser, tasks_for


class Household(LedgerUser):
    """Earns, spends, shares, pays what it pays every month."""

    weight = 5
    tasks = tasks_for(payment=20, transfer=8, household=3, subscription=3, rent=1, salary=2, look=4)


class Merchant(LedgerUser):
    """Sells, refunds, pays fees, invoices, is settled."""

    weight = 4
    tasks = tasks_for(fee=5, order=4, marketplace=4, refund=3, invoice=2, settlement=1)


class Treasury(LedgerUser):
    """Exchanges, takes in and pays out."""

    weight = 1
    tasks = tasks_for(exchange=4, deposit=3, withdrawal=2, rates=1, shortfall=1)


class Nuisance(LedgerUser):
    """Is refused, and meant to be."""

    weight = 1
    tasks = tasks_for(overdraw=2, unknown_account=1, wrong_asset=1, mismatch=1, duplicate=3)
