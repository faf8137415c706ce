"""Whole runs on a ledger that misbehaves: counted by kind, explained once, judged to the end, never hanging."""

from __future__ import annotations

import shutil
import signal
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest
from locusts import finish, locust, report_of

sys.path.insert(0, str(Path(__file__).parents[1] / "client"))
from nasty import dead_end, serving
from turncoat import turncoat

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

TPS, SECONDS = 20, 3


def hold(line, answer):
    line.sock.recv(1)


def hold_what_is_booked(line, answer):
    answer()
    line.sock.recv(1)


def drip(line, answer):
    for byte in answer():
        line.say(bytes([byte]))
        time.sleep(0.05)


def babble(line, answer):
    line.say(b"SSH-2.0-OpenSSH_9.2\r\n")


def half(line, answer):
    whole = answer()
    line.say(whole[: len(whole) // 2])
    raise OSError


def cut(line, answer):
    line.cut()
    raise OSError


def cut_what_is_booked(line, answer):
    answer()
    line.cut()
    raise OSError


def flood(line, answer):
    """More header lines than any ledger has."""
    line.say(b"HTTP/1.1 201 Created\r\n" + b"X-More: and more\r\n" * 5000)
    raise OSError


def in_chunks(line, answer):
    head, _, body = answer().partition(b"\r\n\r\n")
    lines = [one for one in head.split(b"\r\n") if not one.lower().startswith(b"content-length")]
    line.say(b"\r\n".join([*lines, b"Transfer-Encoding: chunked", b"", b""]))
    for piece in (body[:7], body[7:]):
        line.say(b"%x\r\n%b\r\n" % (len(piece), piece))
    line.say(b"0\r\n\r\n")


def after_an_interim_one(line, answer):
    line.say(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n" + answer())


def and_close(line, answer):
    head, _, body = answer().partition(b"\r\n\r\n")
    line.say(head + b"\r\nConnection: close\r\n\r\n" + body)
    raise OSError


def without_a_length(line, answer):
    head, _, body = answer().partition(b"\r\n\r\n")
    lines = [one for one in head.split(b"\r\n") if not one.lower().startswith(b"content-length")]
    line.say(b"\r\n".join([*lines, b"Connection: close", b"", b""]) + body)
    raise OSError


def run(folder, url, *words):
    return locust(
        "--headless", "--host", url, "--target-tps", TPS, "-t", f"{SECONDS}s", "-u", 2, "-r", 2,
        "--request-timeout", "1s", "--run-dir", folder, "--no-tables", *words, cwd=folder.parent,
    )  # fmt: skip


@pytest.fixture
def other_name(tmp_path):
    """A certificate that is trusted, but for a name that nobody asked for; and a server's TLS with it."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    certificate, key = tmp_path / "other.pem", tmp_path / "other.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=other.test", "-addext", "subjectAltName=DNS:other.test", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return certificate, context


@pytest.mark.parametrize(
    ("misdeed", "fault"),
    [
        pytest.param(hold, "timeout", id="no answer"),
        pytest.param(hold_what_is_booked, "timeout", id="no answer though it was booked"),
        pytest.param(drip, "timeout", id="too slow an answer"),
        pytest.param(babble, "garbage", id="garbage"),
        pytest.param(half, "closed", id="half an answer"),
        pytest.param(flood, "oversized", id="more than an answer"),
        pytest.param(cut, "reset", id="reset"),
        pytest.param(cut_what_is_booked, "reset", id="reset though it was booked"),
    ],
)
def test_trouble_is_counted_by_kind_explained_once_and_judged(tmp_path, sandbox_url, misdeed, fault):
    with turncoat(sandbox_url, misdeed) as way:
        code, out, err = finish(run(tmp_path / "run", way.url))
    report = report_of(tmp_path / "run")
    bad = len(way.wronged)
    assert bad >= TPS * SECONDS // 8
    assert report["faults"] == {fault: bad}, err
    assert report["outcomes"]["indeterminate"] == bad
    assert report["arrivals"]["offered"] == report["arrivals"]["sent"] == TPS * SECONDS
    assert err.count(f"({fault}):") == 1
    assert "Traceback" not in out + err
    # The ledger did nothing wrong: what was booked unanswered is found, what was not is no loss.
    assert report["verdict"] == "HOLDS", report["audit"]
    assert code in (3, 6), out + err


@pytest.mark.parametrize("manner", [in_chunks, after_an_interim_one, and_close, without_a_length])
def test_what_is_unusual_but_right_is_no_trouble(tmp_path, sandbox_url, manner):
    with turncoat(sandbox_url, manner, every=2) as way:
        code, out, err = finish(run(tmp_path / "run", way.url, "--request-timeout", "10s"))
    report = report_of(tmp_path / "run")
    assert len(way.wronged) >= TPS * SECONDS // 4
    assert report["faults"] == {}, err
    assert report["arrivals"]["sent"] == TPS * SECONDS
    assert (report["outcomes"]["indeterminate"], report["outcomes"]["unexpected"]) == (0, 0)
    assert report["verdict"] == "HOLDS", report["audit"]
    assert code in (0, 3, 6), out + err


def test_a_ledger_that_goes_away_is_told_apart_from_one_that_lost_money(tmp_path, sandbox_url):
    folder = tmp_path / "run"
    with turncoat(sandbox_url, babble, every=10**6) as way:
        process = run(folder, way.url, "-t", "4s")
        until = time.monotonic() + 60
        while not list(folder.glob("journal/0.journal")) and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(2)
        way.stop()
        code, out, err = finish(process)
    assert code == 5, out + err
    report = report_of(folder)
    assert report["verdict"] == "UNKNOWN"
    assert report["arrivals"]["dropped_by_reason"]["target_down"] > 0
    assert err.count("(refused):") == 1
    assert "Traceback" not in out + err


@pytest.mark.parametrize(
    ("behave", "says"),
    [
        pytest.param(lambda line: line.request() and line.sock.recv(1), "127.0.0.1", id="answers nothing"),
        pytest.param(lambda line: line.request() and line.say(b"garbage\r\n\r\n"), "127.0.0.1", id="garbage"),
        pytest.param(lambda line: line.request() and line.cut(), "127.0.0.1", id="resets"),
        pytest.param(lambda line: line.request() and line.say(b"HTTP/1.1 200 OK\r\nContent-Le"), "--host", id="half"),
    ],
)
def test_a_ledger_that_is_none_is_refused_before_anything_starts(tmp_path, behave, says):
    with serving(behave) as server:
        began = time.monotonic()
        code, out, err = finish(run(tmp_path / "run", server.url))
        assert code == 7, out + err
        # Nobody waits for ever; a busy machine may take its time to start a process.
        assert time.monotonic() - began < 60
    assert says in err
    assert err.count("error:") == 1
    assert "hint:" in err
    assert "Traceback" not in out + err


def test_a_queue_that_is_full_does_not_hold_us_for_ever(tmp_path):
    with dead_end() as port:
        code, out, err = finish(run(tmp_path / "run", f"http://127.0.0.1:{port}"))
    assert code == 7, out + err
    assert "Traceback" not in out + err


def test_a_name_without_an_address_is_said_once(tmp_path):
    url = "http://no-such-host.invalid:3002"
    code, out, err = finish(run(tmp_path / "run", url, "--allow-target", "no-such-host.invalid"))
    assert code == 7, out + err
    assert err.count("error:") == 1
    assert "no-such-host.invalid" in err
    assert "Traceback" not in out + err


def test_ctrl_c_is_heard_while_nothing_is_answered(tmp_path, sandbox_url):
    folder = tmp_path / "run"
    with turncoat(sandbox_url, hold, every=1) as way:
        process = run(folder, way.url, "-t", "60s")
        until = time.monotonic() + 60
        while not list(folder.glob("journal/0.journal")) and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        code, out, err = finish(process)
    assert code == 130, out + err
    assert time.monotonic() - began < 60
    report = report_of(folder)
    assert report["outcomes"]["indeterminate"] == report["arrivals"]["sent"] > 0
    assert report["verdict"] == "HOLDS", report["audit"]


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv keeps a superuser from raising the limit again")
def test_few_descriptors_drop_arrivals_with_the_reason(tmp_path, sandbox_url):
    folder = tmp_path / "run"
    with turncoat(sandbox_url, hold, every=1) as way:
        process = locust(
            "--headless", "--host", way.url, "--target-tps", 100, "-t", "3s", "-u", 2, "-r", 2, "--request-timeout",
            "8s", "--run-dir", folder, "--no-tables", cwd=tmp_path, descriptors_max=100,
        )  # fmt: skip
        code, out, err = finish(process)
    report = report_of(folder)
    arrivals, dropped = report["arrivals"], report["arrivals"]["dropped_by_reason"]
    assert code == 3, out + err
    assert arrivals["sent"] + arrivals["dropped"] == arrivals["offered"] == 300
    assert dropped["no_slot"] > 150
    assert report["faults"] == {"timeout": arrivals["sent"]}
    assert report["workers"] == {"count": 1, "lost": 0}
    assert report["verdict"] == "HOLDS", report["audit"]
    assert "Traceback" not in out + err


def test_a_drain_that_takes_long_is_not_taken_for_a_death(tmp_path, sandbox_url):
    folder = tmp_path / "run"
    with turncoat(sandbox_url, hold) as way:
        process = run(folder, way.url, "-t", "60s", "--request-timeout", "8s")
        until = time.monotonic() + 60
        while not list(folder.glob("journal/0.journal")) and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        code, out, err = finish(process)
    assert code == 130, out + err
    report = report_of(folder)
    assert report["workers"] == {"count": 1, "lost": 0}
    assert report["outcomes"]["indeterminate"] == len(way.wronged) > 0
    assert report["verdict"] == "HOLDS", report["audit"]


def test_a_certificate_for_another_name_is_refused(tmp_path, other_name):
    certificate, context = other_name
    with serving(lambda line: line.request() and None, tls=context) as server:
        code, out, err = finish(run(tmp_path / "run", server.url, "--ca-file", certificate))
    assert code == 7, out + err
    assert err.count("error:") == 1
    assert "certificate" in err.lower()
    assert "Traceback" not in out + err
