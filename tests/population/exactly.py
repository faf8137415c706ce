"""Reads a real server back, and compares it with a plan: everything there once, with its relations."""

import json

from demogen.client.crew import Crew
from demogen.client.engine import open_pump
from demogen.clock import SystemClock
from demogen.contract.exchange import Request
from demogen.population.kinds import Kind

PATHS = {
    Kind.ASSET: "assets", Kind.ACCOUNT_TYPE: "account-types", Kind.OPERATION_ROUTE: "operation-routes",
    Kind.TRANSACTION_ROUTE: "transaction-routes", Kind.PORTFOLIO: "portfolios", Kind.SEGMENT: "segments",
    Kind.ACCOUNT: "accounts", Kind.TRANSACTION: "transactions",
}  # fmt: skip
REFERRING = (
    Kind.ORGANIZATION, Kind.LEDGER, Kind.ASSET, Kind.ACCOUNT_TYPE, Kind.TRANSACTION_ROUTE, Kind.PORTFOLIO,
    Kind.SEGMENT, Kind.ACCOUNT,
)  # fmt: skip


def read(url, targets):
    """Bodies of many GETs, in order."""
    clock = SystemClock()
    pump = open_pump(url, clock=clock, max_connections=8)

    def job(place, target):
        answer = yield Request(b"GET", target.encode())
        assert answer.status in (200, 404), answer
        return place, json.loads(answer.body)

    try:
        found = dict(Crew(pump, clock=clock, concurrency=8).run(job(place, one) for place, one in enumerate(targets)))
    finally:
        pump.close()
    return [found[place] for place in range(len(targets))]


def items_of(url, target):
    items, cursor, page = [], "", 1
    while True:
        [body] = read(url, [f"{target}?limit=100" + (f"&cursor={cursor}" if cursor else f"&page={page}")])
        items += body["items"] or []
        cursor, page = body.get("next_cursor", ""), page + 1
        if not cursor and ("page" not in body or len(body["items"] or ()) < 100):
            return items


def assert_exactly(url, planned, *, marked=""):
    """Every planned entity exists once, and refers to what it should. `marked`: other marks than these are left out."""
    counts = planned.counts()
    by_mark = {}
    organizations = items_of(url, "/v1/organizations")
    held = {Kind.ORGANIZATION: organizations}
    for organization in organizations:
        base = f"/v1/organizations/{organization['id']}/ledgers"
        ledgers = items_of(url, base)
        held.setdefault(Kind.LEDGER, []).extend(ledgers)
        for ledger in ledgers:
            for kind, path in PATHS.items():
                items = [one for one in items_of(url, f"{base}/{ledger['id']}/{path}") if one.get("type") != "external"]
                held.setdefault(kind, []).extend({**one, "in": ledger["id"]} for one in items)
    for kind, items in held.items():
        marks = {one["metadata"]["demogen_key"]: one for one in items}
        mine = [one["metadata"]["demogen_key"] for one in items if one["metadata"]["demogen_key"].startswith(marked)]
        assert len(set(mine)) == len(mine), kind
        expected = counts[kind] + (counts[Kind.DEPOSIT] if kind is Kind.TRANSACTION else 0)
        assert len(mine) == expected, kind
        by_mark.update(marks)
    for stage in planned.stages():
        if stage.kind in REFERRING:
            for one in planned.walk(stage):
                _assert_relations(by_mark, planned, one)


def _assert_relations(by_mark, planned, one):
    there = by_mark[one.mark]
    if one.kind not in (Kind.ORGANIZATION, Kind.LEDGER):
        assert there["in"] == by_mark[planned.mark(Kind.LEDGER, one.ledger)]["id"]
    for field, kind, index in one.references:
        wanted = by_mark[planned.mark(kind, index)]["id"]
        if field == "operationRoutes":
            assert wanted in [route if isinstance(route, str) else route["id"] for route in there[field]], one
        else:
            assert there[field] == wanted, one
