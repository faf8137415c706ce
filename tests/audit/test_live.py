"""The live interval is exact at rest, wide enough while money moves, and excludes zero once a cent is gone."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from rehearsal import Rehearsal

from demogen.audit import sweep
from demogen.audit.command import sweeper_for
from demogen.audit.live import Interval, Look, Watch, sight_of, vigil
from demogen.audit.underway import Moved, Underway
from demogen.client.crew import Crew
from demogen.client.in_memory import InMemoryCarrier
from demogen.client.retry import RetryPolicy
from demogen.clock import NS_PER_S

NOTHING = Moved({}, frozenset())
UNIT = 10**18


@pytest.fixture(autouse=True)
def small_pages(monkeypatch):
    """So that a look at a dozen balances takes several reads."""
    monkeypatch.setattr(sweep, "PAGE", 3)


class SlowEyes(InMemoryCarrier):
    """Reads take a while, and the load plays on meanwhile."""

    def __init__(self, rehearsal, *, look_s=0.005):
        super().__init__(rehearsal.app, clock=rehearsal.clock)
        self._rehearsal, self._look_ns = rehearsal, round(look_s * NS_PER_S)

    def collect(self, until_ns):
        found = super().collect(until_ns)
        if found:
            self._rehearsal.player.play_until(self._rehearsal.clock.now_ns() + self._look_ns)
        return found


def watch(rehearsal, carrier=None):
    carrier = carrier or InMemoryCarrier(rehearsal.app, clock=rehearsal.clock)
    crew = Crew(carrier, clock=rehearsal.clock, concurrency=1)
    sweeper = sweeper_for(rehearsal.clock, RetryPolicy(attempts=1))
    return Watch(rehearsal.folder.opening, ledgers=rehearsal.ledgers, crew=crew, sweeper=sweeper, clock=rehearsal.clock)


def underway(rehearsal):
    return Underway(rehearsal.folder.journals, rehearsal.accounts)


def vigil_over(rehearsal, *, seconds, eyes=None, every_s=0.25):
    """What the looks show while the load plays for so long; then it is drained."""
    end_ns = rehearsal.clock.now_ns() + round(seconds * NS_PER_S)
    ended = []

    def over():
        # The vigil asks between its naps: the load plays on in them.
        rehearsal.player.play_until(min(end_ns, rehearsal.clock.now_ns() + NS_PER_S // 20))
        if rehearsal.clock.now_ns() >= end_ns and not ended:
            rehearsal.player.drain(1.0)
            ended.append(True)
        return bool(ended)

    looking = watch(rehearsal, eyes)
    return list(vigil(looking, underway(rehearsal), clock=rehearsal.clock, every_s=every_s, over=over))


def test_at_rest_nothing_is_missing_to_the_last_unit(tmp_path):
    rehearsal = Rehearsal(tmp_path / "run")
    looking = watch(rehearsal)
    pots = [(0, "JPY"), (0, "USD"), (1, "JPY"), (1, "USD")]
    assert looking.look().intervals(NOTHING) == dict.fromkeys(pots, Interval(0, 0))
    rehearsal.play()
    assert looking.look().intervals(NOTHING) == dict.fromkeys(pots, Interval(0, 0))


def test_zero_outside_the_interval_is_a_loss():
    assert Interval(-150, 250).conserved
    assert not Interval(1, 400).conserved
    assert not Interval(-400, -1).conserved


@pytest.mark.parametrize("seed", range(4))
def test_money_that_moves_during_a_look_is_no_loss(tmp_path, seed):
    rehearsal = Rehearsal(tmp_path / "run", seed=seed, tps=300.0, seconds=6.0)
    sights = vigil_over(rehearsal, seconds=5.0, eyes=SlowEyes(rehearsal))
    assert len(sights) > 5
    assert [sight.amiss for sight in sights if sight.amiss] == []
    assert any(low != high for sight in sights for low, high in sight.assets.values())
    assert sights[-1].assets == {"JPY": ("0", "0"), "USD": ("0", "0")}


def test_what_moves_during_a_look_is_what_the_journal_knows(tmp_path):
    """Without it a faultless ledger would be accused: the looks above do tear transactions apart."""
    rehearsal = Rehearsal(tmp_path / "run", tps=300.0, seconds=6.0)
    looking, torn = watch(rehearsal, SlowEyes(rehearsal)), 0
    for _ in range(10):
        rehearsal.player.play_until(rehearsal.clock.now_ns() + NS_PER_S // 10)
        torn += not all(interval.conserved for interval in looking.look().intervals(NOTHING).values())
    assert torn > 0


def test_a_lost_update_shows_while_the_load_runs(tmp_path):
    rehearsal = Rehearsal(tmp_path / "run", defects=["lost-update"], tps=300.0, seconds=6.0)
    sights = vigil_over(rehearsal, seconds=5.0, eyes=SlowEyes(rehearsal))
    assert sights[0].amiss == []
    first = next(number for number, sight in enumerate(sights) if sight.amiss)
    assert first < len(sights) - 1
    assert "USD" in sights[-1].amiss[0] or "JPY" in sights[-1].amiss[0]
    assert all(low == high for low, high in sights[-1].assets.values())


def test_what_one_ledger_lacks_and_another_has_is_amiss_in_both():
    look = Look(0, NS_PER_S, {(0, "USD"): -UNIT, (1, "USD"): UNIT}, {})
    sight = sight_of(look, look.intervals(NOTHING))
    assert sight.assets == {"USD": ("0", "0")}
    assert sight.amiss == ["ledger 1: 1 USD vanished", "ledger 2: 1 USD appeared"]


def test_where_it_cannot_be_told_what_moved_nothing_is_told():
    look = Look(0, NS_PER_S, {(0, "USD"): -UNIT, (1, "USD"): 0, (1, "JPY"): 0}, {})
    sight = sight_of(look, look.intervals(Moved({}, frozenset({0}))))
    assert (sight.assets, sight.amiss) == ({"JPY": ("0", "0")}, [])


def test_a_journal_that_lags_is_waited_for(tmp_path):
    rehearsal = Rehearsal(tmp_path / "run", seconds=30.0, tps=50.0)
    rehearsal.player.play_until(rehearsal.clock.now_ns() + 2 * NS_PER_S)
    journals, moment_ns = underway(rehearsal), rehearsal.clock.wall_ns()
    journals.poll()
    assert not journals.reaches(moment_ns, moment_ns + NS_PER_S)
    rehearsal.player.play_until(rehearsal.clock.now_ns() + 2 * NS_PER_S)
    journals.poll()
    assert journals.reaches(moment_ns, moment_ns + NS_PER_S)
    # Long silent: nothing of it can be under way.
    assert journals.reaches(moment_ns + 60 * NS_PER_S, moment_ns + 61 * NS_PER_S)


def test_a_ledger_that_does_not_answer_is_looked_at_less_and_said(tmp_path):
    rehearsal = Rehearsal(tmp_path / "run", seconds=40.0, tps=5.0)
    carrier = InMemoryCarrier(Deaf(), clock=rehearsal.clock)
    sights = vigil_over(rehearsal, seconds=30.0, eyes=carrier, every_s=1.0)
    assert all("HTTP 503" in sight.trouble and not sight.assets for sight in sights)
    assert len(sights) < 8


class Deaf:
    """An app that answers nothing but 503."""

    def handle(self, *_request):
        return SimpleNamespace(status=503, headers={}, body=b"{}")
