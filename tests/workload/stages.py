"""A small ledger in memory and all a player needs to play on it; no sockets, a clock that only waiting moves."""

from __future__ import annotations

import json
import random
from pathlib import Path

from demogen.client.in_memory import InMemoryCarrier
from demogen.clock import FakeClock
from demogen.contract.transactions import AccountRef, LedgerRef
from demogen.contract.wire import Renderer
from demogen.pacing.pacer import Pacer, Share
from demogen.pacing.schedule import constant
from demogen.patterns import Stage, find_patterns
from demogen.record.journal import JournalWriter
from demogen.record.tally import PHASES
from demogen.sandbox import SandboxApp
from demogen.workload.mix import Mix
from demogen.workload.player import Player

ROLES = ("customer", "customer", "customer", "merchant", "merchant")
FUNDS = "10000000"


def ask(app, method, path, body=None):
    """One request outside of any journal; its decoded answer."""
    reply = app.handle(method, path, {"content-type": "application/json"}, json.dumps(body).encode() if body else b"")
    assert reply.status in (200, 201), (reply.status, reply.body)
    return json.loads(reply.body)


def pay_in(app, account: AccountRef, value: str):
    """A deposit from outside."""
    leg = {"accountAlias": account.alias, "amount": {"asset": account.asset, "value": value}}
    send = {"asset": account.asset, "value": value, "distribute": {"to": [leg]}}
    ask(app, "POST", f"{account.ledger.path}/transactions/inflow", {"description": account.alias, "send": send})


def settle_in(app, *, assets=(("USD", 2), ("JPY", 0)), funds=FUNDS) -> list[AccountRef]:
    """One organization, one ledger, five funded accounts in each asset; the accounts, external ones last."""
    organization = ask(app, "POST", "/v1/organizations", {"legalName": "Stage", "legalDocument": "1"})
    base = f"/v1/organizations/{organization['id']}/ledgers"
    ledger = ask(app, "POST", base, {"name": "Stage"})
    ref = LedgerRef(0, organization["id"], ledger["id"])
    accounts: list[AccountRef] = []
    for code, scale in assets:
        ask(app, "POST", f"{ref.path}/assets", {"name": code, "type": "currency", "code": code})
        for number, role in enumerate(ROLES):
            alias = f"@{code.lower()}{number}"
            body = {"assetCode": code, "type": "deposit", "alias": alias, "name": alias}
            made = ask(app, "POST", f"{ref.path}/accounts", body)
            accounts.append(AccountRef(len(accounts), made["id"], alias, code, scale, ref, role))
            if funds != "0":
                pay_in(app, accounts[-1], funds)
        external = f"@external/{code}"
        accounts.append(AccountRef(len(accounts), "", external, code, scale, ref, "external", external=True))
    return accounts


class Theatre:
    """An app, a clock, a carrier and a player on one folder: `worker` k of n."""

    def __init__(
        self,
        folder: Path,
        *,
        seed=7,
        tps=100.0,
        seconds=2.0,
        weights=None,
        defects=(),
        spelling="mixed",
        funds=FUNDS,
        worker=(0, 1),
        mix=None,
    ):
        self.clock = FakeClock()
        self.app = SandboxApp(clock=self.clock, rng=random.Random(seed), defects=defects)
        self.accounts = settle_in(self.app, funds=funds)
        self.carrier = InMemoryCarrier(self.app, clock=self.clock)
        self.pacer = Pacer()
        self.mix = mix or Mix(
            weights or {name: pattern.weight for name, pattern in find_patterns().items()}, find_patterns()
        )
        self.journal_path = folder / "0.journal"
        self.journal = JournalWriter(
            self.journal_path,
            header={"run_id": "r1", "process": 0, "patterns": list(self.mix.names), "phases": list(PHASES),
                    "wall_offset_ns": 0},
        )  # fmt: skip
        start_ns = self.clock.now_ns()
        self.pacer.take(Share(1, start_ns, 0, 0, *worker, constant(tps, seconds)))
        self.player = Player(
            run_id="r1",
            seed=seed,
            stage=Stage(self.accounts, whole_units=spelling == "dsl"),
            mix=self.mix,
            carrier=self.carrier,
            pacer=self.pacer,
            journal=self.journal,
            renderer=Renderer(spelling),
            clock=self.clock,
            window_ns=(start_ns, start_ns + round(seconds * 1e9)),
        )

    def play(self):
        """The whole run; its tally."""
        self.player.play_until(self.clock.now_ns() + 3_600_000_000_000)
        self.player.drain(1.0)
        self.journal.close()
        return self.player.tally
