"""What those who test with the sandbox can turn: latency, stalls, errors, limits, tokens, lag. Knows nothing of money.

May import: demogen.clock, demogen.errors, demogen.sandbox.
"""
