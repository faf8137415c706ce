"""A retail day: customers pay, transfer and split; merchants refund and hold; some requests are meant to be refused."""

from demogen.drive import LedgerUser, tasks_for


class Shopper(LedgerUser):
    """Pays, is refunded now and then, looks at the balance."""

    weight = 6
    tasks = tasks_for(payment=50, refund=8, hold=6, look=5, double_commit=1)


class Household(LedgerUser):
    """Moves money between people, in and out."""

    weight = 3
    tasks = tasks_for(transfer=40, split=25, deposit=10, withdrawal=6, look=4)


class Troublemaker(LedgerUser):
    """Sends things twice, and asks for more than there is."""

    weight = 1
    tasks = tasks_for(payment=30, duplicate=10, overdraw=10)
