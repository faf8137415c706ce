"""Requests of task code on a player's carrier: counted apart from arrivals, journalled where they say an intent."""

from __future__ import annotations

import pytest
from stages import Theatre

from demogen.contract.exchange import Request
from demogen.contract.outcome import Outcome
from demogen.contract.transactions import Intent
from demogen.contract.wire import Renderer
from demogen.patterns import Stage
from demogen.record.journal import JournalFile, Kind
from demogen.record.tally import OTHER_NAMES, TASK_KEYS_MAX, Tally
from demogen.workload.errands import TASKS_GENERATION, Desk


@pytest.fixture
def theatre(tmp_path):
    return Theatre(tmp_path, tps=10, seconds=1)


@pytest.fixture
def desk(theatre):
    theatre.woken = []
    return Desk(
        theatre.player,
        carrier=theatre.carrier,
        journal=theatre.journal,
        renderer=Renderer("mixed"),
        stage=Stage(theatre.accounts),
        accounts=theatre.accounts,
        clock=theatre.clock,
        run_id="r1",
        seed=7,
        process=3,
        pattern=len(theatre.mix.names),
        deadline_s=5.0,
        wake=theatre.woken.append,
    )


def sent(desk, errand):
    assert desk.send(errand)
    return errand


def test_a_plain_request_is_answered_between_arrivals(theatre, desk):
    errand = sent(desk, desk.plain(Request(b"GET", b"/v1/organizations"), "me"))
    tally = theatre.play()
    assert theatre.woken == ["me"]
    assert errand.result.status == 200
    assert errand.asked_ns <= errand.sent_ns <= errand.answered_ns
    assert tally.count(Outcome.ACCEPTED) + tally.count(Outcome.REJECTED) == 10
    assert tally.tasks == {}  # counted when whoever asked has judged it
    desk.count(errand, method="GET", name="organizations", problem="")
    (cell,) = tally.tasks.values()
    assert (cell.response.total, cell.unexpected) == (1, 0)


def test_an_intent_is_marked_journalled_and_booked(theatre, desk):
    dice = desk.dice()
    payer, payee = dice.pair("customer", "merchant")
    before = theatre.player.tally.moved.copy()
    errand = sent(desk, desk.marked(Intent.move(123, payer, payee), "me"))
    tally = theatre.play()
    receipt = errand.receipt
    assert receipt.accepted
    assert receipt.mark == f"r1-{TASKS_GENERATION + 3}-0"
    assert tally.moved[f"{payer.asset}/{payer.scale}"] - before[f"{payer.asset}/{payer.scale}"] >= 123
    (chunk,) = JournalFile(theatre.journal_path).chunks()
    mine = chunk[Kind.INTENT][chunk[Kind.INTENT]["generation"] >= TASKS_GENERATION]
    assert len(mine) == 1
    ended = chunk[Kind.OUTCOME][chunk[Kind.OUTCOME]["generation"] >= TASKS_GENERATION]
    assert ended["outcome"].tolist() == [Outcome.ACCEPTED]
    assert (mine["key_arrival"], mine["arrival"]) == ([0], [0])


def test_the_same_mark_again_books_nothing_more(theatre, desk):
    payer, payee = desk.dice().pair("customer", "merchant")
    intent = Intent.move(123, payer, payee)
    first = sent(desk, desk.marked(intent, 1))
    theatre.player.play_until(theatre.clock.now_ns() + 500_000_000)
    second = sent(desk, desk.marked(intent.again(first.receipt.mark), 2))
    theatre.play()
    assert second.receipt.replayed
    assert second.receipt.transaction_id == first.receipt.transaction_id
    assert second.attempt.number != first.attempt.number
    assert second.attempt.key_number == first.attempt.number


def test_who_finds_no_connection_waits_until_the_deadline(theatre, desk):
    theatre.carrier.close()
    errand = desk.plain(Request(b"GET", b"/v1/organizations"), "me")
    assert not desk.send(errand)
    assert desk.in_time(errand)
    theatre.clock.sleep(5.1)
    assert not desk.in_time(errand)
    assert (errand.result, errand.sent_ns) == (None, 0)
    assert errand.answered_ns - errand.asked_ns == 5_100_000_000


def test_dice_are_new_for_everybody(desk):
    throws = [desk.dice().bits() for _ in range(3)]
    assert len(set(throws)) == 3


def test_names_made_of_ids_end_up_under_one():
    tally, whole = Tally(), Tally()
    for number in range(TASK_KEYS_MAX + 50):
        tally.task(("GET", f"/things/{number}", ""), asked_ns=0, sent_ns=10, answered_ns=2_000)
    whole.merge(Tally.from_wire(tally.to_wire()))
    for counted in (tally, whole):
        assert len(counted.tasks) == TASK_KEYS_MAX + 1
        assert counted.tasks["GET", OTHER_NAMES, ""].response.total == 50
        assert sum(cell.response.total for cell in counted.tasks.values()) == TASK_KEYS_MAX + 50
