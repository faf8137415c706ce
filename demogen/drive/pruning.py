"""Keeps Locust's own tables small: what it would keep per second for ever is cut to what it ever reads.

Its current rates look back a dozen seconds; its charts need a few hundred points, however long the run. Totals and
response times are untouched. May import: locust, gevent.
"""

from __future__ import annotations

from typing import Any

import gevent
from locust.runners import WorkerRunner

#: Locust's widest look back is 12 s (StatsEntry.current_rps).
KEEP_S = 60
HISTORY_POINTS_MAX = 720

_EVERY_S = 10.0


def attach(environment: Any, **_: Any) -> None:
    """Listener of `init`: prune for as long as the process lives. A worker's tables are emptied by each report."""
    if environment.runner is not None and not isinstance(environment.runner, WorkerRunner):
        gevent.spawn(_prune_for_ever, environment)


def prune(stats: Any) -> None:
    """Cut the tables of locust.stats.RequestStats in place."""
    for entry in [stats.total, *stats.entries.values()]:
        for table in (entry.num_reqs_per_sec, entry.num_fail_per_sec):
            oldest = max(table, default=0) - KEEP_S
            for second in [second for second in table if second < oldest]:
                del table[second]
    history = stats.history
    if len(history) > HISTORY_POINTS_MAX:
        # Every second point goes, the newest stays: the chart keeps its width, older parts get coarser.
        del history[-2::-2]


def _prune_for_ever(environment: Any) -> None:
    while True:
        gevent.sleep(_EVERY_S)
        prune(environment.stats)
