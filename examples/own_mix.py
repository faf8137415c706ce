"""A mix of one's own: classes share the load by their weight, patterns within a class by theirs."""

from demogen.drive import LedgerUser, tasks_for


class Everyday(LedgerUser):
    weight = 9
    tasks = tasks_for(payment=70, transfer=20, split=10)


class Suspect(LedgerUser):
    """One script in ten is a labelled anomaly, to score a detector by."""

    weight = 1
    tasks = tasks_for(structuring=1, ring=1, burst=1)
