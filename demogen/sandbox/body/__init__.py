"""The body rules of contract 2.1: shapes are data, one walker judges them all.

May import: demogen.sandbox.exact, demogen.sandbox.ids, demogen.sandbox.moments, demogen.sandbox.refusal.
"""
