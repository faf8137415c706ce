"""The journal's records, packed: 64 bytes each, little-endian; what they mean is said in journal.py.

Raises struct.error or OverflowError where a number does not fit its field. May import: `contract.money`.
"""

from __future__ import annotations

import struct

from demogen.contract.money import ATTO_SCALE, POWERS

KIND_INTENT, KIND_LEGS, KIND_OUTCOME = 1, 2, 3
DEBIT, CREDIT = 0, 1

_NO_ID = bytes(16)
# kind action pattern flags legs try | arrival | generation key_generation | key_arrival | due_ns | subject | ...
_INTENT = struct.Struct("<BBHHBBQIIQq16sIHH")
# kind count - generation index | account side balance_key - amount(16) | the same again
_LEGS = struct.Struct("<BBHIQIBBH16sIBBH16s")
# kind outcome status code flags | index | generation try fault - | sent_ns | answered_ns | transaction_id | -
_OUTCOME = struct.Struct("<BBHHHQIBBHqq16sQ")


def intent_record(
    action: int,
    pattern: int,
    flags: int,
    legs: int,
    tries: int,
    number: int,
    generation: int,
    key_generation: int,
    key_number: int,
    due_ns: int,
    subject: str,
    ledger: int,
    phase: int,
) -> bytes:
    """What will be sent. `subject` is a transaction's id in text, "" for none."""
    return _INTENT.pack(
        KIND_INTENT, action, pattern, flags, legs, tries, number, generation, key_generation, key_number, due_ns,
        id_bytes(subject), ledger, phase, 0,
    )  # fmt: skip


def move_record(
    generation: int, number: int, payer: int, payer_key: int, payee: int, payee_key: int, units: int, scale: int
) -> bytes:
    """The legs of nine transactions in ten: one account pays another so many minor units at `scale`."""
    amount = (units * POWERS[ATTO_SCALE - scale]).to_bytes(16, "little", signed=True)
    return _LEGS.pack(
        KIND_LEGS, 2, 0, generation, number, payer, DEBIT, payer_key, 0, amount, payee, CREDIT, payee_key, 0, amount
    )


def legs_record(generation: int, number: int, rows: list[tuple[int, int, int, int]]) -> bytes:
    """One or two legs: account, side, balance key, amount in atto units."""
    fields: list[int | bytes] = []
    for account, side, key, amount in rows:
        fields += (account, side, key, 0, amount.to_bytes(16, "little", signed=True))
    if len(rows) == 1:
        fields += (0, 0, 0, 0, _NO_ID)
    return _LEGS.pack(KIND_LEGS, len(rows), 0, generation, number, *fields)


def outcome_record(
    outcome: int,
    status: int,
    code: int,
    flags: int,
    number: int,
    generation: int,
    tries: int,
    fault: int,
    sent_ns: int,
    answered_ns: int,
    transaction_id: str,
) -> bytes:
    """How it ended. `transaction_id` is in text, "" for none."""
    return _OUTCOME.pack(
        KIND_OUTCOME, outcome, status, code, flags, number, generation, tries, fault, 0, sent_ns, answered_ns,
        id_bytes(transaction_id), 0,
    )  # fmt: skip


def id_bytes(text: str) -> bytes:
    """The 16 bytes of an id in text; all zero for "" and for what is no id: anybody may answer anything."""
    try:
        return bytes.fromhex(text.replace("-", ""))[:16].ljust(16, b"\0")
    except ValueError:
        return _NO_ID
