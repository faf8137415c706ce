"""Reads: balances, statements, lists page by page, counts; about eight to a transaction."""

from demogen.drive import LedgerUser, tasks_for


class Reader(LedgerUser):
    """Looks far more often than it pays."""

    tasks = tasks_for(look=70, browse=10, payment=8, transfer=2)
