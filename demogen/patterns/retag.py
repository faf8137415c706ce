"""Retag: a payment whose description and tags are put right afterwards, and those of one of its operations.

Expects to be accepted. An update merges (contract 2.1), so our mark stays; it counts as a rider, not as a transaction.
"""

from demogen.contract.answers import first_operation_id
from demogen.contract.entities import Note
from demogen.contract.transactions import Action, Intent
from demogen.patterns.base import Pattern, Script
from demogen.patterns.dice import Dice


def play(dice: Dice) -> Script:
    payer, payee = dice.pair("customer", "merchant")
    paid = yield Intent.move(dice.amount(payer), payer, payee, description="card payment, not yet sorted")
    if not paid.accepted:
        return
    operation = first_operation_id(paid.body)
    note = Note(description="card payment", metadata={"category": "sorted", "reviewed": True})
    tagged = Note(metadata={"cost_centre": "CC-40"})
    write, ledger, paid_id = Action.ENTITY, payer.ledger, paid.transaction_id
    yield Intent(action=write, ledger=ledger, route="transaction.update", subject=paid_id, entity=note)
    operation = first_operation_id(paid.body)
    if operation:
        route = "operation.update"
        yield Intent(action=write, ledger=ledger, route=route, subject=paid_id, item=operation, entity=tagged)


PATTERN = Pattern(name="retag", weight=1, play=play)
