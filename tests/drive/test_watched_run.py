"""Money that a ledger loses shows in the metrics while the load runs, and to the last unit once it has ended."""

from __future__ import annotations

import re
import time
import urllib.error
import urllib.request

import pytest
from locusts import finish, free_port, locust, report_of

from demogen.sandbox import Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

SAMPLE = re.compile(r"^(demogen_\w+?)(?:\{(.*)\})? (\S+)$", re.MULTILINE)


def scraped(port):
    """Samples by name and labels; empty while nobody serves."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            return {(name, labels): float(value) for name, labels, value in SAMPLE.findall(answer.read().decode())}
    except (urllib.error.URLError, OSError):
        return {}


def stage(samples):
    return next((labels for (name, labels), value in samples.items() if name == "demogen_phase" and value), "")


def bounds(samples):
    """(low, high) by asset, as labels."""
    low, high = (
        {labels: value for (name, labels), value in samples.items() if name == f"demogen_conservation_{side}"}
        for side in ("low", "high")
    )
    return {asset: (low[asset], high[asset]) for asset in low}


def watched(process, port):
    """Every scrape until the process has ended, five a second."""
    seen = []
    while process.poll() is None:
        if samples := scraped(port):
            seen.append(samples)
        time.sleep(0.2)
    return seen


def run(folder, *words, url, port):
    return locust(
        "--headless", "--host", url, "--target-tps", 200, "-t", "9s", "-u", 4, "-r", 4, "--run-dir", folder,
        "--metrics-port", port, "--watch", "1s", "--no-tables", *words, cwd=folder.parent,
    )  # fmt: skip


def test_a_lost_update_shows_while_the_load_runs(tmp_path):
    port = free_port()
    with Sandbox(db=str(tmp_path / "ledger.sqlite"), defects=["lost-update"]) as ledger:
        process = run(tmp_path / "run", url=ledger.url, port=port)
        seen = watched(process, port)
        code, out, err = finish(process)
    assert code == 4, out + err
    during = [samples for samples in seen if "measure" in stage(samples)]
    assert any(samples.get(("demogen_conservation_amiss", "")) for samples in during), err
    assert any(high < 0 or low > 0 for samples in during for low, high in bounds(samples).values())
    assert err.count("money is amiss while the load runs") == 1
    last = bounds(seen[-1])
    assert last
    assert all(low == high for low, high in last.values())


def test_a_faultless_ledger_is_never_accused(tmp_path):
    """Two load processes, whose journals come a second late; one answer in fifty is lost after the booking."""
    port, cluster = free_port(), free_port()
    faults = ["--error", "transactions.*=0.02:500:after", "--latency", "lognormal:median=15ms,sigma=0.6"]
    with Sandbox(db=str(tmp_path / "ledger.sqlite"), arguments=faults) as ledger:
        words = ("--processes", 2, "--master-bind-port", cluster, "--master-port", cluster)
        process = run(tmp_path / "run", *words, url=ledger.url, port=port)
        seen = watched(process, port)
        code, out, err = finish(process)
    assert code in (0, 3, 6), out + err
    assert report_of(tmp_path / "run")["verdict"] == "HOLDS"
    told = [bounds(samples) for samples in seen if bounds(samples)]
    assert told
    assert all(low <= 0 <= high for one in told for low, high in one.values())
    assert set(told[-1].values()) == {(0.0, 0.0)}
    assert not any(samples.get(("demogen_conservation_amiss", "")) for samples in seen)
