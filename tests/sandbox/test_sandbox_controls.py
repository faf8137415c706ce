"""What testers can turn: latency, stalls, errors, limits, tokens, lag, and the panel (issue: controls)."""

from __future__ import annotations

import http.client
import json
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import pytest
from banking import Bank, transfer
from talking import populate

from demogen.clock import FakeClock
from demogen.errors import UsageError
from demogen.sandbox import Sandbox
from demogen.sandbox.controls.faults import DROP, read_faults
from demogen.sandbox.controls.gate import Controls, Gate
from demogen.sandbox.controls.latency import read_latency
from demogen.sandbox.controls.stalls import read_stalls

MS = 1_000_000
SECOND = 1_000 * MS


def gate(clock: FakeClock, **controls: Any) -> Gate:
    return Gate(Controls(**controls), clock=clock, rng=Random(7))


def test_fixed_latency_is_fixed() -> None:
    assert read_latency("fixed:5ms", Random(7))(100) == 100 + 5 * MS


def test_lognormal_latency_has_its_median() -> None:
    release = read_latency("lognormal:median=5ms,sigma=0.8", Random(7))
    assert statistics.median(release(0) for _ in range(4001)) == pytest.approx(5 * MS, rel=0.1)


def test_a_heavy_tail_is_heavy() -> None:
    release = read_latency("pareto:least=2ms,alpha=1.2", Random(7))
    waits = sorted(release(0) for _ in range(4000))
    assert waits[0] >= 2 * MS
    assert waits[-1] > 50 * waits[2000]


