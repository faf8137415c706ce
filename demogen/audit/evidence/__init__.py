"""Proof for others: a run bundled and checked offline, a finding shrunk to a program, a history exported.

Judges by the auditor's own invariants, never by rules of its own. May import: the audit room, client, record,
contract, errors, clock.
"""
