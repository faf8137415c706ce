"""Ordinary Locust tasks beside patterns: same connections, journal and audit; they do not count towards the target."""

from locust import between, task

from demogen.contract.transactions import Intent
from demogen.drive import LedgerUser, tasks_for


class Shopper(LedgerUser):
    weight = 9
    tasks = tasks_for(payment=1)


class Clerk(LedgerUser):
    """Reads a balance now and then, and pays what the dice say."""

    weight = 1
    wait_time = between(0.1, 0.5)

    @task(3)
    def look(self) -> None:
        account, _ = self.dice.pair("customer", "merchant")
        self.client.get(f"{account.ledger.path}/accounts/{account.account_id}/balances", name="balances")

    @task
    def pay(self) -> None:
        payer, payee = self.dice.pair("customer", "merchant")
        self.client.send(Intent.move(self.dice.amount(payer), payer, payee, description="paid by hand"))
