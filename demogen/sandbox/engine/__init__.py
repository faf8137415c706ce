"""How money moves: orders become bookings, bookings become operations and balances (contract 4, 6, 7, 8).

Split by reason to change: bodies (what is asked), legs (how much each leg is), planning (what happens to balances),
booking (writing it down), creation, steps, reversal, marks, route rules. Arithmetic is its own, shared with no other
room. May import: demogen.sandbox.
"""
