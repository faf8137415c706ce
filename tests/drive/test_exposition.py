"""When a run's figures go and how long a process stays for its last scrape. In a child: the room patches sockets."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest
from locusts import ROOT

BEGIN = """
import demogen.drive
from demogen.clock import NS_PER_S, FakeClock
from demogen.drive.exposition import GRACE_S, Exposition
from demogen.record.metrics import Snapshot
from demogen.record.tally import Tally

clock, tally = FakeClock(now_ns=NS_PER_S), Tally()
tally.counts["offered"] = 7

def scrape(exposition, path="/metrics", accept="text/plain"):
    told = {}
    environ = {"PATH_INFO": path, "QUERY_STRING": "", "REQUEST_METHOD": "GET", "HTTP_ACCEPT": accept}
    body = exposition.serve(environ, lambda status, headers, *_: told.update(headers))
    return b"".join(body).decode(), told

def snapshot(ended_ns=0):
    return Snapshot(tally=tally, patterns=("payment",), target_tps=5.0, ended_ns=ended_ns)
"""


def said(script: str) -> str:
    program = BEGIN + textwrap.dedent(script)
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def test_a_finished_run_is_shown_for_a_while_and_then_no_more():
    assert said("""
        over = snapshot(ended_ns=clock.now_ns())
        exposition = Exposition(lambda: over, clock=clock)
        clock.advance_ns((GRACE_S - 1) * NS_PER_S)
        print("demogen_arrivals_offered_total 7.0" in scrape(exposition)[0])
        clock.advance_ns(2 * NS_PER_S)
        text = scrape(exposition)[0]
        print("demogen_arrivals" in text, 'demogen_phase{phase="idle"} 1.0' in text, "demogen_build_info" in text)
    """).splitlines() == ["True", "False True True"]


def test_figures_come_back_higher_with_the_next_run():
    assert (
        said("""
        shown = [snapshot(ended_ns=clock.now_ns())]
        exposition = Exposition(lambda: shown[0], clock=clock)
        clock.advance_ns(2 * GRACE_S * NS_PER_S)
        exposition.keep()
        shown[0] = snapshot()
        print("demogen_arrivals_offered_total 14.0" in scrape(exposition)[0])
    """)
        == "True"
    )


def test_openmetrics_is_spoken_to_who_asks_for_it():
    assert (
        said("""
        exposition = Exposition(snapshot, clock=clock)
        text, headers = scrape(exposition, accept="application/openmetrics-text; version=1.0.0")
        print(headers["Content-Type"].split(";")[0], text.endswith("# EOF\\n"))
    """)
        == "application/openmetrics-text True"
    )


@pytest.mark.parametrize(
    ("scrapes", "waits"),
    [
        pytest.param(0, "at once", id="nobody watches"),
        pytest.param(3, "until the next scrape", id="somebody does"),
    ],
)
def test_a_watched_process_waits_for_its_last_scrape(scrapes, waits):
    assert (
        said(f"""
        import gevent, time
        from demogen.clock import SystemClock
        exposition = Exposition(snapshot, clock=SystemClock())
        exposition.listen(0)
        for _ in range({scrapes}):
            scrape(exposition)
            gevent.sleep(0.4)
        gevent.spawn_later(0.5, scrape, exposition)
        before = time.monotonic()
        exposition.close()
        took = time.monotonic() - before
        print("at once" if took < 0.3 else "until the next scrape" if took < 1.2 else took)
    """)
        == waits
    )


def test_a_watcher_that_has_gone_is_not_waited_for():
    assert (
        said("""
        import gevent, time
        from demogen.clock import SystemClock
        exposition = Exposition(snapshot, clock=SystemClock())
        exposition.listen(0)
        for _ in range(2):
            scrape(exposition)
            gevent.sleep(0.2)
        gevent.sleep(1.5)
        before = time.monotonic()
        exposition.close()
        print(time.monotonic() - before < 0.3)
    """)
        == "True"
    )


def test_a_scrape_lets_in_who_waits_for_a_socket():
    assert (
        said("""
        import os

        import gevent
        from gevent.socket import wait_read

        reader, writer = os.pipe()
        turns = 0

        def live():
            global turns
            while True:
                wait_read(reader)
                turns += 1

        os.write(writer, b"!")
        gevent.spawn(live)
        families = scrape(Exposition(snapshot, clock=clock))[0].count("# HELP")
        print(families > 30, turns >= families - 1)
    """)
        == "True True"
    )
