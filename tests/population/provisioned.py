"""Provisioning against the sandbox in memory, over a line that may be bad; and what the server then holds."""

import json
from collections import Counter

from demogen.client.crew import Crew
from demogen.client.in_memory import InMemoryCarrier
from demogen.client.retry import RetryPolicy
from demogen.clock import FakeClock
from demogen.population.plan import plan
from demogen.population.provision import provision as run
from demogen.population.spec import PopulationSpec

SMALL = PopulationSpec.of_preset("small")
PATIENT = RetryPolicy(attempts=8)


class Troubled:
    """The sandbox behind a bad line that may answer in its place, before the ledger has acted or after."""

    def __init__(self, app, before=None, after=None):
        self.app = app
        self.before = before or (lambda method, path: None)
        self.after = after or (lambda method, path, reply: reply)
        self.calls = Counter()

    def handle(self, method, target, headers, body=b""):
        self.calls[method] += 1
        instead = self.before(method, target)
        if instead is not None:
            return instead
        return self.after(method, target, self.app.handle(method, target, headers, body))


def provision(app, folder, spec=SMALL, seed=7, **options):
    clock = FakeClock()
    crew = Crew(InMemoryCarrier(app, clock=clock), clock=clock, concurrency=8, breaker=options.pop("breaker", None))
    options.setdefault("policy", PATIENT)
    return run(plan(spec, seed), crew, manifest=folder / "population.sqlite", clock=clock, **options)


def get(app, path):
    reply = app.handle("GET", path, {}, b"")
    return json.loads(reply.body) if reply.body else None


def everything(app):
    """What the server holds, read through its API: kind to list of items."""
    held = {"organizations": get(app, "/v1/organizations?limit=100")["items"] or []}
    for organization in held["organizations"]:
        base = f"/v1/organizations/{organization['id']}/ledgers"
        for ledger in get(app, f"{base}?limit=100")["items"] or []:
            held.setdefault("ledgers", []).append(ledger)
            for kind in ("assets", "portfolios", "segments", "account-types", "operation-routes", "transaction-routes"):
                items = get(app, f"{base}/{ledger['id']}/{kind}?limit=100")["items"] or []
                held.setdefault(kind.replace("-", "_"), []).extend(items)
            accounts = get(app, f"{base}/{ledger['id']}/accounts?limit=100")["items"] or []
            held.setdefault("accounts", []).extend(one for one in accounts if one["type"] != "external")
            for one in get(app, f"{base}/{ledger['id']}/transactions?limit=100")["items"] or []:
                kind = "deposits" if "-d" in one["metadata"]["demogen_key"] else "transactions"
                held.setdefault(kind, []).append(one)
    return held


def assert_exactly(app, planned):
    held = everything(app)
    counts = {kind.label: number for kind, number in planned.counts().items()}
    for label, items in held.items():
        marks = [one["metadata"]["demogen_key"] for one in items]
        assert len(set(marks)) == len(marks) == counts[label], label
