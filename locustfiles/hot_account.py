"""Hot account: sales and their refunds, nothing else. With few accounts every balance is contended."""

from demogen.drive import LedgerUser, tasks_for


class Crowd(LedgerUser):
    """Everybody wants the same thing at the same time."""

    tasks = tasks_for(payment=18, refund=1, hold=1)
