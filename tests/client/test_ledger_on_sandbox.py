"""The ledger by name, in one long conversation with the sandbox in both dialects: every method finds its route."""

from __future__ import annotations

import random

import pytest

from demogen.client.capabilities import detect
from demogen.client.in_memory import InMemoryTransport
from demogen.client.ledger import LedgerClient, LedgerRefused
from demogen.sandbox import SandboxApp


@pytest.mark.parametrize("dialect", ["v3.8", "v4"])
def test_a_conversation_about_everything(dialect, clock):
    transport = InMemoryTransport(SandboxApp(clock=clock, rng=random.Random(7), dialect=dialect))
    assert detect(transport).dialect == dialect
    root = LedgerClient(transport)
    assert root.health()
    assert root.version().startswith(dialect)
    assert root.ready()["status"] == "healthy"

    organization = root.organizations.create({"legalName": "Firm", "legalDocument": "1"})
    assert root.organizations.update(str(organization.id), {"legalName": "Firm Ltd"}).legal_name == "Firm Ltd"
    inside = root.within(organization_id=str(organization.id))
    ledger = inside.ledgers.create({"name": "Main"})
    client = root.within(organization_id=str(organization.id), ledger_id=str(ledger.id))
    assert client.update_settings({"accounting": {"validateRoutes": False}}) == client.settings()

    assert client.assets.create({"name": "Dollar", "type": "currency", "code": "USD"}).code == "USD"
    client.account_types.create({"name": "Deposit", "keyValue": "deposit"})
    portfolio = client.portfolios.create({"name": "Mine"})
    segment = client.segments.create({"name": "North"})
    shelf = {"portfolioId": str(portfolio.id), "segmentId": str(segment.id)}
    accounts = [
        client.accounts.create({"assetCode": "USD", "type": "deposit", "alias": alias, **shelf})
        for alias in ("@a", "@b")
    ]
    assert client.account_by_alias("@a") == client.accounts.get(str(accounts[0].id))
    assert client.external_account("USD").alias == "@external/USD"
    assert client.accounts.count() == 3
    assert client.put_asset_rate({"from": "USD", "to": "BRL", "rate": 5, "scale": 0, "ttl": 60}).rate == 5
    assert [rate.target_asset for rate in client.asset_rates_from("USD")] == ["BRL"]

    deposit = client.transact("inflow", _inflow("@a", "100"), key="k-1")
    client.transact("json", _move("@a", "@b", "40"), key="k-2")
    held = client.transact("json", _move("@a", "@b", "10") | {"pending": True}, key="k-3")
    client.commit(str(held.id))
    other = client.transact("json", _move("@a", "@b", "5") | {"pending": True, "description": "other"}, key="k-4")
    client.cancel(str(other.id))
    paid = client.transact("json", _move("@a", "@b", "7"), key="k-5")
    assert client.revert(str(paid.id), key="k-6").parent_transaction_id == paid.id
    assert client.transaction(str(deposit.id)).amount == "100"
    assert client.count_transactions() == 6
    assert len(list(client.transactions())) == 6

    held_by = {balance.account_id: balance.available for balance in client.balances()}
    assert [held_by[account.id] for account in accounts] == ["50", "50"]
    (balance,) = client.balances_of(str(accounts[0].id))
    assert balance == client.balance(str(balance.id)) == client.balances_by_alias("@a")[0]
    assert client.balances_outside("USD")[0].available == "100"
    assert len(list(client.operations_of(str(accounts[1].id), query="type=CREDIT"))) == 3
    extra = client.create_balance(str(accounts[0].id), {"key": "savings"})
    client.update_balance(str(extra.id), {"allowSending": False})
    client.delete_balance(str(extra.id))

    with pytest.raises(LedgerRefused) as caught:
        client.transact("json", _move("@a", "@b", "1000"), key="k-7")
    assert (caught.value.code, caught.value.status) == ("0018", 422)
    client.segments.delete(str(client.segments.create({"name": "South"}).id))
    assert [one.name for one in client.segments.list()] == ["North"]


def _leg(alias: str, value: str) -> dict[str, object]:
    return {"accountAlias": alias, "amount": {"asset": "USD", "value": value}}


def _inflow(alias: str, value: str) -> dict[str, object]:
    return {"send": {"asset": "USD", "value": value, "distribute": {"to": [_leg(alias, value)]}}}


def _move(source: str, target: str, value: str) -> dict[str, object]:
    sides = {"source": {"from": [_leg(source, value)]}, "distribute": {"to": [_leg(target, value)]}}
    return {"description": f"{source} pays {target} {value}", "send": {"asset": "USD", "value": value, **sides}}
