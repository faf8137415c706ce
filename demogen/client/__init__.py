"""How it is said: carries requests to a ledger and says what came of them.

Decides how bytes travel and when an answer counts as an outcome; never what is sent, when, or whether the money is
right. The only room that opens sockets towards a ledger. May import: `contract`, `errors`, `clock`.
"""
