"""The only place where a reply becomes an outcome.

2xx is ACCEPTED, if a write's answer names its transaction. 4xx is REJECTED, with three exceptions that leave open
what became of the transaction: 408; 409/0084, where the first request under the key is still running; 409/0486 (v4),
where another step holds the transaction's lock for up to 300 s, whether or not it went through (contract 6, 13.1); and
404/0061, where the server lost its balances half-way. Those, 5xx, and every fault after sending are INDETERMINATE,
unless the code is one that the intent was meant to be refused with. Never retries. May import: `contract`, the engine's
`heads`.
"""

from __future__ import annotations

import msgspec

from demogen.client.engine.heads import says_true
from demogen.contract.exchange import Fault, Response
from demogen.contract.outcome import Outcome, Receipt
from demogen.contract.transactions import Action, Intent

_ACCEPTED, _REJECTED, _INDETERMINATE = Outcome.ACCEPTED, Outcome.REJECTED, Outcome.INDETERMINATE
# Plain numbers for the hot path: looking a member up costs as much as a comparison.
_REVERT, _FIRST_READ, _ENTITY = int(Action.REVERT), int(Action.READ_TRANSACTION), int(Action.ENTITY)
_OPEN_CODES = frozenset({"0084", "0486", "0061"})

#: Every transaction answer of both versions begins with the transaction's id (recordings of POST, GET and revert).
_ID_START = b'{"id":"'
_ID_AT = len(_ID_START)
_ID_END, _QUOTE = _ID_AT + 36, ord('"')


class _Named(msgspec.Struct):
    id: str = ""


class _Refusal(msgspec.Struct):
    code: str | int = ""


_decode_named = msgspec.json.Decoder(_Named).decode
_decode_refusal = msgspec.json.Decoder(_Refusal).decode


def classify(intent: Intent, result: Response | Fault, mark: str) -> Receipt:
    """What came of `intent`, sent under `mark`."""
    if not isinstance(result, Response):
        outcome = _INDETERMINATE if result.sent else _REJECTED
        return Receipt(outcome, 0, "", "", False, False, mark, b"", result)
    answer = result
    status, body = answer.status, answer.body
    if 200 <= status < 300:
        action = intent.action
        # Nearly no answer is a first one again, and most heads have no such word at all.
        replayed = action <= _REVERT and says_true(answer.head) and replayed_answer(answer)
        transaction_id = transaction_id_of(body) if action < _FIRST_READ or action == _ENTITY else ""
        accepted = bool(transaction_id) or action >= _FIRST_READ
        return Receipt(
            _ACCEPTED if accepted else _INDETERMINATE,
            status,
            "",
            transaction_id,
            replayed,
            accepted and not intent.refused_with,
            mark,
            body,
        )
    code = error_code(body)
    expected = code in intent.refused_with
    return Receipt(_refused_outcome(status, code, expected=expected), status, code, "", False, expected, mark, body)


def _refused_outcome(status: int, code: str, *, expected: bool) -> Outcome:
    if status >= 500 or status == 408:
        return _INDETERMINATE
    if code in _OPEN_CODES and not expected:
        return _INDETERMINATE
    return _REJECTED


def transaction_id_of(body: bytes) -> str:
    """The id at the top of a transaction answer; "" where there is none."""
    if body.startswith(_ID_START):
        # Nearly every id is spelled with 36 characters.
        if len(body) > _ID_END and body[_ID_END] == _QUOTE:
            text = body[_ID_AT:_ID_END].decode("ascii", "replace")
            if '"' not in text:
                return text
        return body[_ID_AT : body.find(b'"', _ID_AT)].decode("ascii", "replace")
    try:
        return _decode_named(body).id
    except msgspec.DecodeError:
        return ""


def error_code(body: bytes) -> str:
    """The ledger's error code in any of its body shapes (contract 10, 13.2); "" without one.

    Parsed, not searched: validation errors echo what was sent, and that may hold a `code` of its own.
    """
    try:
        return str(_decode_refusal(body).code)
    except msgspec.DecodeError:
        return ""


def replayed_answer(response: Response) -> bool:
    """Whether the server says that this is the first answer again (contract 6)."""
    return response.header(b"x-idempotency-replayed") == b"true"
