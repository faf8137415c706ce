"""Settlement day: clearing n to n, fees, currency cover, payroll; the back office pages through the books."""

from demogen.drive import LedgerUser, tasks_for


class ClearingHouse(LedgerUser):
    """Squares merchants and clearing accounts."""

    weight = 6
    tasks = tasks_for(settlement=6, fee=3, order=2, refund=1, exchange=1)


class Employer(LedgerUser):
    """Pays its people, many at once or one by one."""

    weight = 2
    tasks = tasks_for(payroll=3, salary=1, rent=1)


class BackOffice(LedgerUser):
    """Notes and pages."""

    weight = 1
    tasks = tasks_for(memo=2, browse=3, invoice=2)
