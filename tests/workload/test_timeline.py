"""The timeline: a second is a second of the whole cluster, and a day costs no more than a minute."""

from demogen.contract.outcome import Outcome
from demogen.record.measurement import SERIES_POINTS_MAX
from demogen.record.tally import Cell, Tally
from demogen.workload.timeline import Timeline


def delta(offered, *, response_ms=()):
    tally = Tally()
    tally.counts["offered"] = offered
    cell = tally.cells[0, Outcome.ACCEPTED, 1] = Cell()
    for milliseconds in response_ms:
        cell.response.record(milliseconds * 1_000_000)
    return tally


def test_reports_of_one_second_are_one_point_however_late():
    timeline = Timeline()
    timeline.add(delta(50, response_ms=[1] * 50), 0)
    timeline.add(delta(50, response_ms=[2] * 50), 1)
    timeline.add(delta(30, response_ms=[5] * 30), 0)
    series = timeline.series()
    assert (series.offered, series.answered) == ([80, 50], [80, 50])
    assert series.p50_ms == [1.0, 2.0]


def test_looking_on_closes_nothing():
    timeline = Timeline()
    for second in range(3):
        timeline.add(delta(50, response_ms=[1] * 50), second)
    assert timeline.so_far().offered == [50, 50]
    timeline.add(delta(30), 1)
    assert timeline.so_far().offered == [50, 80]
    assert timeline.series().offered == [50, 80, 50]
    assert timeline.so_far().offered == [50, 80, 50]


def test_a_second_without_answers_has_no_percentile():
    timeline = Timeline()
    timeline.add(delta(3, response_ms=[1]), 0)
    timeline.add(delta(4, response_ms=[1]), 2)
    assert timeline.series().p99_ms == [1.0, None, 1.0]


def test_a_day_keeps_every_arrival_in_few_points():
    timeline = Timeline()
    for second in range(86_400):
        timeline.add(delta(7), second)
    series = timeline.series()
    assert len(series.offered) <= SERIES_POINTS_MAX
    assert sum(series.offered) == 7 * 86_400
    assert series.step_s * len(series.offered) >= 86_400
