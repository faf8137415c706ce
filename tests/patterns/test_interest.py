"""Interest is what the account's own rate makes of its balance, to the last unit."""

import json
from fractions import Fraction

import pytest
from playhouse import Playhouse

from demogen.audit.verdict import Verdict


@pytest.mark.parametrize("dialect", ["v3.8", "v4"])
def test_what_is_paid_is_a_twelfth_of_the_rate_on_the_balance(dialect, tmp_path):
    house = Playhouse(tmp_path / "run", {"interest": 1}, dialect=dialect, tps=30)
    house.play()
    assert house.surprises() == []
    rates = {
        account.alias: house.population.extras.interest_bp[account.index]
        for account in house.population.accounts
        if account.role == "savings"
    }
    scales = {account.alias: account.scale for account in house.population.accounts}
    assert set(rates.values()) == {425}
    paid = [one for one in transactions(house) if one["description"] == "interest for a month"]
    assert len(paid) > 20
    for one in paid:
        [saver] = one["destination"]
        unit = Fraction(1, 10 ** scales[saver])
        exact = Fraction(one["metadata"]["balance"]) * rates.get(saver, 425) / 120_000
        assert Fraction(one["amount"]) == exact // unit * unit > 0
        assert int(one["metadata"]["interest_bp"]) == rates.get(saver, 425)
        [(balance_before, moved)] = [
            (operation["balance"]["available"], operation["amount"]["value"])
            for operation in one["operations"]
            if operation["accountAlias"] == saver
        ]
        # Others may have paid in between the reading and the paying, but nobody takes anything out.
        assert Fraction(balance_before) >= Fraction(one["metadata"]["balance"]) and moved == one["amount"]
    assert house.audit().verdict is Verdict.HOLDS


def transactions(house):
    found = []
    for ledger in house.population.ledgers:
        cursor = ""
        while True:
            target = f"{ledger.path}/transactions?limit=100" + (f"&cursor={cursor}" if cursor else "")
            page = json.loads(house.app.handle("GET", target, {}, b"").body)
            found += page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                break
    return found
