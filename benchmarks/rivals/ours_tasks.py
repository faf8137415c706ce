"""Ordinary `@task` code on our client: the same request as the stock ones send, as fast as the users go."""

from itertools import count

from locust import constant, task

from demogen.drive import LedgerUser, tasks_for

PATH = (
    "/v1/organizations/01980000-0000-7000-8000-000000000004/ledgers/01980000-0000-7000-8000-000000000005"
    "/transactions/json"
)
PADDING = " " * 380
NUMBERS = count()


class Clerk(LedgerUser):
    """A schedule of one transaction a second beside it: Locust runs the tasks."""

    wait_time = constant(0)
    tasks = tasks_for(payment=1)

    @task
    def transact(self) -> None:
        key = f"r20260101-000000-0000-1-{next(NUMBERS)}"
        body = f'{{"metadata":{{"demogen_key":"{key}"}},"send":{{"asset":"USD","value":"10.5"}}}}{PADDING}'
        self.client.post(PATH, data=body, headers={"X-Idempotency": key}, name="transaction")
