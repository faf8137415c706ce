"""How soon a killed process is replaced, and who is told its part again."""

from __future__ import annotations

from demogen.clock import NS_PER_S
from demogen.drive import conductor, seats
from demogen.drive.seats import Seats

REPORT = {"sequence": 1, "in_flight": 0, "journal_bytes": 0, "tally": None}


def test_one_that_was_killed_is_replaced_within_six_seconds(tmp_path):
    taken = Seats()
    taken.leave_silent(9 * NS_PER_S)
    seat = taken.take("killed", journals=tmp_path, now_ns=0)
    seat.be_ready({}, now_ns=0)
    seat.hear(REPORT, now_ns=10 * NS_PER_S)
    for second in (10, 11, 12, 13):
        assert taken.leave_silent(second * NS_PER_S) == []
    assert taken.leave_silent(10 * NS_PER_S + seats.SILENT_NS) == []
    assert taken.leave_silent(10 * NS_PER_S + seats.SILENT_NS + 1) == [seat]
    assert taken.leave_silent(99 * NS_PER_S) == []
    # Silence, the look that notices it, and the arrivals that were shared before the others take over.
    worst_ns = seats.SILENT_NS + conductor.ATTEND_EVERY_S * NS_PER_S + conductor.RESHARE_AHEAD_NS
    assert worst_ns <= 6 * NS_PER_S


def test_one_that_could_not_hear_yet_is_told_again_until_it_answers(tmp_path):
    taken = Seats()
    seat = taken.take("early", journals=tmp_path, now_ns=0)
    assert taken.unheard(seats.ASK_AGAIN_NS) == []
    assert taken.unheard(seats.ASK_AGAIN_NS + 1) == [seat]
    seat.be_ready({}, now_ns=1)
    assert taken.unheard(99 * NS_PER_S) == []
