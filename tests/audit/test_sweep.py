"""What the auditor asks for when it reads a ledger back."""

from __future__ import annotations

import random

import pytest

from demogen.audit.sweep import Sweeper
from demogen.client.in_memory import InMemoryTransport
from demogen.client.ledger import LedgerClient
from demogen.client.retry import RetryPolicy
from demogen.contract.transactions import LedgerRef
from demogen.sandbox import SandboxApp


def test_one_transaction_is_read_with_all_its_legs(clock):
    """A read of one transaction shows ten operations unless it is asked for more."""
    transport = InMemoryTransport(SandboxApp(clock=clock, rng=random.Random(7)))
    root = LedgerClient(transport)
    organization = root.organizations.create({"legalName": "Firm", "legalDocument": "1"})
    ledger = root.within(organization_id=str(organization.id)).ledgers.create({"name": "Main"})
    client = root.within(organization_id=str(organization.id), ledger_id=str(ledger.id))
    client.assets.create({"name": "Dollar", "type": "currency", "code": "USD"})
    client.accounts.create({"assetCode": "USD", "type": "deposit", "alias": "@a"})
    legs = [{"accountAlias": "@a", "amount": {"asset": "USD", "value": "1"}}] * 12
    paid = client.transact("inflow", {"send": {"asset": "USD", "value": "12", "distribute": {"to": legs}}}, key="k")

    taken = []
    sweeper = Sweeper(policy=RetryPolicy(), dice=random.Random(7), end_date="2030-01-01")
    place = LedgerRef(0, str(organization.id), str(ledger.id))
    walk = sweeper.one(place, str(paid.id), lambda _, items: taken.extend(items))
    with pytest.raises(StopIteration):
        walk.send(transport.send(next(walk)))
    assert len(taken[0].operations) == 13
