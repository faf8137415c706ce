"""A whole run in memory, on a clock that stands still: a sandbox, a population by hand, the player, the audit."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path

from demogen.audit.auditor import audit
from demogen.audit.book import Patience
from demogen.audit.command import sweeper_for
from demogen.audit.opening import read_opening
from demogen.client.crew import Crew
from demogen.client.in_memory import InMemoryCarrier
from demogen.clock import FakeClock
from demogen.contract.transactions import AccountRef, LedgerRef
from demogen.contract.wire import Renderer
from demogen.pacing.pacer import Pacer, Share
from demogen.pacing.schedule import constant
from demogen.patterns import Stage, find_patterns
from demogen.record.folder import RunFolder
from demogen.record.journal import JournalWriter
from demogen.record.tally import PHASES
from demogen.sandbox import SandboxApp
from demogen.workload.mix import Mix
from demogen.workload.player import Player

RUN = "r20260101-000000-play"
ROLES = ("customer", "customer", "customer", "merchant", "merchant")
FUNDS = "1000000"


class Rehearsal:
    """Two ledgers with five funded accounts in each asset; `accounts` and `ledgers` are as a population has them."""

    def __init__(
        self, path: Path, *, seed=7, tps=100.0, seconds=2.0, weights=None, defects=(), dialect="v3.8", quirks="all"
    ):
        self.folder = RunFolder.create(path)
        self.folder.write_text(self.folder.settings, json.dumps({"run_id": RUN, "dialect": dialect}))
        self.clock = FakeClock(now_ns=1)
        self.app = SandboxApp(
            clock=self.clock, rng=random.Random(seed), defects=defects, dialect=dialect, quirks=quirks
        )
        self.ledgers: list[LedgerRef] = []
        self.accounts: list[AccountRef] = []
        organization = self.ask("POST", "/v1/organizations", {"legalName": "Stage", "legalDocument": "1"})["id"]
        for name in ("North", "South"):
            self._settle(organization, name)
        crew, sweeper = self.eyes()
        read_opening(self.folder.opening, ledgers=self.ledgers, crew=crew, sweeper=sweeper, clock=self.clock)
        patterns = find_patterns()
        self.mix = Mix(weights or {name: pattern.weight for name, pattern in patterns.items()}, patterns)
        header = {
            "run_id": RUN, "process": 0, "patterns": list(self.mix.names), "phases": list(PHASES),
            "wall_offset_ns": self.clock.wall_ns() - self.clock.now_ns(),
        }  # fmt: skip
        self.journal = JournalWriter(self.folder.journal(0), header=header)
        self.carrier = InMemoryCarrier(self.app, clock=self.clock)
        pacer = Pacer()
        pacer.take(Share(1, self.clock.now_ns(), 0, 0, 0, 1, constant(tps, seconds)))
        self.player = Player(
            run_id=RUN, seed=seed, stage=Stage(self.accounts), mix=self.mix, carrier=self.carrier, pacer=pacer,
            journal=self.journal, renderer=Renderer("mixed"), clock=self.clock,
        )  # fmt: skip

    def ask(self, method, path, body=None, *, expected=(200, 201)):
        """One request outside of any journal; its decoded answer."""
        raw = json.dumps(body).encode() if body else b""
        headers = {"content-type": "application/json", "x-idempotency": hashlib.sha256(path.encode() + raw).hexdigest()}
        reply = self.app.handle(method, path, headers, raw)
        if reply.status == 500:
            reply = self.app.handle(method, path, headers, raw)
        assert reply.status in expected, (reply.status, reply.body)
        return json.loads(reply.body)

    def _settle(self, organization, name):
        made = self.ask("POST", f"/v1/organizations/{organization}/ledgers", {"name": name})
        ledger = LedgerRef(len(self.ledgers), organization, made["id"])
        self.ledgers.append(ledger)
        for code, scale in (("USD", 2), ("JPY", 0)):
            self.ask("POST", f"{ledger.path}/assets", {"name": code, "type": "currency", "code": code})
            for number, role in enumerate(ROLES):
                alias = f"@{code.lower()}{number}"
                made = self.ask(
                    "POST", f"{ledger.path}/accounts", {"assetCode": code, "type": "deposit", "alias": alias}
                )
                self.accounts.append(AccountRef(len(self.accounts), made["id"], alias, code, scale, ledger, role))
                leg = {"accountAlias": alias, "amount": {"asset": code, "value": FUNDS}}
                send = {"asset": code, "value": FUNDS, "distribute": {"to": [leg]}}
                # A planted defect may strike here already: then this account is the poorer for it, before the opening.
                self.ask(
                    "POST",
                    f"{ledger.path}/transactions/inflow",
                    {"description": alias, "send": send},
                    expected=(201, 422, 500),
                )
            self.accounts.append(
                AccountRef(len(self.accounts), "", f"@external/{code}", code, scale, ledger, "external", external=True)
            )

    def eyes(self):
        """What reads the ledger back."""
        carrier = InMemoryCarrier(self.app, clock=self.clock)
        return Crew(carrier, clock=self.clock, concurrency=8), sweeper_for(self.clock)

    def play(self):
        """The whole run."""
        self.player.play_until(self.clock.now_ns() + 3_600_000_000_000)
        self.player.drain(1.0)
        self.journal.close()
        return self

    def audit(self, *, depth="run", **options):
        crew, sweeper = self.eyes()
        return audit(
            self.folder, roster=self, crew=crew, sweeper=sweeper, clock=self.clock, depth=depth,
            patience=Patience(rest_s=5.0, late_s=0.5), **options,
        )  # fmt: skip
