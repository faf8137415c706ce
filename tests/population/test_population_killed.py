"""kill -9 of generator or ledger at any moment, then the same command again: all is there, once, with its relations."""

import signal
import socket
import subprocess
import sys
import time
from random import Random

import pytest
from exactly import assert_exactly

from demogen.client.crew import Crew
from demogen.client.engine import open_pump
from demogen.clock import SystemClock
from demogen.population.plan import plan
from demogen.population.provision import provision
from demogen.population.spec import PopulationSpec
from demogen.sandbox import Sandbox

SPEC = {"ledgers_per_organization": 2, "transactions_per_ledger": 150}
#: Organizations are what the ledger would double most readily: it keeps no name of theirs unique.
MANY = {"organizations": 60, "ledgers_per_organization": 1, "transactions_per_ledger": 5}
CHILD = """
import sys
from pathlib import Path
from demogen.client.crew import Crew
from demogen.client.engine import open_pump
from demogen.clock import SystemClock
from demogen.client.retry import RetryPolicy
from demogen.population.plan import plan
from demogen.population.provision import provision
from demogen.population.spec import PopulationSpec
url, path = sys.argv[1:]
clock = SystemClock()
planned = plan(PopulationSpec.of_preset("medium", **{spec}), 7)
crew = Crew(open_pump(url, clock=clock, max_connections=16), clock=clock, concurrency=16, rate_per_s=1500)
print("ready", flush=True)
report = provision(planned, crew, manifest=Path(path), url=url, batch=64, settle_s=0.05,
                   policy=RetryPolicy(attempts=3))
print("complete" if report.complete else report.reasons, flush=True)
"""


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _child(url, path, spec):
    command = [sys.executable, "-c", CHILD.replace("{spec}", repr(spec)), url, str(path)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _interrupted(sandbox, manifest, spec, *, ledger_too, after_s):
    """One try that comes to a sudden end, or loses its ledger for a moment and gets as far as it gets."""
    child = _child(sandbox.url, manifest, spec)
    assert child.stdout.readline() == "ready\n"
    time.sleep(after_s)
    if ledger_too:
        sandbox.kill()
        time.sleep(0.1)
        sandbox.start()
        time.sleep(0.1)
    child.send_signal(signal.SIGKILL)
    child.communicate()


@pytest.mark.e2e
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kills", [5, pytest.param(20, marks=pytest.mark.slow)])
@pytest.mark.parametrize("spec", [pytest.param(SPEC, id="books"), pytest.param(MANY, id="organizations")])
def test_killed_at_random_moments_and_resumed(spec, kills, tmp_path):
    dice = Random(11)
    manifest = tmp_path / "population.sqlite"
    planned = plan(PopulationSpec.of_preset("medium", **spec), 7)
    with Sandbox(db=str(tmp_path / "ledger.sqlite"), port=_free_port()) as sandbox:
        for number in range(kills):
            _interrupted(
                sandbox, manifest, spec, ledger_too=number % 3 == 2, after_s=dice.uniform(0.02, 0.35 * 5 / kills + 0.1)
            )
        last = _child(sandbox.url, manifest, spec)
        told, _ = last.communicate(timeout=120)
        assert told.endswith("complete\n"), told
        assert_exactly(sandbox.url, planned)
        clock = SystemClock()
        pump = open_pump(sandbox.url, clock=clock, max_connections=4)
        try:
            again = provision(planned, Crew(pump, clock=clock), manifest=tmp_path / "new.sqlite")
        finally:
            pump.close()
        made = {label: tally.made for label, tally in again.tallies.items() if tally.made}
        assert again.complete and set(made) <= {"asset_rates", "ledger_settings", "overdrafts"}
