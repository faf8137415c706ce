"""The rehearsal: no account runs dry in the run it was funded for."""

import pytest
from stages import Theatre

from demogen.contract.outcome import Outcome
from demogen.workload.rehearsal import needs, rehearse


def test_a_rehearsal_plays_what_the_run_will_play(tmp_path):
    theatre = Theatre(tmp_path, seed=5)
    stage = theatre.player._stage
    intents = [intent for intent in rehearse(theatre.mix, stage, seed=5, scripts=200) if intent.action.is_write]
    assert intents == [i for i in rehearse(theatre.mix, stage, seed=5, scripts=200) if i.action.is_write]
    assert len(intents) >= 190


@pytest.mark.parametrize("seed", range(5))
def test_needs_cover_what_every_account_pays_out(tmp_path, seed):
    theatre = Theatre(tmp_path, seed=seed, tps=500, seconds=4)
    need = {one.account.index: one.units for one in needs(theatre.mix, theatre.player._stage, seed=seed, arrivals=2000)}
    outflow = dict.fromkeys(need, 0)
    for intent in rehearse(theatre.mix, theatre.player._stage, seed=seed, scripts=2000):
        if not intent.expects_refusal:
            for leg in intent.sources:
                if not leg.account.external:
                    outflow[leg.account.index] += leg.units
    assert all(outflow[index] <= units for index, units in need.items())


def test_needs_grow_with_the_run(tmp_path):
    theatre = Theatre(tmp_path)
    short, long = (
        {one.account.index: one.units for one in needs(theatre.mix, theatre.player._stage, seed=1, arrivals=arrivals)}
        for arrivals in (10_000, 1_000_000)
    )
    assert all(long[index] > 10 * units for index, units in short.items())


def test_the_meant_refusals_are_refused(tmp_path):
    tally = Theatre(tmp_path, weights={"overdraw": 1, "double-commit": 1}, seconds=3).play()
    assert tally.count(Outcome.REJECTED) > 0
    assert sum(cell.unexpected for cell in tally.cells.values()) == 0
