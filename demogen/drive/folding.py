"""Folds a tally's delta into Locust's own statistics: its table, charts, CSV and HTML stay right.

One merge a second and pattern instead of one call a request (design 4.3). Locust's table shows response times, from
the moment a request was due; its counts are ours exactly. May import: locust's stats, `record`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from locust.stats import StatsEntry, StatsError, bucket_response_time

from demogen.contract.outcome import Outcome
from demogen.record.histogram import highest_us
from demogen.record.tally import Cell, Tally

WRITE, READ = "TX", "READ"


def fold_by_cells(delta: Tally, names: Sequence[str], stats: Any, *, now_s: float) -> Iterator[None]:
    """Add a delta to `stats` (locust.stats.RequestStats), a cell a step. `names` are the patterns by number."""
    for method, cells in ((WRITE, delta.cells), (READ, delta.reads)):
        for (pattern, outcome, _), cell in cells.items():
            if not cell.response.total:
                continue
            name = names[pattern]
            entry = _entry(cell, stats, name=name, method=method, now_s=now_s)
            # A meant refusal is no failure; an unexpected answer is one, and so is one that never came.
            failed = cell.response.total if outcome == Outcome.INDETERMINATE else cell.unexpected
            if failed:
                entry.num_failures = failed
                entry.num_fail_per_sec[int(now_s)] = failed
                _add_error(stats, name=name, method=method, says=_says(Outcome(outcome)), count=failed, now_s=now_s)
            stats.total.extend(entry)
            stats.entries[(name, method)].extend(entry)
            yield

    for (method, name, problem), cell in delta.tasks.items():
        entry = _entry(cell, stats, name=name, method=method, now_s=now_s)
        if problem:
            entry.num_failures = cell.unexpected
            entry.num_fail_per_sec[int(now_s)] = cell.unexpected
            _add_error(stats, name=name, method=method, says=problem, count=cell.unexpected, now_s=now_s)
        stats.total.extend(entry)
        stats.entries[(name, method)].extend(entry)
        yield


def _entry(cell: Cell, stats: Any, *, name: str, method: str, now_s: float) -> Any:
    """One cell as a Locust statistics entry, response times in ms in Locust's own buckets."""
    histogram = cell.response
    # Locust annotates times as whole milliseconds and keeps whatever fraction it is given.
    entry: Any = StatsEntry(stats, name, method)
    entry.num_requests = histogram.total
    entry.num_reqs_per_sec[int(now_s)] = histogram.total
    entry.last_request_timestamp = now_s
    entry.total_response_time = histogram.sum_us / 1000
    entry.max_response_time = histogram.max_us / 1000
    entry.min_response_time = highest_us(min(histogram.counts)) / 1000
    for bucket, count in histogram.counts.items():
        entry.response_times[_locust_bucket(bucket)] += count
    return entry


@cache
def _locust_bucket(bucket: int) -> float:
    """Kept, as there are not many and the load waits while they are looked up."""
    return bucket_response_time(highest_us(bucket) / 1000)


def _says(outcome: Outcome) -> str:
    if outcome is Outcome.INDETERMINATE:
        return "no answer: it may or may not be booked"
    return f"{outcome.label}, which its pattern did not expect"


def _add_error(stats: Any, *, name: str, method: str, says: str, count: int, now_s: float) -> None:
    key = StatsError.create_key(method, name, says)
    error = stats.errors.get(key)
    if error is None:
        error = stats.errors[key] = StatsError(method, name, says, first_seen=now_s)
    error.occurrences += count
    error.last_seen = now_s
