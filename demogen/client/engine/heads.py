"""Is an answer's head plain, so that its body can be cut off by length? Then neither llhttp nor an Assembler is needed.

Plain: HTTP/1.1, a final status that has a body, one Content-Length, no transfer coding, kept alive. Where a C compiler
was at hand, `heads.pyx` stands in for this file with the same verdicts. May import: nothing from demogen.
"""

from __future__ import annotations

_BODILESS = frozenset({204, 304})
#: Bytes 8 to 13 of an answer whose status is final and has a body.
_STATUSES = {
    b" %d%b" % (status, after): status
    for status in range(200, 600)
    if status not in _BODILESS
    for after in (b" ", b"\r")
}


#: What a length of more digits than anybody's answer has is taken for.
HUGE = 1 << 62
_DIGITS_MAX = 18


def status_of(data: bytes) -> int:
    """The status of an answer whose head is plain."""
    return _STATUSES[data[8:13]]


def says_true(data: bytes) -> bool:
    """Whether the word stands anywhere in it: nearly no head has it, and those are parsed."""
    return b"true" in data


def head_end(data: bytes) -> int:
    """Where the empty line after the head begins; -1 where it has not come."""
    return data.find(b"\r\n\r\n")


def plain_length(data: bytes, end: int) -> int:
    """The body length of a plain answer whose head ends at `end`; -1 where llhttp must decide."""
    if data[:8] != b"HTTP/1.1" or data[8:13] not in _STATUSES:
        return -1
    lines = data[12 : end + 2].lower()
    at = lines.find(b"\ncontent-length:")
    if at < 0 or lines.find(b"\ntransfer-encoding") >= 0 or lines.find(b"\n\n") >= 0:
        return -1
    connection = lines.find(b"\nconnection:")
    if connection >= 0 and lines[connection + 12 : connection + 24].strip() != b"keep-alive":
        return -1
    if lines.count(b"\ncontent-length") > 1 or lines.count(b"\nconnection:") > 1:
        return -1
    digits = lines[at + 16 : lines.find(b"\r", at)].strip()
    if not digits.isdigit():
        return -1
    digits = digits.lstrip(b"0") or b"0"
    return int(digits) if len(digits) < _DIGITS_MAX else HUGE
