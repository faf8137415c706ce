"""Reads and what else rides along: as asked on a sound ledger, and counted where they are not."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from playhouse import Playhouse

from demogen.patterns import find_patterns
from demogen.workload.threshold import ThresholdSpec

RIDERS = [name for name, pattern in find_patterns().items() if pattern.reads_only]


class Forgetful:
    """Answers every third read of the load with 404."""

    def __init__(self, app):
        self._app, self._reads = app, 0

    def handle(self, method, target, headers, body):
        if method == "GET":
            self._reads += 1
            if self._reads % 3 == 0:
                return SimpleNamespace(status=404, headers={}, body=b'{"code":"0007","title":"","message":""}')
        return self._app.handle(method, target, headers, body)


@pytest.mark.parametrize("dialect", ["v3.8", "v4"])
def test_on_a_sound_ledger_every_rider_ends_as_asked(tmp_path, dialect):
    weights = {"payment": 4} | dict.fromkeys(RIDERS, 1)
    measurement = Playhouse(tmp_path / "run", weights, dialect=dialect).play()
    assert measurement.reads.count > 100
    assert measurement.reads.unexpected == 0
    assert measurement.outcomes.unexpected == 0


def test_a_read_that_ends_otherwise_is_counted_and_judged(tmp_path):
    measurement = Playhouse(tmp_path / "run", {"payment": 1, "look": 2}, line=Forgetful).play()
    share = measurement.reads.unexpected / measurement.reads.count
    assert share == pytest.approx(1 / 3, abs=0.02)
    judged = ThresholdSpec(metric="unexpected_share", at_most=0.001).judge(measurement)
    assert not judged.passed
    assert measurement.outcomes.unexpected == 0
