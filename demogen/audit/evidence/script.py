"""A counter-example as a program of its own: the standard library only, for whoever has the ledger and not demogen.

It plays the requests on a fresh ledger, keeps books beside it, and says where the two differ. May import: `minimize`,
`units`.
"""

from __future__ import annotations

import pprint

from demogen.audit.evidence.minimize import Counterexample
from demogen.audit.evidence.reproduce import funds_for
from demogen.audit.evidence.units import shape_of
from demogen.contract.money import ATTO_SCALE, units_text


def script_of(example: Counterexample, *, url: str) -> str:
    """The program's text; `url` is where it plays when it is not told."""
    units = [
        {
            "legs": [(leg.side, leg.alias, leg.amount) for leg in unit.legs],
            "asset": unit.asset,
            "route": _ROUTES.get(unit.action.label, "json"),
            "pending": unit.pending,
            "repeats": unit.repeats,
            "steps": [step.label for step in unit.steps],
        }
        for unit in example.units
    ]
    shape = shape_of(list(example.units))
    needs = funds_for(example.units, rounds=example.rounds)
    funds = {alias: units_text(units, ATTO_SCALE) for alias, units in needs.items()}
    again = "It broke again on a fresh ledger." if example.again else "It did not break again on a fresh ledger."
    head = _HEAD.format(
        invariant=example.invariant,
        words=example.words.replace('"""', "'''").replace("\\", "/"),
        again=again,
        url=url,
        rounds=example.rounds,
        units=pprint.pformat(units, width=110, sort_dicts=False),
        assets=pprint.pformat(shape, width=110),
        funds=pprint.pformat(funds, width=110),
    )
    return head + _BODY


_ROUTES = {"annotation": "annotation", "block": "block", "unblock": "unblock"}

_HEAD = '''#!/usr/bin/env python3
"""Counter-example of "{invariant}": {words}

{again} Usage: python THIS_FILE [URL]; ends with 1 where ledger and books differ.
"""

import json
import sys
import urllib.error
import urllib.request
import uuid
from decimal import Decimal

URL = "{url}"
ROUNDS = {rounds}
TRIES = 5
ASSETS = {assets}
FUNDS = {funds}
UNITS = {units}
'''

