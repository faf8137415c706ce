"""What the ledger remembers: SQLite tables behind small doors. Judges nothing, renders nothing.

May import: demogen.sandbox.exact and demogen.sandbox.ids.
"""
