"""Questions to a ledger that need no run: what it does with a request that comes twice, how soon it shows one.

Each probe makes a small ledger of its own and judges by what is booked. May import: `audit.sweep`, client, contract,
errors, clock.
"""