_BODY = '''

def call(method, path, body=None, key=None):
    """One request; (status, answer)."""
    headers = {"Content-Type": "application/json", **({"X-Idempotency": key} if key else {})}
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(URL + path, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        raw = error.read()
        return error.code, json.loads(raw) if raw.startswith(b"{") else {}


def made(path, body, key=None):
    """Create something; a faulty ledger is asked up to five times."""
    for attempt in range(5):
        status, answer = call("POST", path, body, key and f"{key}-{attempt}")
        if status == 201:
            return answer
    sys.exit(f"the ledger does not make {path}: {status} {answer}")


def settle_in():
    """A fresh ledger with the accounts, funded; its path."""
    tag = uuid.uuid4().hex[:8]
    organization = made("/v1/organizations", {"legalName": f"repro {tag}", "legalDocument": "00000000000191"})
    base = f"/v1/organizations/{organization['id']}/ledgers"
    ledger = f"{base}/{made(base, {'name': f'repro {tag}'})['id']}"
    for asset, aliases in ASSETS.items():
        made(f"{ledger}/assets", {"name": asset, "type": "others", "code": asset})
        for alias in aliases:
            made(f"{ledger}/accounts", {"assetCode": asset, "type": "deposit", "alias": alias})
            to = [{"accountAlias": alias, "amount": {"asset": asset, "value": FUNDS[alias]}}]
            send = {"asset": asset, "value": FUNDS[alias], "distribute": {"to": to}}
            made(f"{ledger}/transactions/inflow", {"description": f"opening {alias}", "send": send}, f"{tag}-{alias}")
    return ledger


def balances(ledger):
    """Available and on hold of every account, by alias; what external accounts owe counts as less."""
    found, cursor = {}, ""
    while True:
        page = call("GET", f"{ledger}/balances?limit=100{cursor}")[1]
        for item in page["items"]:
            sign = -1 if item["direction"] == "debit" else 1
            available, held = found.get(item["alias"], (Decimal(0), Decimal(0)))
            found[item["alias"]] = (available + sign * Decimal(item["available"]), held + Decimal(item["onHold"]))
        if not page.get("next_cursor"):
            return found
        cursor = "&cursor=" + page["next_cursor"]


def transactions(ledger):
    """Every transaction of the ledger, by id."""
    found, cursor = {}, ""
    while True:
        page = call("GET", f"{ledger}/transactions?limit=100{cursor}")[1]
        found.update((item["id"], item) for item in page["items"] or ())
        if not page.get("next_cursor"):
            return found
        cursor = "&cursor=" + page["next_cursor"]


def body_of(unit, name):
    """The request's JSON."""
    asset = unit["asset"]
    legs = [
        [{"accountAlias": a, "amount": {"asset": asset, "value": v}} for side, a, v in unit["legs"] if side == wanted]
        for wanted in (0, 1)
    ]
    value = str(sum(Decimal(value) for side, _, value in unit["legs"] if side == 0))
    send = {"asset": asset, "value": value, "source": {"from": legs[0]}, "distribute": {"to": legs[1]}}
    pending = {"pending": True} if unit["pending"] else {}
    return {"description": name, "metadata": {"step": name}, "send": send, **pending}


def play(ledger, books, asked):
    """Send everything; `books` is what balances should be, `asked` what was acknowledged, by id."""
    for number in range(ROUNDS):
        for place, unit in enumerate(UNITS):
            name = f"{ledger[-8:]}-{number}-{place}"
            body = body_of(unit, name)
            status, answer = call("POST", f"{ledger}/transactions/{unit['route']}", body, name)
            for _ in range(unit["repeats"]):
                again, repeated = call("POST", f"{ledger}/transactions/{unit['route']}", body, name)
                if status == 201 and again == 201 and repeated["id"] != answer["id"]:
                    print(f"{name}: answered with {answer['id']} and with {repeated['id']}")
                if status != 201:
                    status, answer = again, repeated
            if status != 201:
                print(f"{name}: refused with {status} {answer.get('code')}, though every account can pay")
                continue
            asked[answer["id"]] = name
            state = "held" if unit["pending"] else "moved"
            for step in unit["steps"]:
                told, after = call("POST", f"{ledger}/transactions/{answer['id']}/{step}", key=f"{name}-{step}")
                if told == 201:
                    state = {"commit": "moved", "cancel": "nothing", "revert": "nothing"}[step]
                    if step == "revert":
                        asked[after["id"]] = f"{name}-revert"
            post(books, unit, state)


def post(books, unit, state):
    """Keep our own books."""
    for side, alias, value in unit["legs"]:
        available, held = books.get(alias, (Decimal(0), Decimal(0)))
        amount = Decimal(value)
        if state == "moved":
            available += amount if side else -amount
        if state == "held" and not side:
            available, held = available - amount, held + amount
        books[alias] = (available, held)


def gains(transaction):
    """What a transaction's own operations did, by alias."""
    found = {}
    for operation in transaction["operations"] or ():
        sign = -1 if operation["accountAlias"].startswith("@external/") else 1
        before, after = operation["balance"], operation["balanceAfter"]
        change = sign * (Decimal(after["available"]) - Decimal(before["available"]))
        held = Decimal(after["onHold"]) - Decimal(before["onHold"])
        alias = operation["accountAlias"]
        found[alias] = found.get(alias, 0) + change + held
        if operation["balanceAffected"] and int(after["version"]) != int(before["version"]) + 1:
            yield f"an operation on {alias} goes from version {before['version']} to {after['version']}"
        if operation["assetCode"] != transaction["assetCode"]:
            yield f"an operation is of {operation['assetCode']}, the transaction of {transaction['assetCode']}"
    if sum(found.values()):
        yield f"its operations leave {sum(found.values())}: {({alias: str(value) for alias, value in found.items()})}"


def differences():
    """Play on a fresh ledger; how many differences there are."""
    ledger = settle_in()
    books, asked, wrong = balances(ledger), {}, 0
    before = transactions(ledger)
    play(ledger, books, asked)
    shown = transactions(ledger)
    for id_ in sorted(set(asked) - set(shown)):
        wrong += 1
        print(f"{asked[id_]}: acknowledged as {id_} and not in the ledger")
    for id_ in sorted(set(shown) - set(before) - set(asked)):
        wrong += 1
        print(f"{id_} of {shown[id_]['amount']} {shown[id_]['assetCode']} is in the ledger and was never acknowledged")
    for id_ in asked:
        for fault in gains(shown[id_]) if id_ in shown else ():
            wrong += 1
            print(f"{asked[id_]}: {fault}")
    now = balances(ledger)
    for alias in sorted(books):
        if books[alias] != now.get(alias):
            wrong += 1
            available, held = books[alias]
            says, holds = now.get(alias, ("nothing", "nothing"))
            print(f"{alias}: should have {available} and {held} on hold, the ledger says {says} and {holds}")
    print(f"{len(asked)} acknowledged, {len(set(shown) - set(before))} booked, {wrong} differences")
    return wrong


def main():
    """Play until ledger and books differ: a bug may strike only now and then."""
    return 1 if any(differences() for _ in range(TRIES)) else 0


if __name__ == "__main__":
    if len(sys.argv) > 1:
        URL = sys.argv[1].rstrip("/")
    sys.exit(main())
'''
