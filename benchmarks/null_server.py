"""A ledger that does nothing: answers every request at once with 201 and a transaction of 2 KB.

nginx where it is installed, else an epoll loop in Python that costs more but behaves alike. Runs in a process of its
own, pinned to one core, and can be frozen to see what a generator does while its target stalls.
"""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from types import TracebackType

ID = "01980000-0000-7000-8000-00000000%04x"


def transaction(transaction_id: str) -> str:
    """A plausible answer of about 2.1 KB, as small as JSON can be spelled."""
    operation = {
        "id": ID % 1,
        "transactionId": transaction_id,
        "description": "payment",
        "type": "DEBIT",
        "assetCode": "USD",
        "chartOfAccounts": "",
        "amount": {"value": "10.5"},
        "balance": {"available": "1000", "onHold": "0", "version": 12, "overdraftUsed": "0"},
        "balanceAfter": {"available": "989.5", "onHold": "0", "version": 13, "overdraftUsed": "0"},
        "status": {"code": "", "description": None},
        "accountId": ID % 2,
        "accountAlias": "@customer-1",
        "balanceKey": "default",
        "balanceId": ID % 3,
        "organizationId": ID % 4,
        "ledgerId": ID % 5,
        "route": "",
        "balanceAffected": True,
        "direction": "debit",
        "createdAt": "2026-01-01T00:00:00.000000Z",
        "updatedAt": "2026-01-01T00:00:00.000000Z",
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
        "ledgerId": ID % 5,
        "organizationId": ID % 4,
        "route": "",
        "createdAt": "2026-01-01T00:00:00.000000Z",
        "updatedAt": "2026-01-01T00:00:00.000000Z",
        "deletedAt": None,
        "metadata": {"demogen_key": "r20260101-000000-0000-1-1"},
        "operations": [operation, operation | {"type": "CREDIT", "direction": "credit"}],
    }
    return json.dumps(whole, separators=(",", ":"))


_NGINX = """
daemon off; master_process off; worker_processes 1; worker_rlimit_nofile 20000;
error_log {folder}/error.log crit; pid {folder}/nginx.pid;
events {{ worker_connections 16384; multi_accept on; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 3600; client_max_body_size 16m; {temporary}
  server {{
    listen 127.0.0.1:{port} backlog=8192; default_type application/json;
    location = /requests {{ stub_status; }}
    location / {{ add_header X-Idempotency-Replayed false always; return 201 '{body}'; }}
  }}
}}
"""
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class NullServer:
    """Use as a context manager. `cores` are what the server may run on; `kind` is "nginx" or "python"."""

    def __init__(self, *, cores: set[int] | None = None, kind: str = "") -> None:
        self.kind = kind or ("nginx" if shutil.which("nginx") else "python")
        self._cores = cores
        self._folder = tempfile.TemporaryDirectory(prefix="null-server-")
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def __enter__(self) -> NullServer:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._process = subprocess.Popen(self._command(port))
        if self._cores:
            os.sched_setaffinity(self._process.pid, self._cores)
        self._await(port)
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        if self._process is not None:
            self.thaw()
            self._process.terminate()
            self._process.wait(10)
        self._folder.cleanup()

    def freeze(self) -> None:
        """Stop answering, without closing anything."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def requests(self) -> int:
        """How many requests have been answered so far."""
        with urllib.request.urlopen(f"{self.url}/requests", timeout=10) as answer:
            return int(re.findall(rb"\d+", answer.read())[3])

    def _command(self, port: int) -> list[str]:
        if self.kind == "python":
            return [sys.executable, __file__, str(port)]
        folder = Path(self._folder.name)
        temporary = " ".join(f"{name}_temp_path {folder}/{name};" for name in _TEMPORARY)
        body = transaction("$request_id").replace("'", "\\'")
        configuration = folder / "nginx.conf"
        configuration.write_text(_NGINX.format(folder=folder, port=port, body=body, temporary=temporary))
        return ["nginx", "-c", str(configuration), "-e", str(folder / "start.log")]

    def _await(self, port: int) -> None:
        end = time.monotonic() + 10
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise SystemExit(f"the null server ({self.kind}) did not start")


def serve(port: int) -> None:
    """The Python one: no parsing beyond where a request ends."""
    body = transaction(ID % 9).encode()
    answer = (
        b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nX-Idempotency-Replayed: false\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body)
    ) + body
    listener = socket.create_server(("127.0.0.1", port), backlog=8192)
    listener.setblocking(False)
    poller = select.epoll()
    poller.register(listener.fileno(), select.EPOLLIN)
    open_: dict[int, socket.socket] = {}
    held: dict[int, bytes] = {}
    answered = 0
    while True:
        for fd, _ in poller.poll():
            if fd == listener.fileno():
                sock, _ = listener.accept()
                sock.setblocking(False)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                open_[sock.fileno()] = sock
                poller.register(sock.fileno(), select.EPOLLIN)
                continue
            sock = open_[fd]
            try:
                data = sock.recv(262144)
            except OSError:
                data = b""
            if not data:
                sock.close()
                del open_[fd]
                held.pop(fd, None)
                continue
            data = held.pop(fd, b"") + data
            end = data.find(b"\r\n\r\n")
            at = data[: max(end, 0)].lower().find(b"content-length:")
            length = int(data[at + 15 : data.find(b"\r", at)]) if at >= 0 else 0
            if end < 0 or len(data) < end + 4 + length:
                held[fd] = data
                continue
            answered += 1
            if data.startswith(b"GET /requests "):
                # As nginx puts it: three other numbers come first.
                told = b"0 0 0 %d" % answered
                sock.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(told), told))
            else:
                sock.send(answer)


if __name__ == "__main__":
    if len(sys.argv) == 2:
        serve(int(sys.argv[1]))
    print("measures nothing; the other benchmarks start it (or give a port to serve on)")
