"""Workers make one population between them: the union is what one process makes, also where one of them dies."""

from __future__ import annotations

import json
import signal
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from locusts import finish, free_port, locust, report_of

from demogen.population.kinds import Kind
from demogen.population.manifest import Manifest, State
from demogen.population.plan import plan
from demogen.population.spec import PopulationSpec
from demogen.sandbox import Sandbox

sys.path.insert(0, str(Path(__file__).parents[1] / "population"))
from exactly import assert_exactly

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

MEDIUM = plan(PopulationSpec.of_preset("medium"), 7)
WORDS = (
    "--headless", "--preset", "medium", "--seed", 7, "--mode", "distributed", "--target-tps", 20, "-t", "2s",
    "-u", 2, "-r", 2,
)  # fmt: skip


@pytest.fixture
def slow_sandbox(tmp_path):
    """One on which medium takes some seconds, at four requests at a time."""
    with Sandbox(db=str(tmp_path / "ledger.sqlite"), arguments=["--latency", "fixed:8ms"]) as ledger:
        yield ledger.url


def assert_whole(manifest: Path) -> None:
    """It lists what one process's would, as made or found, and under an id each."""
    book = Manifest(manifest, read_only=True)
    try:
        counts = {kind: sum(states.values()) for kind, states in book.counts().items()}
        assert counts == {kind: number for kind, number in MEDIUM.counts().items() if number}
        assert {state for states in book.counts().values() for state in states} <= {State.MADE, State.FOUND}
        for row in book.rows(Kind.ACCOUNT):
            assert row.label == MEDIUM.entity(Kind.ACCOUNT, row.position).fields["alias"]
    finally:
        book.close()


def test_the_union_is_the_population_of_one_process(tmp_path, sandbox_url):
    port, folder = free_port(), tmp_path / "run"
    ports = ("--master-bind-port", port, "--master-port", port)
    code, out, err = finish(
        locust("--processes", 2, *ports, "--host", sandbox_url, "--run-dir", folder, *WORDS, cwd=tmp_path)
    )
    assert code in (0, 6), out + err
    assert "shared among 2 workers" in err
    assert report_of(folder)["verdict"] == "HOLDS"
    assert_whole(folder / "population.sqlite")
    assert not (folder / "parts").exists()
    # What the run itself booked comes on top.
    assert_exactly(sandbox_url, MEDIUM, marked=MEDIUM.id)


# What a frozen worker had on its way when it wakes may still be made twice where the ledger knows no unique names.
@pytest.mark.parametrize(
    "stopped",
    [
        pytest.param(signal.SIGKILL, id="killed"),
        pytest.param(signal.SIGSTOP, id="hung for a while", marks=pytest.mark.slow),
    ],
)
def test_a_part_whose_worker_is_lost_is_made_by_another(stopped, tmp_path, slow_sandbox):
    port, folder = free_port(), tmp_path / "run"
    master = locust(
        "--master", "--expect-workers", 2, "--master-bind-port", port, "--host", slow_sandbox, "--concurrency", 4,
        "--run-dir", folder, *WORDS, cwd=tmp_path,
    )  # fmt: skip
    workers = [locust("--worker", "--master-port", port, cwd=tmp_path) for _ in range(2)]
    try:
        victim = workers[0]
        wait_for_ledgers(slow_sandbox)
        victim.send_signal(stopped)
        if stopped is signal.SIGSTOP:
            time.sleep(9)
            victim.send_signal(signal.SIGCONT)
        code, out, err = finish(master)
        assert code in (0, 3, 6), out + err
        assert "given to another" in err, err
        assert_whole(folder / "population.sqlite")
        assert_exactly(slow_sandbox, MEDIUM, marked=MEDIUM.id)
    finally:
        for process in (master, *workers):
            if process.poll() is None:
                process.kill()
            process.communicate()


def wait_for_ledgers(url):
    """Until both parts are under way."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with urllib.request.urlopen(f"{url}/v1/organizations") as answer:
            organizations = json.load(answer)["items"] or []
        if len(organizations) == 3:
            time.sleep(0.5)
            return
        time.sleep(0.1)
    raise AssertionError("the bootstrap never began")