def test_a_queue_serves_its_capacity_and_no_more() -> None:
    release = read_latency("mmc:capacity=1000,servers=4", Random(7))
    offered = [release(index * SECOND // 2000) for index in range(8000)]
    assert max(offered) / SECOND == pytest.approx(8.0, rel=0.05), "2000 a second for 4 s take 8 s at 1000 a second"
    calm = read_latency("mmc:capacity=1000,servers=4", Random(7))
    waits = [calm(index * SECOND // 100) - index * SECOND // 100 for index in range(2000)]
    assert statistics.mean(waits) == pytest.approx(4 * MS, rel=0.15), "far below capacity only service time is left"


def test_stalls_hold_answers_back_on_their_rhythm() -> None:
    stalls = read_stalls("every=10s,for=1s", start_ns=0)
    moments = [5 * SECOND, 10 * SECOND, 10 * SECOND + 1, 11 * SECOND, 20 * SECOND + SECOND // 2]
    assert [stalls.release(one) // MS for one in moments] == [5000, 11000, 11000, 11000, 21000]


def test_error_rates_by_route() -> None:
    every, some = read_faults(["transactions.json=1:503:after", "*=0.25:drop"], ())
    rng = Random(7)
    assert every.strikes("transactions.json", rng)
    assert not every.strikes("accounts.create", rng)
    assert (every.status, every.after, some.status, some.after) == (503, True, DROP, False)
    assert sum(some.strikes("anything", rng) for _ in range(4000)) == pytest.approx(1000, rel=0.1)


@pytest.mark.parametrize("text", ["transactions", "x=2", "x=0.5:200", "x=0.5:503:later", "x=a"])
def test_bad_error_rates_are_told(text: str) -> None:
    with pytest.raises(UsageError):
        read_faults([text], ())


def test_an_error_strikes_routes_that_exist() -> None:
    assert read_faults(["acc*=1"], ["accounts.list"])
    with pytest.raises(UsageError, match="no route named account"):
        read_faults(["account=1"], ["accounts.list"])


@pytest.mark.parametrize(
    "controls",
    [{"latency": "slow"}, {"latency": "fixed:5"}, {"stall": "every=1s,for=2s"}, {"rate_limit": "many"},
     {"latency": "lognormal:5ms"}, {"async_lag": "soon"}, {"rate_limit": "-1"}, {"rate_limit": "nan"},
     {"latency": "lognormal:least=5ms"}, {"latency": "pareto:alpha=0"}, {"latency": "lognormal:sigma=-1"},
     {"latency": "mmc:capacity=inf"}],
)  # fmt: skip
def test_bad_controls_are_told(controls: dict[str, str], clock: FakeClock) -> None:
    with pytest.raises(UsageError):
        gate(clock, **controls)


def test_above_the_limit_comes_429_with_retry_after(clock: FakeClock) -> None:
    door = gate(clock, rate_limit="10")
    replies = [door.admit("GET", "/v1/organizations", {}, b"") for _ in range(12)]
    assert [reply is None for reply in replies] == [True] * 10 + [False] * 2
    assert replies[-1] is not None
    assert (replies[-1].status, replies[-1].headers["retry-after"]) == (429, "1")
    clock.sleep(0.5)
    assert sum(door.admit("GET", "/", {}, b"") is None for _ in range(9)) == 5


def test_tokens_expire(clock: FakeClock) -> None:
    door = gate(clock, token_ttl="60s")

    def code(headers: dict[str, str]) -> str:
        reply = door.admit("GET", "/v1/organizations", headers, b"")
        return "" if reply is None else json.loads(reply.body)["code"]

    assert code({}) == "0041"
    assert code({"authorization": "Bearer nonsense"}) == "0042"
    issued = door.admit("POST", "/v1/login/oauth/access_token", {}, b"grant_type=client_credentials&client_id=a")
    assert issued is not None
    grant = json.loads(issued.body)
    assert grant["expires_in"] == 60
    mine = {"authorization": f"Bearer {grant['access_token']}"}
    assert code(mine) == ""
    clock.sleep(61)
    assert code(mine) == "0042"
    assert door.admit("GET", "/health", {}, b"") is None


def test_async_mode_shows_a_transaction_at_once_and_lists_it_later(open_bank: Callable[..., Bank]) -> None:
    bank = open_bank()
    bank.clock.sleep(1)
    bank.app.world.lag_us = 500_000
    booked = bank.post("transactions/json", transfer("@a", "@b", "1"))
    assert bank.call("GET", f"transactions/{booked['id']}").headers["x-cache-hit"] == "true"
    account = booked["operations"][0]["accountId"]
    assert bank.balance("@b")["available"] == "1"
    assert len(bank.get("transactions")["items"]) == len(bank.get(f"accounts/{account}/operations")["items"]) == 1
    bank.clock.sleep(0.6)
    assert bank.call("GET", f"transactions/{booked['id']}").headers["x-cache-hit"] == "false"
    assert len(bank.get("transactions")["items"]) == len(bank.get(f"accounts/{account}/operations")["items"]) == 2


def ask(url: str, method: str, path: str, body: Any = None) -> tuple[int, Any, float]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    started = time.monotonic()
    connection.request(method, path, None if body is None else json.dumps(body))
    answer = connection.getresponse()
    raw = answer.read()
    took = time.monotonic() - started
    connection.close()
    return answer.status, json.loads(raw) if raw.startswith((b"{", b"[")) else raw, took


@pytest.mark.e2e
def test_controls_are_turned_while_it_runs() -> None:
    with Sandbox(arguments=["--control", "--latency", "fixed:80ms"]) as ledger:
        assert ask(ledger.url, "GET", "/health")[2] >= 0.08
        status, controls, _ = ask(ledger.url, "PATCH", "/_sandbox/controls", {"latency": "none", "error": ["*=1:503"]})
        assert (status, controls["latency"], controls["error"]) == (200, "none", ["*=1:503"])
        assert ask(ledger.url, "GET", "/health")[0] == 503
        assert ask(ledger.url, "PATCH", "/_sandbox/controls", {"latency": "none", "error": ["*=1:drop"]})[0] == 200
        with pytest.raises((http.client.HTTPException, OSError)):
            ask(ledger.url, "GET", "/health")
        assert ask(ledger.url, "PATCH", "/_sandbox/controls", {"speed": "high"})[0] == 400
        assert ask(ledger.url, "PATCH", "/_sandbox/controls", {"error": []})[0] == 200
        ask(ledger.url, "POST", "/_sandbox/stall", {"for": "300ms"})
        assert ask(ledger.url, "GET", "/health")[2] >= 0.15
        assert "transactions.json" in ask(ledger.url, "GET", "/_sandbox/routes")[1]


@pytest.mark.e2e
def test_a_slow_answer_keeps_its_key_at_work() -> None:
    with Sandbox(arguments=["--control"]) as ledger:
        base = populate(ledger.url)
        ask(ledger.url, "PATCH", "/_sandbox/controls", {"latency": "fixed:400ms"})
        to = [{"accountAlias": "@a1", "amount": {"asset": "USD", "value": "1"}}]
        body = {"send": {"asset": "USD", "value": "1", "distribute": {"to": to}}}
        with ThreadPoolExecutor(4) as pool:
            path = f"{base}/transactions/inflow"
            answers = list(pool.map(lambda _: ask(ledger.url, "POST", path, body)[:2], range(4)))
        assert sorted(status for status, _ in answers) == [201, 409, 409, 409]
        assert {found["code"] for status, found in answers if status == 409} == {"0084"}
        assert ask(ledger.url, "POST", path, body)[0] == 201


@pytest.mark.e2e
def test_the_panel_is_off_by_default_and_options_have_twins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DEMOGEN_SANDBOX_LATENCY", "fixed:60ms")
    with Sandbox() as ledger:
        assert ask(ledger.url, "GET", "/_sandbox/controls")[0] == 404
        assert ask(ledger.url, "GET", "/health")[2] >= 0.06


pytest_plugins = ["demogen.sandbox.pytest_plugin"]


@pytest.fixture
def midaz_sandbox_options() -> dict[str, str]:
    return {"dialect": "v4"}


@pytest.mark.e2e
def test_the_fixture_gives_a_running_ledger(midaz_sandbox: Sandbox) -> None:
    assert ask(midaz_sandbox.url, "GET", "/version")[1]["version"] == "v4.0.0"
