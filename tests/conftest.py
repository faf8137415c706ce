"""What every test may ask for: a clock that stands still, dice of a known seed, a registry of its own.

Hypothesis runs without deadlines (the machines are shared and noisy) and, with CI set, from a fixed seed.
"""

from __future__ import annotations

import os
import random
import signal

import pytest
from hypothesis import settings
from prometheus_client import CollectorRegistry

from demogen.clock import FakeClock

# Tests that import Locust into their own process must not have it patch what pytest has long imported; the real
# processes that tests start patch themselves.
os.environ["LOCUST_SKIP_MONKEY_PATCH"] = "1"

# Of a shell's background job interrupts are ignored, and all that it starts would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# And what nohup starts ignores the hang-up.
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def dice() -> random.Random:
    return random.Random(7)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()
