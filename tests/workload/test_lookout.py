"""The process that looks at the books while a load runs must not cost the load its schedule."""

from __future__ import annotations

import os

import psutil
import pytest

from demogen.clock import SystemClock
from demogen.record.folder import RunFolder
from demogen.workload.lookout import Lookout


@pytest.fixture
def child(tmp_path):
    known = {one.pid for one in psutil.Process().children()}
    lookout = Lookout(RunFolder.create(tmp_path / "run"), every_s=1.0, environment=os.environ, clock=SystemClock())
    (child,) = [one.pid for one in psutil.Process().children() if one.pid not in known]
    yield child
    lookout.close()


def test_it_runs_only_where_the_load_leaves_time(child):
    assert os.sched_getscheduler(child) == os.SCHED_IDLE
    # In a session of its own it would have half of a shared core, whatever its policy.
    assert os.getsid(child) == os.getsid(0)


def test_a_terminal_does_not_interrupt_it(child):
    assert os.getpgid(child) != os.getpgid(0)
