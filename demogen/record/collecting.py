"""The registry of a process that plays runs: the runs', the process's and what is running here.

May import: this room, prometheus-client.
"""

from __future__ import annotations

import platform
from importlib.metadata import version

from prometheus_client import CollectorRegistry, GCCollector, Info, PlatformCollector, ProcessCollector

import demogen
from demogen.record.metrics import RunCollector


def registry_of(runs: RunCollector) -> CollectorRegistry:
    """Everything that /metrics shows."""
    registry = CollectorRegistry()
    registry.register(runs)
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    build = Info("demogen_build", "What is running here.", registry=registry)
    build.info({"version": demogen.__version__, "python": platform.python_version(), "locust": version("locust")})
    return registry
