"""TLS on real sockets: who is trusted, who is not, and that nothing is sent to the latter."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import time
from pathlib import Path

import pytest
from nasty import OK, Line, ask, polite, pumping, serving, until

from demogen.client.engine import open_pump
from demogen.client.pooled import PooledTransport
from demogen.clock import SystemClock
from demogen.contract.exchange import Fault, Request, Response
from demogen.errors import LedgerUnreachable, UsageError

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")


class Papers:
    """An authority and what it has signed: a server for 127.0.0.1, one for another name, a client."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # Newer Pythons trust no authority that does not say it may sign.
        use = "keyUsage=critical,keyCertSign,cRLSign"
        self._run("req", "-x509", "-subj", "/CN=Test Authority", "-addext", use, "-keyout", "ca.key", "-out", "ca.pem")
        self._signed("server", "subjectAltName=IP:127.0.0.1,DNS:localhost")
        self._signed("stranger", "subjectAltName=DNS:stranger.example")
        self._signed("client", "extendedKeyUsage=clientAuth")

    @property
    def authority(self) -> str:
        return str(self.folder / "ca.pem")

    def pair(self, name: str) -> tuple[str, str]:
        return str(self.folder / f"{name}.pem"), str(self.folder / f"{name}.key")

    def server(self, name: str = "server", *, asks_client: bool = False) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.pair(name))
        if asks_client:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.authority)
        return context

    def _signed(self, name: str, extension: str) -> None:
        self._run(
            "req", "-x509", "-CA", "ca.pem", "-CAkey", "ca.key", "-subj", f"/CN={name}", "-addext", extension,
            "-addext", "basicConstraints=CA:FALSE", "-keyout", f"{name}.key", "-out", f"{name}.pem",
        )  # fmt: skip

    def _run(self, *arguments: str) -> None:
        subprocess.run(
            ["openssl", *arguments, "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"],
            cwd=self.folder,
            check=True,
            capture_output=True,
        )


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    return Papers(tmp_path_factory.mktemp("papers"))


def test_a_trusted_server_is_talked_to_on_one_connection(papers):
    with serving(polite, tls=papers.server()) as server, pumping(server.url, ca_file=papers.authority) as pump:
        for _ in range(20):
            assert ask(pump)[1].body == b"ok"
        assert server.accepted == 1


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_large_bodies_both_ways(papers, version):
    body = os.urandom(3_000_000)
    context = papers.server()
    context.maximum_version = version

    def behave(line: Line) -> None:
        while request := line.request():
            line.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + request[-len(body) :])

    with serving(behave, tls=context) as server, pumping(server.url, ca_file=papers.authority) as pump:
        for _ in range(2):
            assert ask(pump, Request(b"POST", b"/", body))[1].body == body
        assert server.accepted == 1


@pytest.mark.parametrize(
    ("name", "trusts"), [pytest.param("stranger", True, id="another name"), pytest.param("server", False, id="unknown")]
)
def test_a_server_that_is_not_who_it_should_be_gets_nothing(papers, name, trusts):
    options = {"ca_file": papers.authority} if trusts else {}
    with serving(polite, tls=papers.server(name)) as server, pumping(server.url, **options) as pump:
        for _ in range(2):
            assert ask(pump)[1:3] == (Fault.TLS, 0)
        assert server.heard == []
        assert pump.connections == 0


def test_a_server_without_tls(papers):
    def behave(line: Line) -> None:
        line.sock.recv(1000)
        line.say(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    with serving(behave) as server, pumping(server.url.replace("http", "https"), ca_file=papers.authority) as pump:
        assert ask(pump)[1:3] == (Fault.TLS, 0)


def test_a_server_that_closes_in_the_handshake(papers):
    def behave(line: Line) -> None:
        line.sock.recv(1000)

    with serving(behave) as server, pumping(server.url.replace("http", "https"), ca_file=papers.authority) as pump:
        assert ask(pump)[1:3] == (Fault.TLS, 0)


def test_a_handshake_that_is_never_answered(papers):
    with serving(lambda _: time.sleep(2)) as server:
        url = server.url.replace("http", "https")
        with pumping(url, ca_file=papers.authority, connect_timeout_s=0.2) as pump:
            assert ask(pump)[1:3] == (Fault.CONNECT_TIMEOUT, 0)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_that_asks_for_a_certificate(papers, version):
    context = papers.server(asks_client=True)
    context.maximum_version = version
    with serving(polite, tls=context) as server:
        with pumping(server.url, ca_file=papers.authority, client_cert=papers.pair("client")) as pump:
            assert ask(pump)[1].body == b"ok"
        with pumping(server.url, ca_file=papers.authority) as pump:
            _, result, sent_ns, _ = ask(pump)
            # With 1.3 the refusal may arrive as a mere reset, after the request has left.
            assert (result, sent_ns) == (Fault.TLS, 0) or result is Fault.RESET
        assert len(server.heard) == 1


def test_a_preflight_trusts_whom_the_load_trusts(papers):
    with serving(polite, tls=papers.server(asks_client=True)) as server:
        with PooledTransport(server.url, ca_file=papers.authority, client_cert=papers.pair("client")) as transport:
            assert transport.send(Request(b"GET", b"/")).body == b"ok"
        stranger = PooledTransport(server.url, client_cert=papers.pair("client"))
        with stranger, pytest.raises(LedgerUnreachable, match="no TLS with"):
            stranger.send(Request(b"GET", b"/"))


def test_a_connection_closed_while_idle_and_one_cut_in_an_answer(papers):
    def behave(line: Line) -> None:
        line.request()
        if line.number == 0:
            line.say(OK)
            time.sleep(0.05)
            line.sock.unwrap()
        else:
            line.say(OK[:-1])
            line.sock.unwrap()

    with serving(behave, tls=papers.server()) as server, pumping(server.url, ca_file=papers.authority) as pump:
        assert ask(pump)[1].body == b"ok"
        until(lambda: pump.connections == 0, pump)
        assert ask(pump)[1] is Fault.CLOSED


def test_garbage_inside_the_cipher(papers):
    def behave(line: Line) -> None:
        line.request()
        line.say(OK)
        line.request()
        raw = socket.socket(fileno=line.sock.detach())
        raw.sendall(b"no record of any protocol at all")
        time.sleep(0.1)
        raw.close()

    with serving(behave, tls=papers.server()) as server, pumping(server.url, ca_file=papers.authority) as pump:
        assert ask(pump)[1].body == b"ok"
        assert ask(pump)[1] is Fault.GARBAGE


def test_a_file_that_is_no_certificate_is_refused(tmp_path):
    bad = tmp_path / "bad.pem"
    bad.write_text("nothing")
    with pytest.raises(UsageError, match="cannot use the TLS files"):
        open_pump("https://localhost", clock=SystemClock(), ca_file=str(bad))


def test_several_connections_at_once(papers):
    with serving(polite, tls=papers.server()) as server, pumping(server.url, ca_file=papers.authority) as pump:
        pump.open(8)
        until(lambda: server.accepted == 8, pump)
        for _ in range(30):
            assert isinstance(ask(pump)[1], Response)
