"""Onboarding: clients are made from nothing, accounts opened and closed, beside the first deposits."""

from demogen.drive import LedgerUser, tasks_for


class Clerk(LedgerUser):
    """Creates, changes and closes entities: these ride along and are not counted as transactions."""

    weight = 4
    tasks = tasks_for(onboarding=1, housekeeping=1)


class NewClient(LedgerUser):
    """Pays in, moves money, has its payments sorted."""

    weight = 6
    tasks = tasks_for(deposit=6, transfer=3, retag=2)
