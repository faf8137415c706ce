"""Ours under Locust: the same transactions as the others send, made by patterns."""

from demogen.drive import LedgerUser, tasks_for


class Customer(LedgerUser):
    """Pays, transfers and splits."""

    tasks = tasks_for(payment=4, transfer=3, split=1)
