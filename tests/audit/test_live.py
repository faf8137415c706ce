"""The live interval is exact at rest, wide enough while money moves, and excludes zero once a cent is gone."""

from __future__ import annotations

from decimal import Decimal

from rehearsal import Rehearsal

from demogen.audit.live import Interval, Watch


def watch(rehearsal):
    crew, sweeper = rehearsal.eyes()
    return Watch(rehearsal.folder.opening, ledgers=rehearsal.ledgers, crew=crew, sweeper=sweeper)


def test_at_rest_nothing_is_missing_to_the_last_unit(tmp_path):
    rehearsal = Rehearsal(tmp_path / "run")
    looking = watch(rehearsal)
    nothing = Interval(Decimal(0), Decimal(0))
    assert looking.look().interval({}) == {"JPY": nothing, "USD": nothing}
    rehearsal.play()
    look = looking.look()
    assert look.interval({}) == {"JPY": nothing, "USD": nothing}
    assert look.balances >= 24


def test_what_moves_during_a_look_widens_the_interval():
    interval = Interval(Decimal("-1.50"), Decimal("2.50"))
    assert interval.conserved
    assert not Interval(Decimal("0.01"), Decimal("4")).conserved
    assert not Interval(Decimal("-4"), Decimal("-0.01")).conserved


def test_a_lost_update_shows_while_the_load_runs(tmp_path):
    rehearsal = Rehearsal(tmp_path / "run", defects=["lost-update"], tps=300.0, seconds=4.0)
    looking = watch(rehearsal)
    rehearsal.player.play_until(rehearsal.clock.now_ns() + 2_000_000_000)
    found = looking.look()
    assert not all(interval.conserved for interval in found.interval({}).values())
    # With enough on its way at that moment nobody could tell.
    assert all(interval.conserved for interval in found.interval(dict.fromkeys(found.change, Decimal(10**9))).values())
