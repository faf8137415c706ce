"""The HTTP server around the ledger: framing, limits, the command line (contract 2, 2.1)."""

from __future__ import annotations

import re
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from talking import Client

from demogen.sandbox import Sandbox

pytestmark = pytest.mark.e2e
BODY = b'{"legalName":"A","legalDocument":"1"}'


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with Sandbox() as ledger:
        yield ledger.url


def talk(url: str, *chunks: bytes, until: int = 1) -> bytes:
    """Send raw bytes, read so many answers' worth, or to the end."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as sock:
        for chunk in chunks:
            sock.sendall(chunk)
        data = b""
        while data.count(b"HTTP/1.1 ") - data.count(b"HTTP/1.1 100") < until or not data.endswith((b"}", b"healthy")):
            try:
                part = sock.recv(65536)
            except ConnectionResetError:
                return data
            if not part:
                return data
            data += part
        return data


def test_pipelined_requests_are_answered_in_order(url: str) -> None:
    one = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    two = b"GET /v1/nothing HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = talk(url, one + two + one, until=3)
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"200", b"404", b"200"]


def test_a_body_may_come_in_chunks(url: str) -> None:
    head = b"POST /v1/organizations HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = talk(
        url, head, b"%x\r\n" % 10 + BODY[:10] + b"\r\n", b"%x\r\n" % (len(BODY) - 10) + BODY[10:] + b"\r\n0\r\n\r\n"
    )
    assert answer.startswith(b"HTTP/1.1 201 ")


def test_a_client_that_expects_100_gets_it(url: str) -> None:
    head = b"POST /v1/organizations HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(
        BODY
    )
    assert talk(url, head, BODY).startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 ")


def test_head_has_the_headers_of_get_and_no_body(url: str) -> None:
    head = b"HEAD /v1/organizations HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = talk(url, head)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"\r\n\r\n")


def test_a_body_over_four_mebibytes_cuts_the_connection(url: str) -> None:
    size = 5 * 1024 * 1024
    assert talk(url, b"POST /v1/organizations HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size) == b""


def test_garbage_is_answered_400(url: str) -> None:
    assert talk(url, b"\x00\x01 nonsense\r\n\r\n").startswith(b"HTTP/1.1 400 ")


def test_request_ids_are_echoed(url: str) -> None:
    answer = talk(url, b"GET /health HTTP/1.1\r\nHost: x\r\nX-Request-Id: any text\r\n\r\n")
    assert b"x-request-id: any text\r\n" in answer


def start(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "demogen.sandbox", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_port_in_use_is_one_clear_message(url: str) -> None:
    process = start("--port", str(urlsplit(url).port))
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 2
    assert "in use" in errors
    assert "hint:" in errors
    assert "Traceback" not in errors


def test_a_file_in_use_is_one_clear_message(tmp_path: Path) -> None:
    database = str(tmp_path / "l.db")
    with Sandbox(db=database):
        process = start("--port", "0", "--db", database)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 2
    assert "locked" in errors
    assert "Traceback" not in errors


def test_a_file_that_is_no_database_is_one_clear_message(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database " * 100)
    process = start("--port", "0", "--db", str(tmp_path / "notes.txt"))
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, "Traceback" in errors) == (2, False)


@pytest.mark.parametrize("port", ["99999", "-1"])
def test_a_port_that_cannot_be_is_one_clear_message(port: str) -> None:
    process = start("--port", port)
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, f"no port {port}" in errors) == (2, True)


def test_a_full_disk_costs_the_writes_and_nothing_else(tmp_path: Path) -> None:
    with Sandbox(db=str(tmp_path / "ledger.db")) as ledger:
        client = Client(ledger.url)
        size = 2 * (tmp_path / "ledger.db-wal").stat().st_size
        hard = resource.prlimit(ledger.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(ledger.pid, resource.RLIMIT_FSIZE, (size, hard))
        body = {"legalName": "A", "legalDocument": "1", "metadata": {"k": "v" * 1900}}
        made = []
        while (answer := client.send("POST", "/v1/organizations", body))[0] == 201:
            made.append(answer[1]["id"])
        assert answer[0] == 500
        assert all(client.send("GET", f"/v1/organizations/{one}")[0] == 200 for one in made)
        resource.prlimit(ledger.pid, resource.RLIMIT_FSIZE, (hard, hard))
        made.append(client.send("POST", "/v1/organizations", body)[1]["id"])
        client.close()
        ledger.kill()
        ledger.start()
        client = Client(ledger.url)
        assert all(client.send("GET", f"/v1/organizations/{one}")[0] == 200 for one in made)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(number: signal.Signals) -> None:
    process = start("--port", "0")
    assert process.stdout is not None
    assert "ready at http://127.0.0.1:" in process.stdout.readline()
    process.send_signal(number)
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")


def test_it_ends_with_its_parent() -> None:
    script = """
import subprocess, sys
command = [sys.executable, "-m", "demogen.sandbox", "--port", "0", "--die-with-parent"]
child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
child.stdout.readline()
print(child.pid)
"""
    parent = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True)
    pid = int(parent.stdout)
    for _ in range(100):
        if not is_running(pid):
            return
        time.sleep(0.05)
    pytest.fail("the sandbox outlived its parent")


def is_running(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def test_defects_are_listed() -> None:
    process = start("--list-defects")
    printed, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert printed.startswith("lost-update ")


def test_an_unknown_name_is_a_usage_error() -> None:
    process = start("--port", "0", "--defect", "nonsense")
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 2
    assert "no defect named nonsense" in errors
