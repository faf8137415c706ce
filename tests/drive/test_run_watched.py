"""`demogen run` shows and sends what Locust does: metrics from the bootstrap to the verdict, traces where asked for."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest
from locusts import ROOT, free_port, report_of
from test_figures_agree import OUTCOMES, Watcher, assert_nothing_to_say, samples, total

if importlib.util.find_spec("opentelemetry.proto") is None:
    pytest.skip("opentelemetry is missing: install the extra otel", allow_module_level=True)

from collectors import Collector

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


def test_metrics_last_until_the_verdict_was_seen(tmp_path):
    port = free_port()
    with Collector() as collector:
        words = ["run", "--run-dir", "run", "--target-tps", "40", "--duration", "4s", "--metrics-port", str(port)]
        process = subprocess.Popen(
            [sys.executable, "-m", "demogen", *words], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT), "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}, text=True,
        )  # fmt: skip
        watcher = Watcher(port)
        out, err = process.communicate(timeout=90)
        text = watcher.last()
    assert process.returncode in (0, 6), out + err
    assert_nothing_to_say(text)
    told, report = samples(text), report_of(tmp_path / "run")
    for outcome in OUTCOMES:
        assert total(told, "demogen_transactions_total", f'outcome="{outcome}"') == report["outcomes"][outcome]
    assert told["demogen_arrivals_offered_total"] == report["arrivals"]["offered"] == 160
    assert told['demogen_verdict{verdict="HOLDS"}'] == 1
    assert told['demogen_phase{phase="done"}'] == 1
    assert total(told, "demogen_run_info", report["run_id"]) == 1
    assert {span.name for span in collector.spans} >= {"bootstrap", "bootstrap accounts"}
    exported = collector.metrics["demogen_arrivals_offered"].sum.data_points
    assert [point.as_double for point in exported] == [160]
