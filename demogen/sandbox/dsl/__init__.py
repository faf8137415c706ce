"""The deprecated multipart DSL endpoint: its own small parser (contract 9).

May import: demogen.sandbox.
"""
