"""Locust as it comes: a user for each connection, each request with its own body of about 500 bytes and its own key."""

from itertools import count

from locust import FastHttpUser, HttpUser, constant, constant_throughput, task

PATH = (
    "/v1/organizations/01980000-0000-7000-8000-000000000004/ledgers/01980000-0000-7000-8000-000000000005"
    "/transactions/json"
)
PADDING = " " * 380
NUMBERS = count()


def body_and_headers() -> tuple[str, dict[str, str]]:
    key = f"r20260101-000000-0000-1-{next(NUMBERS)}"
    body = f'{{"metadata":{{"demogen_key":"{key}"}},"send":{{"asset":"USD","value":"10.5"}}}}{PADDING}'
    return body, {"Content-Type": "application/json", "X-Idempotency": key}


class Fast(FastHttpUser):
    wait_time = constant(0)

    @task
    def transact(self) -> None:
        body, headers = body_and_headers()
        self.client.post(PATH, data=body, headers=headers, name="transaction")


class Plain(HttpUser):
    wait_time = constant(0)

    @task
    def transact(self) -> None:
        body, headers = body_and_headers()
        self.client.post(PATH, data=body, headers=headers, name="transaction")


class Paced(FastHttpUser):
    """Forty a second each, whatever the answers take."""

    wait_time = constant_throughput(40)

    @task
    def transact(self) -> None:
        body, headers = body_and_headers()
        self.client.post(PATH, data=body, headers=headers, name="transaction")
