"""An acknowledged transaction survives kill -9, exactly once, and balances are exact afterwards (issue: durable)."""

from __future__ import annotations

import http.client
import random
import threading
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from talking import ACCOUNTS, OPENING, Client, populate

from demogen.sandbox import Sandbox

CLIENTS = 8


def transfer(number: int, rng: random.Random) -> dict[str, Any]:
    payer, payee = rng.sample(range(ACCOUNTS), 2)
    value = f"0.{number % 97 + 1:02d}"

    def legs(account: int) -> list[dict[str, Any]]:
        return [{"accountAlias": f"@a{account}", "amount": {"asset": "USD", "value": value}}]

    source, target = {"from": legs(payer)}, {"to": legs(payee)}
    return {
        "metadata": {"mark": f"m{number}"},
        "send": {"asset": "USD", "value": value, "source": source, "distribute": target},
    }


def hammer(url: str, base: str, *, first: int, acknowledged: list[str], stop: threading.Event) -> None:
    """Book until the server is gone; remember what was acknowledged."""
    rng = random.Random(first)
    client, number = Client(url), first
    while not stop.is_set():
        try:
            status, _ = client.send(
                "POST", f"{base}/transactions/json", transfer(number, rng), {"X-Idempotency": f"m{number}"}
            )
        except (OSError, http.client.HTTPException):
            break
        assert status == 201
        acknowledged.append(f"m{number}")
        number += 1
    client.close()


def read_back(url: str, base: str) -> tuple[Counter[str], dict[str, Decimal], dict[str, Decimal]]:
    """How often each mark is in the book, what the operations say each account has, and what the balances say."""
    client = Client(url)
    marks: Counter[str] = Counter()
    told: dict[str, Decimal] = {}
    versions: dict[str, int] = {}
    cursor = ""
    while True:
        _, page = client.send("GET", f"{base}/transactions?limit=100{cursor}")
        for item in page["items"]:
            marks[item.get("metadata", {}).get("mark", "")] += 1
            for operation in item["operations"]:
                alias, after = operation["accountAlias"], operation["balanceAfter"]
                sign = 1 if (operation["direction"] == "credit") != (alias.startswith("@external")) else -1
                told[alias] = told.get(alias, Decimal(0)) + sign * Decimal(operation["amount"]["value"])
                assert Decimal(after["available"]) == told[alias], "the chain of balances has a gap"
                assert after["version"] == versions.get(alias, 0) + 1
                versions[alias] = after["version"]
        if "next_cursor" not in page:
            break
        cursor = f"&cursor={page['next_cursor']}"
    _, balances = client.send("GET", f"{base}/balances?limit=100")
    client.close()
    return marks, told, {item["alias"]: Decimal(item["available"]) for item in balances["items"]}


def kill_under_load(database: Path, *, kills: int, load_s: float) -> int:
    """The whole experiment; how many transactions were acknowledged."""
    acknowledged: list[str] = []
    base = ""
    for round_ in range(kills):
        ledger = Sandbox(db=str(database)).start()
        base = base or populate(ledger.url)
        stop = threading.Event()
        first = 1_000_000 * (round_ + 1)
        threads = [
            threading.Thread(
                target=hammer,
                args=(ledger.url, base),
                kwargs={"first": first + 100_000 * index, "acknowledged": acknowledged, "stop": stop},
            )
            for index in range(CLIENTS)
        ]
        for thread in threads:
            thread.start()
        time.sleep(load_s)
        ledger.kill()
        stop.set()
        for thread in threads:
            thread.join()
    with Sandbox(db=str(database)) as ledger:
        marks, told, balances = read_back(ledger.url, base)
    missing = [mark for mark in acknowledged if marks[mark] != 1]
    assert not missing, f"{len(missing)} of {len(acknowledged)} acknowledged transactions are not there once"
    assert all(count == 1 for mark, count in marks.items() if mark)
    assert told == balances
    return len(acknowledged)


@pytest.mark.e2e
def test_acknowledged_transactions_survive_five_kills(tmp_path: Path) -> None:
    assert kill_under_load(tmp_path / "ledger.db", kills=5, load_s=0.4) > 100


@pytest.mark.slow
def test_acknowledged_transactions_survive_fifty_kills(tmp_path: Path) -> None:
    assert kill_under_load(tmp_path / "ledger.db", kills=50, load_s=0.5) > 1000


@pytest.mark.e2e
def test_a_hot_account_stays_exact_under_sixty_four_connections(tmp_path: Path) -> None:
    each = 20
    with Sandbox(db=str(tmp_path / "ledger.db")) as ledger:
        base = populate(ledger.url)

        def pay(index: int) -> None:
            client = Client(ledger.url)
            for number in range(each):
                to = [{"accountAlias": "@a1", "amount": {"asset": "USD", "value": "0.1"}}]
                source = [{"accountAlias": "@a0", "amount": {"asset": "USD", "value": "0.1"}}]
                body = {"send": {"asset": "USD", "value": "0.1", "source": {"from": source}, "distribute": {"to": to}}}
                headers = {"X-Idempotency": f"{index}-{number}"}
                assert client.send("POST", f"{base}/transactions/json", body, headers)[0] == 201
            client.close()

        threads = [threading.Thread(target=pay, args=(index,)) for index in range(64)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        _, told, balances = read_back(ledger.url, base)
    moved = Decimal("0.1") * 64 * each
    assert balances["@a0"] == OPENING - moved
    assert balances["@a1"] == OPENING + moved
    assert told == balances


@pytest.mark.e2e
def test_four_equal_keys_at_once_book_once(tmp_path: Path) -> None:
    with Sandbox(db=str(tmp_path / "ledger.db")) as ledger:
        base = populate(ledger.url)
        for round_ in range(10):
            statuses: list[int] = []
            barrier = threading.Barrier(4)
            body = transfer(round_, random.Random(round_))

            def pay(round_: int, body: Any, barrier: threading.Barrier, statuses: list[int]) -> None:
                client = Client(ledger.url)
                barrier.wait()
                statuses.append(
                    client.send("POST", f"{base}/transactions/json", body, {"X-Idempotency": f"k{round_}"})[0]
                )
                client.close()

            threads = [threading.Thread(target=pay, args=(round_, body, barrier, statuses)) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert set(statuses) <= {201, 409}
            assert 201 in statuses
        marks, told, balances = read_back(ledger.url, base)
    assert all(marks[f"m{round_}"] == 1 for round_ in range(10))
    assert told == balances
