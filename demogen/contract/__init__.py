"""What the ledger speaks: money, intents, legs, entities, routes, refusals, and their two spellings.

Pure: no I/O, no clock, no dice. Entities bring pydantic and are imported from their own file. May import: `errors`.
"""

from demogen.contract.exchange import Fault, Request, Response
from demogen.contract.money import Amount
from demogen.contract.outcome import Outcome, Receipt
from demogen.contract.transactions import AccountRef, Action, Intent, LedgerRef, Leg, Status

__all__ = [
    "AccountRef",
    "Action",
    "Amount",
    "Fault",
    "Intent",
    "LedgerRef",
    "Leg",
    "Outcome",
    "Receipt",
    "Request",
    "Response",
    "Status",
]
