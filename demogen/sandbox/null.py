"""A ledger that does nothing: answers every request at once with 201 and a transaction of 2 KB. No claim to truth.

What a generator can drive is measured against it. One process, one epoll, no parsing beyond where a request ends;
`GET /requests` says how many were answered. Prints its address on one line; ends when its standard input is closed.
May import: nothing from demogen.
"""

from __future__ import annotations

import json
import select
import socket
import sys
from contextlib import suppress

_ID = "01980000-0000-7000-8000-00000000%04x"
_RECV_BYTES = 16 * 1024


def transaction(transaction_id: str) -> str:
    """A plausible answer of about 2.1 KB, as small as JSON can be spelled."""
    moment = "2026-01-01T00:00:00.000000Z"
    operation = {
        "id": _ID % 1,
        "transactionId": transaction_id,
        "description": "payment",
        "type": "DEBIT",
        "assetCode": "USD",
        "chartOfAccounts": "",
        "amount": {"value": "10.5"},
        "balance": {"available": "1000", "onHold": "0", "version": 12, "overdraftUsed": "0"},
        "balanceAfter": {"available": "989.5", "onHold": "0", "version": 13, "overdraftUsed": "0"},
        "status": {"code": "", "description": None},
        "accountId": _ID % 2,
        "accountAlias": "@customer-1",
        "balanceKey": "default",
        "balanceId": _ID % 3,
        "organizationId": _ID % 4,
        "ledgerId": _ID % 5,
        "route": "",
        "balanceAffected": True,
        "direction": "debit",
        "createdAt": moment,
        "updatedAt": moment,
        "deletedAt": None,
        "metadata": None,
    }
    whole = {
        "id": transaction_id,
        "description": "payment",
        "status": {"code": "CREATED", "description": "CREATED"},
        "amount": "10.5",
        "assetCode": "USD",
        "chartOfAccountsGroupName": "",
        "source": ["@customer-1"],
        "destination": ["@merchant-1"],
        "ledgerId": _ID % 5,
        "organizationId": _ID % 4,
        "route": "",
        "createdAt": moment,
        "updatedAt": moment,
        "deletedAt": None,
        "metadata": {"demogen_key": "r20260101-000000-0000-1-1"},
        "operations": [operation, operation | {"type": "CREDIT", "direction": "credit"}],
    }
    return json.dumps(whole, separators=(",", ":"))


def serve(listener: socket.socket, *, until_closed: int = -1) -> None:
    """Answer whoever connects, until that descriptor is closed at its other end (-1: for ever)."""
    body = transaction(_ID % 9).encode()
    head = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nX-Idempotency-Replayed: false\r\n"
    answer = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    listener.setblocking(False)
    poller = select.epoll()
    poller.register(listener.fileno(), select.EPOLLIN)
    if until_closed >= 0:
        poller.register(until_closed, select.EPOLLHUP)
    lines: dict[int, socket.socket] = {}
    held: dict[int, bytes] = {}
    answered = 0
    while True:
        for fd, _ in poller.poll():
            if fd == until_closed:
                return
            if fd == listener.fileno():
                line = _accept(listener)
                lines[line.fileno()] = line
                poller.register(line.fileno(), select.EPOLLIN)
                continue
            try:
                data = lines[fd].recv(_RECV_BYTES)
            except OSError:
                data = b""
            if not data:
                lines.pop(fd).close()
                held.pop(fd, None)
                continue
            data = held.pop(fd, b"") + data
            if not _is_whole(data):
                held[fd] = data
            elif data.startswith(b"GET /requests "):
                told = b"%d" % answered
                _say(lines[fd], b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(told), told))
            else:
                answered += 1
                _say(lines[fd], answer)


def _accept(listener: socket.socket) -> socket.socket:
    line, _ = listener.accept()
    line.setblocking(False)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return line


def _is_whole(data: bytes) -> bool:
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return False
    head = data[:end].lower()
    at = head.find(b"\ncontent-length:")
    length = int(head[at + 16 :].split(b"\r", 1)[0]) if at >= 0 else 0
    return len(data) >= end + 4 + length


def _say(line: socket.socket, answer: bytes) -> None:
    with suppress(OSError):
        line.send(answer)  # a fresh buffer takes 2 KB whole; who does not read is not answered


def main() -> None:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    listener = socket.create_server(("127.0.0.1", port), backlog=4096)
    sys.stdout.write(f"ready at http://127.0.0.1:{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    try:
        # Whoever started us holds the other end of our standard input; a terminal does not close.
        serve(listener, until_closed=-1 if sys.stdin.isatty() else sys.stdin.fileno())
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
