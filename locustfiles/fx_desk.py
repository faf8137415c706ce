"""FX desk: customers sell one asset for another to the treasury while the desk publishes new rates."""

from demogen.drive import LedgerUser, tasks_for


class Trader(LedgerUser):
    """Exchanges, over two hops where need be."""

    weight = 6
    tasks = tasks_for(exchange=8, transfer=2, wrong_asset=1)


class Desk(LedgerUser):
    """Publishes what a pair costs, funds and drains."""

    weight = 1
    tasks = tasks_for(rates=1, deposit=2, withdrawal=2)
