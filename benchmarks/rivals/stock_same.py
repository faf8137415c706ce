"""The work of ours_locust.py as one writes it for Locust: drawn accounts and amounts, three patterns, refunds, outcomes
judged and counted, Prometheus fed by a listener. No journal: Locust is spared that."""

import random
from itertools import count
from typing import Any

from locust import FastHttpUser, constant, events, task
from prometheus_client import Counter, Histogram

LEDGER = "/v1/organizations/01980000-0000-7000-8000-000000000004/ledgers/01980000-0000-7000-8000-000000000005"
CUSTOMERS = [f"@customer-{number}" for number in range(400)]
MERCHANTS = [f"@merchant-{number}" for number in range(40)]
NUMBERS = count()
OUTCOMES = Counter("outcomes", "How requests ended.", ["pattern", "outcome"])
SERVICE = Histogram("service_seconds", "From sent to answered.", ["pattern"])


def observe(name: str, response_time: float, **_: Any) -> None:
    SERVICE.labels(name).observe(response_time / 1000)


events.request.add_listener(observe)  # type: ignore[no-untyped-call]


def text(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def leg(account: str, cents: int) -> dict[str, Any]:
    return {"accountAlias": account, "amount": {"asset": "USD", "value": text(cents)}}


class Same(FastHttpUser):
    wait_time = constant(0)

    @task(4)
    def payment(self) -> None:
        cents = self.amount()
        transaction_id = self.book("payment", cents, [leg(random.choice(MERCHANTS), cents)])
        if transaction_id and random.random() < 0.1:
            self.send("payment", f"{transaction_id}/revert", None, key=f"r20260101-000000-0000-2-{next(NUMBERS)}")

    @task(3)
    def transfer(self) -> None:
        cents = self.amount()
        self.book("transfer", cents, [leg(random.choice(CUSTOMERS), cents)])

    @task(1)
    def split(self) -> None:
        cents = self.amount()
        first, second = cents // 2, cents * 3 // 10
        parts = (first, second, cents - first - second)
        self.book("split", cents, [leg(random.choice(CUSTOMERS), part) for part in parts])

    def amount(self) -> int:
        return max(1, round(random.lognormvariate(0, 0.8) * 2500))

    def book(self, pattern: str, cents: int, targets: list[dict[str, Any]]) -> str:
        key = f"r20260101-000000-0000-1-{next(NUMBERS)}"
        source = {"from": [leg(random.choice(CUSTOMERS), cents)]}
        send = {"asset": "USD", "value": text(cents), "source": source, "distribute": {"to": targets}}
        body = {"description": pattern, "metadata": {"demogen_key": key}, "send": send}
        return self.send(pattern, "json", body, key=key)

    def send(self, pattern: str, path: str, body: dict[str, Any] | None, *, key: str) -> str:
        url = f"{LEDGER}/transactions/{path}"
        answer = self.client.post(url, json=body, headers={"X-Idempotency": key}, name=pattern)
        transaction_id = str(answer.json()["id"]) if answer.status_code == 201 else ""
        outcome = "accepted" if transaction_id else "rejected" if answer.status_code < 500 else "indeterminate"
        OUTCOMES.labels(pattern, outcome).inc()
        return transaction_id
