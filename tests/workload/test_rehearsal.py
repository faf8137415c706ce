"""The rehearsal: no account runs dry in the run it was funded for."""

import pytest
from stages import Theatre, pay_in

from demogen.contract.money import units_text
from demogen.contract.outcome import Outcome, Receipt
from demogen.contract.transactions import AccountRef, Action, Intent, LedgerRef
from demogen.errors import PreflightFailed
from demogen.patterns import Pattern, Stage, find_patterns
from demogen.workload.mix import Mix
from demogen.workload.rehearsal import needs, rehearse
from demogen.workload.till import Till

LEDGER = LedgerRef(0, "o", "l")
A, B = (AccountRef(index, str(index), f"@{index}", "USD", 2, LEDGER) for index in range(2))


def test_a_rehearsal_plays_what_the_run_will_play(tmp_path):
    theatre = Theatre(tmp_path, seed=5)
    stage = theatre.player._stage
    intents = [intent for intent in rehearse(theatre.mix, stage, seed=5, scripts=200) if intent.action.is_write]
    assert intents == [i for i in rehearse(theatre.mix, stage, seed=5, scripts=200) if i.action.is_write]
    assert len(intents) >= 190


@pytest.mark.parametrize("seed", range(5))
def test_nobody_runs_dry_who_has_just_what_the_rehearsal_asks_for(tmp_path, seed):
    theatre = Theatre(tmp_path, seed=seed, tps=400, seconds=3, funds="0")
    for need in needs(theatre.mix, theatre.player._stage, seed=seed, arrivals=1200):
        pay_in(theatre.app, need.account, units_text(need.units, need.account.scale))
    tally = theatre.play()
    assert sum(cell.unexpected for cell in tally.cells.values()) == 0


@pytest.mark.parametrize(
    ("steps", "short"),
    [
        pytest.param([("pay", 100)], {0: 100}, id="who pays must have it"),
        pytest.param([("pay", 100), ("revert", 0)], {0: 100}, id="a revert takes from who was paid, and gives back"),
        pytest.param([("hold", 100), ("cancel", 0), ("pay", 100)], {0: 100}, id="what was released is there again"),
        pytest.param([("hold", 100), ("commit", 0), ("pay", 50)], {0: 150}, id="what was captured is gone"),
        pytest.param([("back", 30), ("pay", 100)], {0: 70, 1: 30}, id="what came in before is spent first"),
        pytest.param([("too much", 10**9)], {}, id="what is refused takes nothing"),
    ],
)
def test_a_till_knows_how_far_below_zero_a_script_goes(steps, short):
    till, last = Till(), None
    for number, (kind, units) in enumerate(steps):
        refused = kind == "too much"
        if kind in ("revert", "cancel", "commit"):
            intent = Intent.follow(Action[kind.upper()], last, f"t{number - 1}")
        else:
            payer, payee = (B, A) if kind == "back" else (A, B)
            intent = last = Intent.move(units, payer, payee, pending=kind == "hold")
        till.ask(intent)
        outcome = Outcome.REJECTED if refused else Outcome.ACCEPTED
        till.settle(Receipt(outcome, 201, "", f"t{number}", False, True, "m"))
    assert {account.index: units for account, units in till.shortages()} == short


def test_a_pattern_that_nobody_can_play_is_told_before_the_load(tmp_path):
    theatre = Theatre(tmp_path)
    alone = Stage([account for account in theatre.accounts if account.asset == "USD"])
    with pytest.raises(PreflightFailed, match="'exchange' finds nobody to play it"):
        needs(Mix({"exchange": 1, "payment": 9}, find_patterns()), alone, seed=1, arrivals=100)


def test_a_script_without_an_end_is_told_before_the_load(tmp_path):
    def forever(dice):
        payer, payee = dice.pair("customer", "merchant")
        while True:
            yield Intent.move(1, payer, payee)

    mix = Mix({"forever": 1}, {"forever": Pattern(name="forever", weight=1, play=forever)})
    with pytest.raises(PreflightFailed, match="does not end"):
        needs(mix, Theatre(tmp_path).player._stage, seed=1, arrivals=100)


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
