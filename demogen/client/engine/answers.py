"""An answer straight from its descriptor, where it has come in one piece and is plain; else the bytes as they came.

Where a C compiler was at hand, `answers.pyx` stands in for this file: it copies an answer once. Decides nothing about
outcomes. May import: `descriptors`, `heads`, `contract.exchange`.
"""

from __future__ import annotations

from demogen.client.engine.descriptors import receive
from demogen.client.engine.heads import head_end, plain_length, status_of
from demogen.contract.exchange import Response


def hear(fd: int) -> Response | bytes:
    """What is there, as `receive` has it: the answer that it is, or bytes that an Assembler must see."""
    data = receive(fd)
    response = whole_response(data)
    return data if response is None else response


def whole_response(data: bytes) -> Response | None:
    """The answer that `data` is, where it is exactly one plain answer; else None."""
    end = head_end(data)
    if end < 0:
        return None
    length = plain_length(data, end)
    if length < 0 or end + 4 + length != len(data):
        return None
    return Response(status_of(data), data[data.find(b"\n", 12) + 1 : end], data[end + 4 :])
