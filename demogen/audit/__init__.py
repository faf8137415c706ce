"""Is it true? Proof that no cent was lost or doubled, from the journal and from what the ledger reads back.

The auditor trusts nothing else: it never sees the sandbox, never asks the load how it went, and calls a check
that could not run UNKNOWN, never HOLDS. May import: population, client, record, contract, errors, clock.
"""
